"""A run as named figures and as lines for a terminal; a saving never stands alone."""

from __future__ import annotations

from typing import Any

from edge_agent.backtest.outcome import Outcome
from edge_agent.backtest.run import OURS, PERFECT, RULES, TITLES, Run
from edge_agent.backtest.sight import ForecastKind

YEAR_DAYS = 365.0
ORDER = ("no_control", "greedy", "peak_rule", "persistence", OURS, PERFECT)


def figures(run: Run) -> dict[str, Any]:
    """The figures of one run; None = cannot be told, with a reason beside it."""
    facts, ours = run.facts, run.ours
    monthly = [share for share in run.captured_monthly() if share is not None]
    beaten = run.beaten_rules
    found: dict[str, Any] = {
        "site": facts.site,
        "data": facts.data,
        "begin": facts.begin.isoformat(),
        "end": facts.end.isoformat(),
        "currency": facts.currency,
        "battery": facts.battery,
        "tariff": facts.tariff,
        "forecast": str(facts.forecast),
        "meter": facts.meter,
        "assumed": list(facts.assumed),
        "cost": ours.cost,
        **{f"cost_{name}": run.outcomes[name].cost for name in ORDER if name != OURS},
        "peak_kw": ours.billed_kw,
        "peak_no_control_kw": run.outcomes["no_control"].billed_kw,
        "captured": run.captured(),
        "captured_mean": sum(monthly) / len(monthly) if monthly else None,
        "captured_min": min(monthly, default=None),
        "dearer_months": run.dearer_months,
        "higher_peaks": run.higher_peaks,
        "beats_rules_share": sum(beaten) / len(beaten),
        "cycles_per_day": ours.cycles_per_day,
        "self_consumption": ours.self_consumption,
        "co2_kg": ours.co2_kg,
        "co2_no_control_kg": run.outcomes["no_control"].co2_kg,
        "seconds": run.seconds,
        "months": _months(run),
        "captured_by_meter_noise": {
            f"{share:.2f}": _captured_by(run, one) for share, one in run.noise.items()
        },
    }
    if facts.forecast is ForecastKind.PERFECT:
        found["captured_perfect_forecast"] = run.captured()
    if facts.days >= YEAR_DAYS:
        found["year_backtest_s"] = run.seconds * YEAR_DAYS / facts.days
    if run.captured() is None:
        found["captured_reason"] = "perfect foresight saves less than 0.1 % of the bill"
    return found


def _captured_by(run: Run, outcome: Outcome) -> float | None:
    none, best = run.outcomes["no_control"].cost, run.outcomes[PERFECT].cost
    return None if run.captured() is None else (none - outcome.cost) / (none - best)


def _months(run: Run) -> list[dict[str, Any]]:
    rows = zip(
        run.outcomes["no_control"].months,
        run.ours.months,
        run.outcomes[PERFECT].months,
        run.captured_monthly(),
        strict=True,
    )
    return [
        {
            "month": ours.name,
            "cost_no_control": none.cost,
            "cost": ours.cost,
            "cost_perfect": best.cost,
            "captured": share,
            "peaks_no_control_kw": list(none.peaks_kw),
            "peaks_kw": list(ours.peaks_kw),
        }
        for none, ours, best, share in rows
    ]


def lines(run: Run) -> list[str]:
    """The run for a terminal."""
    facts = run.facts
    found = [
        f"{facts.site}, {facts.data}: {facts.begin:%Y-%m-%dT%H:%MZ} to {facts.end:%Y-%m-%dT%H:%MZ}"
        f" ({facts.days:.0f} days), forecast {facts.forecast}",
        f"  battery {facts.battery}; {facts.tariff}",
        f"  {'':34s} {'cost':>10s} {'energy':>10s} {'demand':>9s} {'wear':>8s} {'billed kW':>9s} "
        f"{'own use':>7s} {'cycles/d':>8s} {'captured':>8s}",
    ]
    found += [_row(run, name) for name in ORDER]
    found.append(f"  {saving_line(run)}")
    found += [
        f"  with {share:.0%} meter noise captured {_percent(_captured_by(run, one))}"
        for share, one in run.noise.items()
    ]
    found += [f"  assumed: {text}" for text in (facts.meter, *facts.assumed)]
    co2 = run.ours.co2_kg
    if co2 is not None:
        before = run.outcomes["no_control"].co2_kg or 0.0
        found.append(f"  CO2 of import {co2:.0f} kg, without control {before:.0f} kg")
    return found


def saving_line(run: Run) -> str:
    """The saving with baseline, bound, battery, tariff and period."""
    facts, none = run.facts, run.outcomes["no_control"].cost
    best = none - run.outcomes[PERFECT].cost
    share = run.saving / none if none else 0.0
    return (
        f"saves {run.saving:.0f} {facts.currency} of {none:.0f} without control ({share:.1%}); "
        f"perfect foresight {best:.0f}; captured {_percent(run.captured())}; "
        f"battery {facts.battery}; {facts.tariff}; {facts.days:.0f} days from "
        f"{facts.begin:%Y-%m-%d}; {run.dearer_months} months dearer, "
        f"{run.higher_peaks} billed peaks higher"
    )


def _row(run: Run, name: str) -> str:
    one = run.outcomes[name]
    energy = sum(month.energy + month.stored for month in one.months)
    demand = sum(month.demand for month in one.months)
    wear = sum(month.wear for month in one.months)
    peak = "-" if one.billed_kw is None else f"{one.billed_kw:.1f}"
    beside = "" if name in ("no_control", PERFECT) else _percent(run.captured(name))
    return (
        f"  {TITLES[name]:34s} {one.cost:10.1f} {energy:10.1f} {demand:9.1f} {wear:8.1f} "
        f"{peak:>9s} {_percent(one.self_consumption):>7s} {one.cycles_per_day:8.2f} "
        f"{beside:>8s}"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


__all__ = ["ORDER", "RULES", "figures", "lines", "saving_line"]
