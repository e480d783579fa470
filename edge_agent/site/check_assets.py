"""Assets: numbers that belong together, and ids that stand once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge_agent.site.asset_schema import Comfort, ZoneAsset
from edge_agent.site.check_battery import battery_findings
from edge_agent.site.check_grid import grid_findings, response_findings
from edge_agent.site.check_plant import plant_findings
from edge_agent.site.check_work import work_findings
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.terms import Strict


def asset_findings(parts: Parts) -> Iterator[Finding]:
    """What is wrong with the assets themselves, apart from the points they name."""
    listed: tuple[tuple[Mapping[int, Strict], KeyPath], ...] = (
        (parts.batteries, ("assets", "battery")),
        (parts.pvs, ("assets", "pv")),
        (parts.zones, ("assets", "hvac", "zones")),
        (parts.plants, ("assets", "hvac", "plants")),
        (parts.thermal_stores, ("assets", "thermal_stores")),
        (parts.heat_pumps, ("assets", "heat_pumps")),
        (parts.switches, ("assets", "switches")),
        (parts.shiftables, ("assets", "shiftable")),
        (parts.sheds, ("assets", "demand", "sheddable")),
    )
    for items, path in listed:
        yield from _twice(items, path)
    if parts.grid is not None:
        circuits = dict(enumerate(parts.grid.circuits))
        signals = dict(enumerate(parts.grid.operator_signals))
        yield from _twice(circuits, ("assets", "grid", "circuits"), "name")
        yield from _twice(signals, ("assets", "grid", "operator_signals"))
        yield from grid_findings(parts.grid, parts.heat_pumps)
        yield from response_findings(parts.grid, parts.batteries.values())
    for index, battery in parts.batteries.items():
        yield from battery_findings(battery, ("assets", "battery", index), parts.grid)
    for index, zone in parts.zones.items():
        path = ("assets", "hvac", "zones", index)
        yield from _comfort(zone.comfort, (*path, "comfort"))
        yield from _humidity(zone, path)
        yield from _served(zone, path, parts)
    yield from plant_findings(parts)
    yield from work_findings(parts)


def _twice(items: Mapping[int, Strict], path: KeyPath, key: str = "id") -> Iterator[Finding]:
    """Names that stand more than once in a list."""
    seen: dict[str, int] = {}
    for index, item in items.items():
        name = getattr(item, key)
        if seen.setdefault(name, index) != index:
            yield Finding(
                (*path, index, key),
                f"{name} stands in {path[-1]}[{seen[name]}] too: give each its own {key}",
            )


def _humidity(zone: ZoneAsset, path: KeyPath) -> Iterator[Finding]:
    """Without the humidity nobody knows when a setback must end."""
    if zone.humidity is not None:
        return
    for key in ("surface", "cooling_setback_max_c"):
        if key in zone.model_fields_set:
            yield Finding(
                (*path, key), "has no effect without humidity: name its point, or remove this"
            )


def _served(zone: ZoneAsset, path: KeyPath, parts: Parts) -> Iterator[Finding]:
    """The plant a zone names is there."""
    names = [plant.id for plant in parts.plants.values()]
    if zone.plant is not None and zone.plant not in names:
        hint = f"it has {', '.join(names)}" if names else "add it there"
        yield Finding((*path, "plant"), f"there is no {zone.plant} in hvac.plants: {hint}")


def _comfort(comfort: Comfort, path: KeyPath) -> Iterator[Finding]:
    low, high = comfort.low_c, comfort.high_c
    if low >= high:
        yield Finding((*path, "low_c"), f"{low:g} must be below high_c ({high:g})")
        return
    if comfort.unoccupied_low_c > low:
        yield Finding(
            (*path, "unoccupied_low_c"),
            f"{comfort.unoccupied_low_c:g} must not be above low_c ({low:g}): an empty room needs "
            "no more comfort than an occupied one",
        )
    if comfort.unoccupied_high_c < high:
        yield Finding(
            (*path, "unoccupied_high_c"),
            f"{comfort.unoccupied_high_c:g} must not be below high_c ({high:g}): an empty room "
            "needs no more comfort than an occupied one",
        )
