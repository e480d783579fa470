"""Finds a state of charge that moves faster than the battery can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edge_agent.alarms.sight import BatterySight

RATING_SLACK = 1.2
"""The power a battery really gives, over its rating."""
RESOLUTION_PERCENT = 1.0
"""Many batteries tell whole percents."""


class SocJumps:
    """Keeps the last state of charge of every battery."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}
        """By battery: percent, and the monotonic seconds at which it was read."""

    def look(self, batteries: Iterable[BatterySight]) -> tuple[BatterySight, ...]:
        """The batteries with their jump since the last look; None for the first reading."""
        return tuple(self._judged(battery) for battery in batteries)

    def _judged(self, battery: BatterySight) -> BatterySight:
        if battery.soc_percent is None or battery.soc_read_s is None:
            return battery
        before = self._last.get(battery.id)
        self._last[battery.id] = (battery.soc_percent, battery.soc_read_s)
        if before is None:
            return battery
        moved_percent = abs(battery.soc_percent - before[0])
        over_s = max(0.0, battery.soc_read_s - before[1])
        jump_percent = max(0.0, moved_percent - _possible_percent(battery, over_s))
        return replace(battery, soc_jump_percent=jump_percent)


def _possible_percent(battery: BatterySight, over_s: float) -> float:
    rated_kw = max(battery.charge_kw, battery.discharge_kw)
    energy_kwh = RATING_SLACK * rated_kw * over_s / 3600
    return RESOLUTION_PERCENT + 100 * energy_kwh / battery.capacity_kwh
