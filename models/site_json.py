"""A SiteModel as JSON text, the way it travels to the compiling child and into the cache key."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from models.types import (
    BadInputError,
    Battery,
    Circuit,
    Grid,
    Plant,
    Pv,
    ShedGroup,
    Shiftable,
    SiteModel,
    ThermalStore,
    Zone,
)

_KINDS: dict[str, type] = {
    "batteries": Battery,
    "pvs": Pv,
    "zones": Zone,
    "plants": Plant,
    "thermal_stores": ThermalStore,
    "shiftables": Shiftable,
    "shed_groups": ShedGroup,
    "circuits": Circuit,
}


def to_json(site: SiteModel, step_s: tuple[int, ...]) -> str:
    """One canonical line: {"site": ..., "step_s": [...]}."""
    order = {"site": asdict(site), "step_s": list(step_s)}
    return json.dumps(order, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> tuple[SiteModel, tuple[int, ...]]:
    """What `to_json` wrote; anything else is a BadInputError."""
    try:
        order = json.loads(text)
        return _site(order["site"]), tuple(int(seconds) for seconds in order["step_s"])
    except (ValueError, TypeError, KeyError) as error:
        msg = f"not a site and its steps: {error}"
        raise BadInputError(msg) from error


def _site(fields: dict[str, Any]) -> SiteModel:
    """Dataclasses from their fields; unknown or missing fields raise TypeError or KeyError."""
    given = dict(fields)
    parts: dict[str, Any] = {
        name: tuple(kind(**_tuples(each)) for each in given.pop(name))
        for name, kind in _KINDS.items()
    }
    grid = Grid(**given.pop("grid"))
    charges = tuple(given.pop("demand_charges"))
    return SiteModel(grid=grid, demand_charges=charges, **parts, **given)


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as the tuples they were."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
