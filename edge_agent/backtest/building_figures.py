"""A building's run as named figures and as lines for a terminal; a saving never stands alone."""

from __future__ import annotations

from typing import Any

from edge_agent.backtest.building_bill import KINDS, Bill
from edge_agent.backtest.building_case import BuildingCase
from edge_agent.backtest.building_run import BuildingRun
from edge_agent.backtest.building_thermostat import USUAL
from edge_agent.backtest.sight import ForecastKind

BASELINE = (
    f"rooms heated to {USUAL.heat_day_c:g} degC by day and {USUAL.heat_night_c:g} by night "
    f"({USUAL.day_until_h:g} to {USUAL.day_from_h:g} h), cooled above {USUAL.cool_c:g}; hot water "
    f"by a thermostat of {USUAL.hysteresis_k:g} K; loads by a timer from the morning on"
)
SAME_KELVIN_H = 0.1
TITLES = {
    "usual": "thermostats as usual",
    "tight": "thermostats at the band's edges",
    "ours": "SEMDR Edge",
}


def building_figures(
    case: BuildingCase, run: BuildingRun, forecast: ForecastKind
) -> dict[str, Any]:
    """The figures of one run."""
    return {
        "site": case.loaded.site.site.id,
        "begin": case.at(case.first).isoformat(),
        "end": case.at(case.last).isoformat(),
        "days": run.days,
        "currency": case.loaded.site.site.currency,
        "forecast": str(forecast),
        "baseline": BASELINE,
        "assumed": list(case.assumed),
        "cost": run.ours.cost,
        "cost_thermostat": run.usual.cost,
        "cost_tight_thermostat": run.tight.cost,
        "saving_share": run.saving_share,
        "saving_share_over_tight": run.foresight_share,
        "guest_kelvin_h": run.ours.guest_kelvin_h,
        "guest_kelvin_h_thermostat": run.usual.guest_kelvin_h,
        "guest_kelvin_h_tight": run.tight.guest_kelvin_h,
        "owed_for_heat_left": run.ours.owed,
        "hours_without_plan": run.unplanned,
        "parts": {kind: _part(run, kind) for kind in KINDS},
        "months": [
            {
                "month": ours.name,
                "cost_thermostat": usual.total,
                "cost_tight_thermostat": tight.total,
                "cost": ours.total,
                "guest_kelvin_h_thermostat": usual.guest_kelvin_h,
                "guest_kelvin_h": ours.guest_kelvin_h,
                "coldest_water_c": ours.coldest_water_c,
            }
            for usual, tight, ours in zip(
                run.usual.months, run.tight.months, run.ours.months, strict=True
            )
        ],
    }


def _part(run: BuildingRun, kind: str) -> dict[str, float | None]:
    usual, ours = run.usual.cost_of(kind), run.ours.cost_of(kind)
    return {
        "cost_thermostat": usual,
        "cost_tight_thermostat": run.tight.cost_of(kind),
        "cost": ours,
        "saving_share": (usual - ours) / usual if usual else None,
        "energy_thermostat_kwh": run.usual.energy_of(kind),
        "energy_kwh": run.ours.energy_of(kind),
    }


def building_lines(case: BuildingCase, run: BuildingRun, forecast: ForecastKind) -> list[str]:
    """The run for a terminal."""
    info = case.loaded.site.site
    head = "".join(f"{kind:>12s}" for kind in KINDS)
    found = [
        f"{info.id}: a simulated building under the file's weather and prices, "
        f"{case.at(case.first):%Y-%m-%dT%H:%MZ}, {run.days:.0f} days, weather forecast {forecast}",
        f"  {'':34s}{'cost':>10s}{head}{'heat left':>12s}{'guest K h':>11s}",
    ]
    found += [_row(TITLES[name], getattr(run, name)) for name in TITLES]
    found.append(
        f"  saves {run.usual.cost - run.ours.cost:.0f} {info.currency} of {run.usual.cost:.0f} "
        f"({run.saving_share:.1%}) against: {BASELINE}; {run.foresight_share:.1%} against "
        f"thermostats at the band's edges; {run.days:.0f} days"
    )
    found += _comfort_words(case, run)
    return found + [f"  assumed: {text}" for text in case.assumed]


def _comfort_words(case: BuildingCase, run: BuildingRun) -> list[str]:
    """A saving that guests pay for is told as such."""
    more_kelvin_h = run.ours.guest_kelvin_h - run.usual.guest_kelvin_h
    if more_kelvin_h <= SAME_KELVIN_H:
        return []
    plant = case.plant
    return [
        f"  but guests pay for it: {more_kelvin_h:.1f} kelvin-hours more beyond "
        f"{plant.comfort_low_c:g} to {plant.comfort_high_c:g} degC; the site's comfort band has to "
        "lie further inside, as thermostats do not hold their setpoint exactly"
    ]


def _row(title: str, bill: Bill) -> str:
    costs = "".join(f"{bill.cost_of(kind):12.1f}" for kind in KINDS)
    return f"  {title:34s}{bill.cost:10.1f}{costs}{bill.owed:12.1f}{bill.guest_kelvin_h:11.2f}"
