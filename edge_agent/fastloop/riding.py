"""How a planned peak is carried out: energy is spent as the load asks for it. Pure.

A plan's discharge where it rides on its peak is sized for the load it foresaw. Carried out as a
power it is spent whatever the load is, and the loop adds to it whenever the load is higher; the
energy is then gone before the peak is. Carried out as "hold the peak" it lasts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from models.types import Plan, Series

NEAR_SHARE = 0.01
"""Of the planned peak: an import so near to it rides on it."""


def aimed(plan: Plan, target_margin_kw: float) -> Plan:
    """The plan with the loop's own margin put on its peaks.

    The loop stays that much below a block's target. Below a peak that is billed already this costs
    nothing; below one that is only planned it spends energy the plan had kept for later.
    """
    return replace(plan, peaks_kw=tuple(kw + target_margin_kw for kw in plan.peaks_kw))


def ridden_kw(
    plan: Plan, now: datetime, planned_kw: float, load_kw: float, margin_kw: Series = ()
) -> float:
    """The battery's planned power (charging positive) where the plan rides on its peak.

    0 where only the peak asks for giving; charging no further than to the import that was planned,
    for the margin is there for a load that is higher, not for charging. `load_kw` is the site's
    lately without the battery; `margin_kw` the forecast margin the plan's peaks hold, per step.
    """
    step = plan.grid.step_at(now)
    if step is None or not plan.peaks_kw or not plan.grid_kw:
        return planned_kw
    margin = margin_kw[step] if margin_kw else 0.0
    if plan.grid_kw[step] + margin < (1 - NEAR_SHARE) * min(plan.peaks_kw):
        return planned_kw
    return max(0.0, min(planned_kw, plan.grid_kw[step] - load_kw))
