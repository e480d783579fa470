"""Voltage, frequency and distortion at the site's meter, as lines for the audit trail."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.fastloop.grid_quality import (
    GridEvent,
    GridLimits,
    GridWatch,
    Quantity,
    watched,
)
from edge_agent.snapshot import Snapshot

PHASES = (1, 2, 3)
PERCENT = 100.0


class QualityWatch:
    """Looks at what the meter's device shows beside its power."""

    def __init__(self, meter: str, limits: GridLimits) -> None:
        self._device = meter.partition(".")[0]
        self._limits = limits
        self._watch = GridWatch()

    @property
    def lasting(self) -> tuple[GridEvent, ...]:
        """The disturbances of now."""
        return tuple(self._watch.open.values())

    def look(self, snapshot: Snapshot) -> tuple[str, ...]:
        """One line per disturbance that begins or ends with this tick."""
        values = quality_values(self._device, snapshot)
        self._watch, events = watched(self._limits, self._watch, values, snapshot.at)
        return tuple(_line(one, values[one.point][0]) for one in events)


def quality_values(device: str, snapshot: Snapshot) -> Mapping[str, tuple[Quantity, float | None]]:
    """What a meter tells of the grid: by point, only what it has."""
    names = {f"voltage_l{phase}": Quantity.VOLTAGE for phase in PHASES}
    names |= {f"thd_voltage_l{phase}": Quantity.DISTORTION for phase in PHASES}
    names["frequency"] = Quantity.FREQUENCY
    found: dict[str, tuple[Quantity, float | None]] = {}
    for name, quantity in names.items():
        key = f"{device}.{name}"
        seen = snapshot.seen.get(key)
        if seen is None:
            continue
        value = snapshot.value(key)
        share = quantity is Quantity.DISTORTION and seen.latest.unit == "%"
        found[key] = (quantity, value / PERCENT if share and value is not None else value)
    return found


def _line(event: GridEvent, quantity: Quantity) -> str:
    what = event.kind.replace("_", " ")
    figure = (
        f"{event.worst:.1%}"
        if quantity is Quantity.DISTORTION
        else (f"{event.worst:.2f} {quantity}")
    )
    if event.until is None:
        return f"{event.point}: {what} begins at {figure}"
    lasted_s = (event.until - event.since).total_seconds()
    return f"{event.point}: {what} ends after {lasted_s:.0f} s, worst {figure}"
