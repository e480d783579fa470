"""The connection point and the circuits behind it, as the guard sees their meters. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.types import Point
from edge_agent.envelope import ConnectionEnvelope
from edge_agent.site.grid_schema import CircuitAsset, GridAsset
from edge_agent.site.schema import Device, Site

PHASES = (1, 2, 3)
_WHAT_IT_IS = {"type", "link", "profile", "unit", "address", "topic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """The connection point, and its circuits by name."""

    connection: ConnectionEnvelope
    circuits: Mapping[str, ConnectionEnvelope]


def meters_of(site: Site, points: Mapping[str, Point]) -> Meters:
    """Everything the site meters and limits."""
    grid = site.assets.grid
    return Meters(
        connection=_node(grid, site, points, "connection point"),
        circuits={
            one.name: _node(one, site, points, f"circuit {one.name}") for one in grid.circuits
        },
    )


def meter_mark(site: Site) -> str:
    """Tells whether the connection point's meter is still the same: its point, address and map.

    Another meter behind the very same entry cannot be told apart.
    """
    device_id, point = site.assets.grid.meter.split(".", 1)
    device = site.device(device_id)
    spec = device.points.get(point)
    content = {
        "point": site.assets.grid.meter,
        "link": site.links[device.link].model_dump(mode="json", exclude_defaults=True),
        "device": device.model_dump(mode="json", include=_WHAT_IT_IS),
        "spec": None if spec is None else spec.model_dump(mode="json"),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _node(
    asset: GridAsset | CircuitAsset, site: Site, points: Mapping[str, Point], name: str
) -> ConnectionEnvelope:
    device = asset.meter.split(".", maxsplit=1)[0]
    currents = _phases(device, "current", "A", points)
    measured = tuple(phase for phase in PHASES if f"{device}.current_l{phase}" in currents)
    return ConnectionEnvelope(
        meter=asset.meter,
        import_limit_kw=asset.import_limit_kw,
        export_limit_kw=asset.export_limit_kw,
        currents=currents,
        max_current_a=asset.max_current_a,
        voltages=_beside(_phases(device, "voltage", "V", points), measured),
        phase_powers=_beside(_phases(device, "power", "kW", points), measured),
        silent_after_s=_quiet_s(site.device(device)) + site.assets.grid.silent_s,
        name=name,
    )


def _phases(device: str, what: str, unit: str, points: Mapping[str, Point]) -> tuple[str, ...]:
    """The points of its phases that the meter has, in that unit."""
    keys = (f"{device}.{what}_l{phase}" for phase in PHASES)
    return tuple(key for key in keys if key in points and points[key].unit == unit)


def _beside(keys: tuple[str, ...], measured: tuple[int, ...]) -> tuple[str, ...]:
    """One per current in their order; nothing unless every one of them has its own."""
    found = [key for phase in measured for key in keys if key.endswith(f"_l{phase}")]
    return tuple(found) if len(found) == len(measured) else ()


def _quiet_s(device: Device) -> float:
    """How long a meter that lives may say nothing; with `cov` it is not asked at every poll."""
    if not device.cov:
        return device.poll_s
    return max(device.poll_s, device.cov_safety_s or device.stale_after_s / 2)
