"""Circuits behind the connection point with a meter of their own, as the model knows them. Pure."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from edge_agent.snapshot import Snapshot
from models.types import Circuit, CircuitForecast, TimeGrid

if TYPE_CHECKING:
    from edge_agent.site.schema import Site


def circuit_models(site: Site) -> tuple[Circuit, ...]:
    """Those that carry a battery; what else hangs behind them is in their own load."""
    members = _members(site)
    return tuple(
        Circuit(
            id=circuit.name,
            import_limit_kw=circuit.import_limit_kw,
            export_limit_kw=circuit.export_limit_kw,
            members=members[circuit.name],
        )
        for circuit in site.assets.grid.circuits
        if circuit.name in members
    )


def _members(site: Site) -> dict[str, tuple[str, ...]]:
    """Batteries by circuit; a battery names its circuits from the connection point inwards.

    What does not make a tree is left to the guard, which minds each circuit by itself.
    """
    ids = _equipment(site)
    parent: dict[str, str] = {}
    for battery in site.assets.battery:
        if ids[battery.id] > 1:
            continue
        chain = [*(name for name in battery.circuits if name not in ids), battery.id]
        for outer, inner in pairwise(chain):
            if parent.setdefault(inner, outer) != outer or _above(inner, parent, outer):
                return {}
    found: dict[str, tuple[str, ...]] = {}
    for inner, outer in parent.items():
        found[outer] = (*found.get(outer, ()), inner)
    return found


def _above(name: str, parent: dict[str, str], start: str) -> bool:
    """Whether `name` stands over `start`, so that it would hang behind itself."""
    step: str | None = start
    for _ in range(len(parent) + 1):
        if step == name:
            return True
        step = parent.get(step) if step is not None else None
    return False


def _equipment(site: Site) -> Counter[str]:
    """Ids that a circuit's name would be taken for, and how often each stands."""
    assets = site.assets
    kinds = (
        assets.battery,
        assets.pv,
        assets.hvac.zones,
        assets.hvac.plants,
        assets.thermal_stores,
        assets.shiftable,
        assets.demand.sheddable,
    )
    return Counter(one.id for kind in kinds for one in kind)


def circuit_loads(site: Site, snapshot: Snapshot) -> dict[str, float]:
    """What hangs directly behind each circuit besides its members [kW]; without what is unseen."""
    members = _members(site)
    meters = {one.name: one.meter for one in site.assets.grid.circuits if one.name in members}
    powers = {battery.id: battery.power for battery in site.assets.battery}
    found = {}
    for name, meter in meters.items():
        keys = [powers.get(one) or meters[one] for one in members[name]]
        inside = [snapshot.value(key) for key in keys]
        known = [kw for kw in inside if kw is not None]
        total_kw = snapshot.value(meter)
        if total_kw is not None and len(known) == len(keys):
            found[name] = total_kw - sum(known)
    return found


def circuit_forecasts(
    site: Site, loads_kw: dict[str, float], grid: TimeGrid
) -> tuple[CircuitForecast, ...]:
    """The present load of each circuit, held."""
    return tuple(
        CircuitForecast(id=one.id, load_kw=(loads_kw[one.id],) * len(grid))
        for one in circuit_models(site)
        if one.id in loads_kw
    )
