"""A battery's state of charge against the energy that went in and out. Pure.

The power is integrated until enough has been turned over to see it in the state of charge; then
both changes are compared and a new stretch begins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from drivers.types import Quality
from edge_agent.cross_device import Finding
from edge_agent.site.asset_schema import BatteryAsset

TURNED_SHARE = 0.06
"""Share of the capacity that has to be turned over before the two are compared."""
SLACK_SHARE = 0.03
"""Of the capacity: resolution of the state of charge and readings of different moments."""
TURNED_SLACK = 0.15
"""Of the energy turned over: efficiency, age, meter."""
LONGEST_S = 7_200.0
"""A stretch with less turned over ends unjudged: standby would spoil the sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the battery says at a moment."""

    at: datetime
    power_kw: float
    soc_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Since when energy is summed, and how much it is; kWh in the cells."""

    began: Sample
    latest: Sample
    highest_percent: float
    stored_kwh: float = 0.0
    turned_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A stretch that has ended: what it says about the state of charge, None = they agree."""

    finding: Finding | None


def begin(sample: Sample) -> Stretch:
    """A new stretch."""
    return Stretch(began=sample, latest=sample, highest_percent=sample.soc_percent)


def advance(
    stretch: Stretch | None, sample: Sample, battery: BatteryAsset, gap_s: float
) -> tuple[Stretch, Judged | None]:
    """The stretch with one more sample, and its verdict when it has ended with that sample.

    A pause of more than `gap_s`, and a clock that goes back, begin a new stretch.
    """
    if stretch is None:
        return begin(sample), None
    step_s = (sample.at - stretch.latest.at).total_seconds()
    if step_s == 0:
        return stretch, None
    if not 0 < step_s <= gap_s:
        return begin(sample), None
    grown = _grown(stretch, sample, battery, step_s / 3600)
    if grown.turned_kwh >= TURNED_SHARE * battery.capacity_kwh:
        return begin(sample), Judged(finding=_compared(grown, battery))
    if (sample.at - grown.began.at).total_seconds() > LONGEST_S:
        return begin(sample), None
    return grown, None


def _grown(stretch: Stretch, sample: Sample, battery: BatteryAsset, hours: float) -> Stretch:
    mean_kw = (stretch.latest.power_kw + sample.power_kw) / 2
    efficiency = battery.charge_efficiency if mean_kw > 0 else 1 / battery.discharge_efficiency
    stored_kwh = mean_kw * efficiency * hours
    return replace(
        stretch,
        latest=sample,
        highest_percent=max(stretch.highest_percent, sample.soc_percent),
        stored_kwh=stretch.stored_kwh + stored_kwh,
        turned_kwh=stretch.turned_kwh + abs(stored_kwh),
    )


def _compared(stretch: Stretch, battery: BatteryAsset) -> Finding | None:
    moved_percent = stretch.latest.soc_percent - stretch.began.soc_percent
    due_percent = 100 * stretch.stored_kwh / battery.capacity_kwh
    slack_percent = 100 * (SLACK_SHARE + TURNED_SLACK * stretch.turned_kwh / battery.capacity_kwh)
    if abs(moved_percent - due_percent) <= slack_percent:
        return None
    share = stretch.highest_percent <= 1.0
    unit = ": a share of 1 where percent is due" if share else ""
    return Finding(
        point=battery.soc,
        quality=Quality.BAD if share else Quality.UNCERTAIN,
        reason=f"moved {moved_percent:+.2g} percent where power and capacity say "
        f"{due_percent:+.2g}{unit}",
    )
