"""Assets: numbers that belong together, and ids that stand once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.schema import BatteryAsset, Comfort, PvAsset, ZoneAsset


def asset_findings(parts: Parts) -> Iterator[Finding]:
    """What is wrong with the assets themselves, apart from the points they name."""
    yield from _twice(parts.batteries, ("assets", "battery"))
    yield from _twice(parts.pvs, ("assets", "pv"))
    yield from _twice(parts.zones, ("assets", "hvac", "zones"))
    for index, battery in parts.batteries.items():
        if battery.soc_min_percent >= battery.soc_max_percent:
            yield Finding(
                ("assets", "battery", index, "soc_min_percent"),
                f"{battery.soc_min_percent:g} must be below "
                f"soc_max_percent ({battery.soc_max_percent:g})",
            )
    for index, zone in parts.zones.items():
        yield from _comfort(zone.comfort, ("assets", "hvac", "zones", index, "comfort"))


def _twice(
    items: Mapping[int, BatteryAsset] | Mapping[int, PvAsset] | Mapping[int, ZoneAsset],
    path: KeyPath,
) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, item in items.items():
        if seen.setdefault(item.id, index) != index:
            yield Finding(
                (*path, index, "id"),
                f"{item.id} stands in {path[-1]}[{seen[item.id]}] too: give each its own id",
            )


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
