"""Fuses whose meter does not tell which way each phase flows."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.site.grid_schema import CircuitAsset, GridAsset
from edge_agent.site.known_points import KnownPoint, known_points, packaged_profiles
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.schema import Site

PHASES = (1, 2, 3)


def phase_advice(site: Site) -> Iterator[Finding]:
    """One warning per limit on phase currents whose meter lacks the power of a phase."""
    grid = site.assets.grid
    path: KeyPath = ("assets", "grid")
    yield from _advice(site, grid, path)
    for index, circuit in enumerate(grid.circuits):
        yield from _advice(site, circuit, (*path, "circuits", index))


def _advice(site: Site, asset: GridAsset | CircuitAsset, path: KeyPath) -> Iterator[Finding]:
    if asset.max_current_a is None:
        return
    device = site.device(asset.meter.split(".", 1)[0])
    points = known_points(device, site.links[device.link].protocol, packaged_profiles())
    if points is None:
        return
    missing = [
        f"power_l{phase}"
        for phase in PHASES
        if f"current_l{phase}" in points and not _in_kw(points.get(f"power_l{phase}"))
    ]
    if missing:
        yield Finding(
            (*path, "max_current_a"),
            f"{device.id} has no {', '.join(missing)} in kW, and a current does not tell whether "
            "its phase imports or exports: where the sum leaves that open, batteries only use the "
            "room that is sure and relieve no overload; add the points, or take a meter that has "
            "them",
        )


def _in_kw(point: KnownPoint | None) -> bool:
    """Whether it is there, as far as can be told."""
    return point is not None and point.unit in (None, "kW")
