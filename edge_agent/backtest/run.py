"""One case with all its policies: what is played, and the figures that are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from edge_agent.backtest.case import DAY, Case
from edge_agent.backtest.outcome import Month, Outcome
from edge_agent.backtest.sight import ForecastKind

OURS = "ours"
RULES = ("greedy", "peak_rule")
PLAIN = ("no_control", *RULES)
PERFECT = "perfect"
PERSISTENCE = "persistence"
TITLES: Mapping[str, str] = {
    "no_control": "no control (PV without battery)",
    "greedy": "greedy self-consumption",
    "peak_rule": "peak threshold rule",
    PERSISTENCE: "planned on yesterday",
    OURS: "SEMDR Edge",
    PERFECT: "perfect foresight (bound)",
}
SAME_KW = 1e-6
LEAST_SAVING = 0.001
"""Share of the bill below which a month has nothing to capture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a saving stands beside, always."""

    site: str
    data: str
    currency: str
    begin: datetime
    end: datetime
    battery: str
    tariff: str
    forecast: ForecastKind
    meter: str
    assumed: tuple[str, ...]

    @property
    def days(self) -> float:
        """Length of the span."""
        return (self.end - self.begin).total_seconds() / 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A case and what each policy made of it; `seconds` is wall time of our own run."""

    facts: Facts
    outcomes: Mapping[str, Outcome]
    seconds: float
    noise: Mapping[float, Outcome]
    """Our run under other meters, by their sigma share."""

    @property
    def ours(self) -> Outcome:
        """The agent's."""
        return self.outcomes[OURS]

    @property
    def saving(self) -> float:
        """Against no control, wear and stored energy counted."""
        return self.outcomes["no_control"].cost - self.ours.cost

    def captured(self, policy: str = OURS) -> float | None:
        """Share of the perfect saving; None where there is nothing to save."""
        none, best = self.outcomes["no_control"].cost, self.outcomes[PERFECT].cost
        return _share(none, self.outcomes[policy].cost, best)

    def captured_monthly(self, policy: str = OURS) -> tuple[float | None, ...]:
        """The same month by month."""
        return tuple(
            _share(none.cost, one.cost, best.cost)
            for none, one, best in zip(*self._months("no_control", policy, PERFECT), strict=True)
        )

    @property
    def dearer_months(self) -> int:
        """Months that cost more than without control."""
        pairs = zip(*self._months("no_control", OURS), strict=True)
        return sum(one.cost > none.cost + 1e-9 for none, one in pairs)

    @property
    def higher_peaks(self) -> int:
        """Months with a billed peak above that without control."""
        pairs = zip(*self._months("no_control", OURS), strict=True)
        return sum(
            any(high > low + SAME_KW for low, high in zip(none.peaks_kw, one.peaks_kw, strict=True))
            for none, one in pairs
        )

    @property
    def beaten_rules(self) -> tuple[bool, ...]:
        """Per month whether it was cheaper than greedy and the peak rule."""
        rows = zip(*self._months(OURS, *RULES), strict=True)
        return tuple(all(one.cost < rule.cost for rule in rules) for one, *rules in rows)

    def _months(self, *policies: str) -> list[tuple[Month, ...]]:
        return [self.outcomes[name].months for name in policies]


def _share(none: float, one: float, best: float) -> float | None:
    if none - best <= LEAST_SAVING * abs(none):
        return None
    return (none - one) / (none - best)


def facts_of(case: Case, data: str, forecast: ForecastKind, sigma_share: float) -> Facts:
    """In words for a person."""
    battery, info = case.battery, case.loaded.site.site
    prices = case.import_price[case.played]
    charges = [
        f"{charge.rate_per_kw:g} {info.currency} per kW and month on {charge.interval_min} min"
        for charge in case.loaded.tariff.demand_charges
    ]
    low, middle, high = (float(value) for value in np.quantile(prices, (0.05, 0.5, 0.95)))
    return Facts(
        site=info.id,
        data=data,
        currency=info.currency,
        begin=case.at(case.first),
        end=case.at(case.last),
        battery=f"{battery.capacity_kwh:.0f} kWh, {battery.discharge_kw:.0f} kW",
        tariff=f"import {low:.3f} / {middle:.3f} / {high:.3f} {info.currency}/kWh "
        f"(5 / 50 / 95 %), demand charge {' and '.join(charges) or 'none'}",
        forecast=forecast,
        meter=f"inside a quarter hour synthesised: AR(1), {sigma_share:.0%} sigma, 60 s, "
        "fixed seed, mean kept",
        assumed=case.assumed,
    )


def days_of(case: Case) -> float:
    """Days that are played."""
    return (case.last - case.first) / DAY
