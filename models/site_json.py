"""A SiteModel as JSON text, the way it travels to the compiling child and into the cache key."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from models.types import BadInputError, Battery, Grid, Pv, SiteModel, Zone


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
    return SiteModel(
        grid=Grid(**fields["grid"]),
        batteries=tuple(Battery(**each) for each in fields["batteries"]),
        pvs=tuple(Pv(**each) for each in fields["pvs"]),
        zones=tuple(Zone(**each) for each in fields["zones"]),
        demand_charges=tuple(fields["demand_charges"]),
    )
