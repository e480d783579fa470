"""Every point that an asset names: where it stands, the unit its role needs, who commands it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge_agent.site.mistakes import KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.terms import Strict
from edge_agent.site.tree import at


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a point must be for its key; `unit` None = any."""

    unit: str | None = None
    commanded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPoint:
    """A `device.point` under a key of an asset; `owner` is the asset that commands it."""

    path: KeyPath
    key: str
    role: Role
    owner: str | None = None


Roles = Mapping[str, Role]

_KW, _DEG_C, _AMPS, _ANY = Role(unit="kW"), Role(unit="degC"), Role(unit="A"), Role()
_SET_KW, _SET_C = Role(unit="kW", commanded=True), Role(unit="degC", commanded=True)
_METER: Roles = {"meter": _KW}
_SIGNAL: Roles = {"point": _ANY}
_RESPONSE: Roles = {"point": Role(unit="Hz")}
_BATTERY: Roles = {
    "soc": Role(unit="percent"),
    "power": _KW,
    "setpoint": _SET_KW,
    "charge_limit": _KW,
    "discharge_limit": _KW,
    "charge_limit_a": _AMPS,
    "discharge_limit_a": _AMPS,
    "voltage": Role(unit="V"),
    "current": _AMPS,
    "temperature": _DEG_C,
    "alarms": _ANY,
    "contactor": _ANY,
}
_PV: Roles = {"power": _KW, "limit": _SET_KW}
_ZONE: Roles = {
    "temperature": _DEG_C,
    "setpoint": _SET_C,
    "occupancy": _ANY,
    "humidity": Role(unit="percent"),
    "surface": _DEG_C,
}
_STORE: Roles = {
    "temperature": _DEG_C,
    "setpoint": _SET_C,
    "circulation_return": _DEG_C,
    "cycle_running": _ANY,
    "power": _KW,
}
_HEAT_PUMP: Roles = {"cap": _SET_KW, "power": _KW}
_SWITCH: Roles = {"point": Role(commanded=True), "power": _KW}
_WATCHED: Roles = {"point": _DEG_C}
_WEATHER: Roles = {"temperature": _DEG_C, "irradiance": Role(unit="W/m2")}


def named_points(parts: Parts) -> Iterator[NamedPoint]:
    """All of them, in the order of the schema."""
    yield from _of_grid(parts)
    yield from _of_each(("assets", "battery"), parts.batteries, _BATTERY, "battery")
    yield from _of_each(("assets", "pv"), parts.pvs, _PV, "pv")
    power = at(parts.data, ("assets", "hvac", "power"))
    if isinstance(power, str) and "." in power:
        yield NamedPoint(path=("assets", "hvac", "power"), key=power, role=_KW)
    yield from _of_each(("assets", "hvac", "zones"), parts.zones, _ZONE, "zones")
    yield from _named(("assets", "weather"), parts.weather, _WEATHER)
    stores = parts.thermal_stores
    yield from _of_each(("assets", "thermal_stores"), stores, _STORE, "thermal_stores")
    yield from _of_each(("assets", "heat_pumps"), parts.heat_pumps, _HEAT_PUMP, "heat_pumps")
    yield from _of_each(("assets", "switches"), parts.switches, _SWITCH, "switches")
    for index, switch in parts.switches.items():
        for key in ("keep_on_below", "keep_off_above"):
            path: KeyPath = ("assets", "switches", index, key)
            yield from _named(path, getattr(switch, key), _WATCHED)


def _of_grid(parts: Parts) -> Iterator[NamedPoint]:
    yield from _named(("assets", "grid"), parts.grid, _METER)
    if parts.grid is None:
        return
    for index, circuit in enumerate(parts.grid.circuits):
        yield from _named(("assets", "grid", "circuits", index), circuit, _METER)
    for index, signal in enumerate(parts.grid.operator_signals):
        yield from _named(("assets", "grid", "operator_signals", index), signal, _SIGNAL)
    response = parts.grid.frequency_response
    yield from _named(("assets", "grid", "frequency_response"), response, _RESPONSE)


def _of_each(
    path: KeyPath, assets: Mapping[int, Strict], roles: Roles, kind: str
) -> Iterator[NamedPoint]:
    for index, asset in assets.items():
        yield from _named((*path, index), asset, roles, f"{kind} {getattr(asset, 'id', '')}")


def _named(
    path: KeyPath, asset: Strict | None, roles: Roles, owner: str | None = None
) -> Iterator[NamedPoint]:
    """The points that an asset names under these keys."""
    for name, role in roles.items():
        key = getattr(asset, name, None)
        if key is not None:
            whose = owner if role.commanded else None
            yield NamedPoint(path=(*path, name), key=key, role=role, owner=whose)
