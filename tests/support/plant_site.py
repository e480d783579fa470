"""The furnished house with a boiler, a heat pump, a relay and whatever a test adds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from small_house import furnished, write_site

from drivers.types import Point
from edge_agent.clock import SystemClock
from edge_agent.fields import build_drivers
from edge_agent.site.load import LoadedSite, load_site

Change = Callable[[dict[str, Any]], None]


def points_of(loaded: LoadedSite) -> dict[str, Point]:
    drivers = build_drivers(loaded.site, SystemClock())
    return {point.key: point for driver in drivers.values() for point in driver.points}


def with_plant(site: dict[str, Any]) -> None:
    """A boiler, a heat pump and a relay on the BMS, a meter of the annex."""
    furnished(site)
    like = {key: site["devices"][-1][key] for key in ("link", "address", "poll_s")}
    water = {"object": "analog-value,41", "unit": "degC", "access": "rw", "safe": [40, 72]}
    cap = {"object": "analog-value,42", "unit": "kW", "access": "rw", "safe": [4.2, 12]}
    relay = {"object": "analog-value,43", "access": "rw", "safe": [0, 1]}
    points = {
        "water": {"object": "analog-input,41", "unit": "degC"},
        "returning": {"object": "analog-input,42", "unit": "degC"},
        "cycle": {"object": "binary-input,1"},
        "setpoint": water,
        "cap": cap,
        "power": {"object": "analog-input,43", "unit": "kW"},
        "relay": relay,
        "humidity": {"object": "analog-input,44", "unit": "percent"},
        "surface": {"object": "analog-input,45", "unit": "degC"},
        "dimmer": {"object": "binary-input,2"},
        "pulse": {"object": "analog-input,46", "unit": "Hz"},
    }
    site["devices"].append({"id": "cellar", "type": "controller", "points": points} | like)
    site["assets"]["thermal_stores"] = [
        {"id": "hot_water", "temperature": "cellar.water", "setpoint": "cellar.setpoint"}
    ]


def loaded_with(folder: Path, *changes: Change) -> LoadedSite:
    def all_of_them(site: dict[str, Any]) -> None:
        with_plant(site)
        for change in changes:
            change(site)

    return load_site(write_site(folder, change=all_of_them))


def set_in(*path: str | int, **keys: object) -> Change:
    """Add keys to the block at a path below `assets`."""

    def change(site: dict[str, Any]) -> None:
        block: Any = site["assets"]
        for part in path:
            block = block[part]
        block.update(keys)

    return change


def listed(key: str, *items: dict[str, object]) -> Change:
    """Put a list of assets under a key of `assets`."""

    def change(site: dict[str, Any]) -> None:
        site["assets"][key] = list(items)

    return change
