"""How a planned peak is carried out: energy is spent as the load asks for it. Pure.

A plan's discharge where it rides on its peak is sized for the load it foresaw. Carried out as a
power it is spent whatever the load is, and the loop adds to it whenever the load is higher; the
energy is then gone before the peak is. Carried out as "hold the peak" it lasts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.types import Plan

NEAR_SHARE = 0.01
"""Of the planned peak: an import so near to it rides on it."""
QUARTER_S = 900
LATE_S = 180.0
"""So near to a block's end nothing waits any longer."""
FLICKERS = 5.0
"""Times the load's usual flicker: what may wait."""
FLICKER_GAIN = 0.05
SUDDEN = 4.0
"""A jump so many times the usual is a change of the load, and no flicker."""
LEAST_FLICKER_KW = 0.01


@dataclass(frozen=True, slots=True)
class Ride:
    """How a step of a plan stands to its planned peak."""

    on_peak: bool
    ceiling_kw: float
    """Import that was planned for without the margin."""


@dataclass(frozen=True, slots=True)
class Lately:
    """The load's mean over the last whole quarter hour, and over the one in progress."""

    quarter: int = -1
    total_kw: float = 0.0
    count: int = 0
    last_kw: float | None = None
    newest_kw: float | None = None
    flicker_kw: float = 0.0
    """How far the load usually moves from tick to tick."""

    @property
    def kw(self) -> float | None:
        """Of the last quarter hour; of what there is of the first."""
        if self.last_kw is None and self.count:
            return self.total_kw / self.count
        return self.last_kw


def lately(before: Lately, load_kw: float, now_s: float) -> Lately:
    """With the load of this tick."""
    quarter = int(now_s // QUARTER_S)
    flicker_kw = _flicker_kw(before, load_kw)
    if quarter == before.quarter:
        total_kw, count = before.total_kw + load_kw, before.count + 1
        return Lately(quarter, total_kw, count, before.last_kw, load_kw, flicker_kw)
    whole = quarter == before.quarter + 1 and before.count
    last_kw = before.total_kw / before.count if whole else None
    return Lately(quarter, load_kw, 1, last_kw, load_kw, flicker_kw)


def _flicker_kw(before: Lately, load_kw: float) -> float:
    if before.newest_kw is None:
        return before.flicker_kw
    most_kw = max(LEAST_FLICKER_KW, SUDDEN * before.flicker_kw)
    jump_kw = min(most_kw, abs(load_kw - before.newest_kw))
    return before.flicker_kw + FLICKER_GAIN * (jump_kw - before.flicker_kw)


def aimed(plan: Plan, target_margin_kw: float) -> Plan:
    """The plan with the loop's own margin put on its peaks.

    The loop stays that much below a block's target. Below a peak that is billed already this costs
    nothing; below one that is only planned it spends energy the plan had kept for later.
    """
    return replace(plan, peaks_kw=tuple(kw + target_margin_kw for kw in plan.peaks_kw))


def ride_at(plan: Plan, step: int | None) -> Ride | None:
    """How a step stands to the planned peak; None where the plan knows no peak.

    The peak holds the margin the plan was made with, so an import that far below it rides as well.
    """
    if step is None or not plan.peaks_kw or not plan.grid_kw:
        return None
    margin_kw = plan.peak_margin_kw[step] if plan.peak_margin_kw else 0.0
    import_kw, peak_kw = plan.grid_kw[step], min(plan.peaks_kw)
    return Ride(
        on_peak=import_kw + margin_kw >= (1 - NEAR_SHARE) * peak_kw,
        ceiling_kw=max(import_kw, peak_kw - margin_kw),
    )


def ridden_kw(
    ride: Ride | None, planned_kw: float, load_kw: float | None, billed_kw: float
) -> float:
    """The battery's planned power (charging positive), held back where the plan rides on its peak.

    0 where only the peak asks for giving. Charging goes no further than to the import that was
    planned for, or is billed already: the margin is there for a load that is higher, not for
    charging. `load_kw` is the site's lately without the battery; None = not known, nothing is
    charged then.
    """
    if ride is None:
        return planned_kw
    if planned_kw <= 0:
        return 0.0 if ride.on_peak else planned_kw
    if load_kw is None:
        return 0.0
    return max(0.0, min(planned_kw, max(ride.ceiling_kw, billed_kw) - load_kw))


def calmed(plan: Plan, ride: Ride | None) -> Plan:
    """The plan as the loop keeps its peaks while the battery is charged.

    A block that is charged in must not reach for the margin: a load that jumps would make a peak
    of the charging.
    """
    if ride is None:
        return plan
    return replace(plan, peaks_kw=tuple(min(kw, ride.ceiling_kw) for kw in plan.peaks_kw))


def patience_kw(flicker_kw: float, most_kw: float, rest_s: float, block_s: float) -> float:
    """How much of what a block asks for may wait, with so much of it left.

    A block is billed by its mean. What the load's flicker asks for early in it, its lows give back
    later on their own; answered at once it takes energy out of the battery for nothing.
    """
    return min(most_kw, FLICKERS * flicker_kw) * max(0.0, rest_s - LATE_S) / block_s
