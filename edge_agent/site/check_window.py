"""Windows of work in which no plan finds room, because a load only runs in whole steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import time

from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.plant_schema import HeatPumpAsset, SwitchAsset
from edge_agent.site.schema import Planning
from edge_agent.site.work_schema import ShiftableAsset

GRADED_MIN = 5
"""Of a graded plan the steps of the next hours; a window comes into them in time."""
CLOCK_MIN = 15
"""Steps that divide it lie on the local clock everywhere: no time zone is off by less."""


def window_findings(parts: Parts) -> Iterator[Finding]:
    """One per load on or off whose run does not fit into the whole steps of its window."""
    switches = {one.id: one for one in parts.switches.values()}
    loads = {one.id: one for one in parts.heat_pumps.values()}
    step_min = _step_min(parts.planning)
    if step_min is None:
        return
    for index, asset in parts.shiftables.items():
        path: KeyPath = ("assets", "shiftable", index, "deadline")
        run_min = _run_min(asset, switches.get(asset.switch or ""), loads.get(asset.cap or ""))
        if run_min is None:
            continue
        whole_min = step_min * math.ceil(run_min / step_min - 1e-9)
        if whole_min > _room_min(asset, step_min):
            span = f"between {asset.earliest} and {asset.deadline}"
            yield Finding(
                path,
                f"{run_min:g} min of run never find room {span}: a plan turns it on for whole "
                f"steps of {step_min} min; widen the window{_or_finer(parts.planning)}",
            )


def _or_finer(planning: Planning | None) -> str:
    return ", or lower planning.step_min" if _even(planning) else ""


def _even(planning: Planning | None) -> bool:
    return planning is not None and planning.grid == "even"


def _step_min(planning: Planning | None) -> int | None:
    if planning is None:
        return None
    return planning.step_min if _even(planning) else GRADED_MIN


def _run_min(
    asset: ShiftableAsset, switch: SwitchAsset | None, load: HeatPumpAsset | None
) -> float | None:
    """Its shortest run on a day; None where that is not known or not bound to whole steps.

    Nor where it does not even fit into the window: that is said elsewhere.
    """
    if switch is None and (load is None or load.floor_kw == 0):
        return None
    power_kw = load.rated_kw if load is not None else 0.0 if switch is None else switch.power_kw
    hours = asset.run_h_per_day
    if hours is None:
        if asset.energy_kwh_per_day is None or power_kw == 0:
            return None
        hours = asset.energy_kwh_per_day / power_kw
    wanted_min = max(60 * hours, asset.min_block_min)
    held_min = 0.0 if switch is None else switch.min_on_s / 60
    return None if wanted_min > round(60 * asset.window_h) else max(wanted_min, held_min)


def _room_min(asset: ShiftableAsset, step_min: int) -> float:
    """Minutes of whole steps in the window, where it is best where steps wander on the clock."""
    window_min = round(60 * asset.window_h)
    if CLOCK_MIN % step_min:
        return step_min * math.floor(window_min / step_min)
    opens = time.fromisoformat(asset.earliest)
    opens_min = 60 * opens.hour + opens.minute
    first, last = math.ceil(opens_min / step_min), (opens_min + window_min) // step_min
    return step_min * max(0, last - first)
