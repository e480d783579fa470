"""Tanks, heat pumps and switches: numbers that belong together."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.hygiene import CYCLE_REACH_K
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.plant_schema import HeatPumpAsset, SwitchAsset, ThermalStoreAsset

_STORE_COMMANDS = ("legionella", "circulation_return", "cycle_running")


def plant_findings(parts: Parts) -> Iterator[Finding]:
    """What is wrong with the equipment, apart from the points it names."""
    for index, store in parts.thermal_stores.items():
        path: KeyPath = ("assets", "thermal_stores", index)
        yield from _store_range(store, path)
        yield from _store_commands(store, path)
        yield from _too_hot(store, path, parts)
    for index, pump in parts.heat_pumps.items():
        yield from _heat_pump(pump, ("assets", "heat_pumps", index))
    for index, switch in parts.switches.items():
        path = ("assets", "switches", index)
        yield from _switch(switch, path)
        yield from _never_written(switch, path, parts)


def _store_range(store: ThermalStoreAsset, path: KeyPath) -> Iterator[Finding]:
    """Every temperature lies in its place below the highest."""
    high = f"high_c ({store.high_c:g})"
    for key in ("frost_c", "low_c", "hygiene_c"):
        given = getattr(store, key)
        if given is not None and given >= store.high_c:
            yield Finding((*path, key), f"{given:g} must be below {high}")
    cycle = store.legionella
    if cycle is not None and cycle.temperature_c + CYCLE_REACH_K > store.high_c:
        text = (
            f"{cycle.temperature_c:g} cannot be reached: its setpoint is {CYCLE_REACH_K:g} K more, "
            f"and {high} is the highest"
        )
        yield Finding((*path, "legionella", "temperature_c"), text)


def _store_commands(store: ThermalStoreAsset, path: KeyPath) -> Iterator[Finding]:
    """Keys that say how it is commanded, of a tank that is only watched."""
    if store.setpoint is not None:
        return
    for key in _STORE_COMMANDS:
        if getattr(store, key) is not None:
            text = "has no effect without setpoint: name its point, or remove this"
            yield Finding((*path, key), text)


def _too_hot(store: ThermalStoreAsset, path: KeyPath, parts: Parts) -> Iterator[Finding]:
    """Hygiene that asks for a setpoint which is never written, though the tank would take it."""
    if store.setpoint is None:
        return
    cycle_c = 0.0 if store.legionella is None else store.legionella.temperature_c + CYCLE_REACH_K
    wanted_c = max(store.hygiene_c or 0.0, cycle_c)
    for _, high_c in _bands(store.setpoint, parts):
        if high_c < wanted_c <= store.high_c:
            text = (
                f"{store.setpoint} is safe up to {high_c:g} degC, and hygiene asks for "
                f"{wanted_c:g}, which is never set: let safe reach so high, or set hygiene_c and "
                "legionella to what holds for this tank (null where something else sees to it)"
            )
            yield Finding((*path, "setpoint"), text)


def _bands(key: str, parts: Parts) -> list[tuple[float, float]]:
    """What the site lets stand at a point for ever."""
    device_id, name = key.split(".", 1)
    specs = [one.points.get(name) for one in parts.devices.values() if one.id == device_id]
    return [one.safe for one in specs if one is not None and one.safe is not None]


def _heat_pump(pump: HeatPumpAsset, path: KeyPath) -> Iterator[Finding]:
    if pump.floor_kw > pump.rated_kw:
        text = f"{pump.floor_kw:g} must not be above rated_kw ({pump.rated_kw:g})"
        yield Finding((*path, "floor_kw"), text)


def _switch(switch: SwitchAsset, path: KeyPath) -> Iterator[Finding]:
    if switch.on_value == switch.off_value:
        text = f"{switch.on_value:g} means off as well: give each its own value"
        yield Finding((*path, "on_value"), text)
    cold, hot = switch.keep_on_below, switch.keep_off_above
    if cold is None or hot is None or cold.point != hot.point:
        return
    if cold.temperature_c >= hot.temperature_c:
        text = (
            f"{cold.temperature_c:g} must be below the temperature_c of keep_off_above "
            f"({hot.temperature_c:g})"
        )
        yield Finding((*path, "keep_on_below", "temperature_c"), text)


def _never_written(switch: SwitchAsset, path: KeyPath, parts: Parts) -> Iterator[Finding]:
    """Values that the point's own band forbids for ever."""
    for low, high in _bands(switch.point, parts):
        for key in ("on_value", "off_value"):
            value = getattr(switch, key)
            if not low <= value <= high:
                text = f"{value:g} is outside safe [{low:g}, {high:g}] of {switch.point}"
                yield Finding((*path, key), f"{text}: it would never be written")
