"""What a billing block still allows: its energy as a trajectory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from edge_agent.billing import OpenBlock
from models.types import Plan

LEAST_REST_S = 30.0
"""What was banked or overspent is spread over no less than this (or a tick), near a block's end;
over less where a command takes effect sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One demand charge now: the highest block average of its period so far, and the open block."""

    id: str
    peak_kw: float
    block: OpenBlock


def charges(peaks_kw: Mapping[str, float], blocks: Mapping[str, OpenBlock]) -> tuple[Charge, ...]:
    """The charges of a site in the order of its tariff, from what keeps the peaks."""
    return tuple(
        Charge(id=name, peak_kw=peaks_kw.get(name, 0.0), block=block)
        for name, block in blocks.items()
    )


def targets_kw(plan: Plan, open_charges: Iterable[Charge]) -> list[float | None]:
    """Highest block average worth keeping per charge: billed already or planned; None = unknown.

    The planned peak holds the quantile margin the plan was made with. A plan that knows no peaks
    is taken by its highest import; one that knows neither gives no target, because a month begins
    with a billed peak of nothing.
    """
    found: list[float | None] = []
    for index, charge in enumerate(open_charges):
        if index < len(plan.peaks_kw):
            planned_kw = plan.peaks_kw[index]
        elif plan.grid_kw:
            planned_kw = max(plan.grid_kw)
        else:
            found.append(None)
            continue
        found.append(max(charge.peak_kw, planned_kw))
    return found


def import_cap_kw(
    charge: Charge, target_kw: float, net_kw: float, now: datetime, lead_s: float, tick_s: float
) -> float:
    """Import (kW >= 0) that, held to the end of the block, makes its average the target.

    Counted from `lead_s` ahead, when a command of now takes effect; until then `net_kw` flows.
    What was not measured was neither saved nor overspent.
    """
    block, now_s = charge.block, now.timestamp()
    into_s = now_s + lead_s - block.start.timestamp()
    if into_s >= block.block_s:
        into_s %= block.block_s
        banked_kws, unseen_s = 0.0, into_s
    else:
        banked_kws = target_kw * block.measured_s - block.import_kwh * 3600.0
        seen_s = now_s if block.last_at is None else block.last_at.timestamp()
        unseen_s = max(0.0, now_s + lead_s - seen_s)
    banked_kws += (target_kw - max(0.0, net_kw)) * unseen_s
    least_s = min(LEAST_REST_S, 2 * tick_s + 4 * lead_s)
    rest_s = max(least_s, tick_s, block.block_s - into_s)
    return max(0.0, target_kw + banked_kws / rest_s)
