"""The grid operator's signals: levels that can be told apart, and that leave heat pumps enough."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from edge_agent.site.asset_schema import BatteryAsset
from edge_agent.site.grid_schema import GridAsset, OperatorSignal
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.plant_schema import HeatPumpAsset


def response_findings(grid: GridAsset, batteries: Collection[BatteryAsset]) -> Iterator[Finding]:
    """What is wrong with the answer to the grid's frequency."""
    asked = grid.frequency_response
    if asked is None:
        return
    path: KeyPath = ("assets", "grid", "frequency_response")
    known = {battery.id: battery for battery in batteries}
    battery = known.get(asked.battery)
    if battery is None:
        have = ", ".join(known) or "none"
        text = f"there is no battery {asked.battery}: assets.battery has {have}"
        yield Finding((*path, "battery"), text)
        return
    rated_kw = min(battery.charge_kw, battery.discharge_kw)
    if asked.reserve_kw > rated_kw:
        most = f"{asked.battery} has both ways ({rated_kw:g})"
        text = f"{asked.reserve_kw:g} kW is more than {most}: lower it"
        yield Finding((*path, "reserve_kw"), text)


def grid_findings(grid: GridAsset, heat_pumps: Mapping[int, HeatPumpAsset]) -> Iterator[Finding]:
    """What is wrong with the signals."""
    for index, signal in enumerate(grid.operator_signals):
        path: KeyPath = ("assets", "grid", "operator_signals", index)
        yield from _levels(signal, path)
        yield from _default(signal, path)
        if signal.limit_on == "consumption":
            yield from _floors(signal, path, heat_pumps)


def _levels(signal: OperatorSignal, path: KeyPath) -> Iterator[Finding]:
    if not signal.levels and signal.scale_kw is None:
        text = "is missing: without levels or scale_kw no value of the point says anything"
        yield Finding((*path, "levels"), text)
    seen: set[float] = set()
    for index, (value, limit_kw) in enumerate(signal.levels):
        spot = (*path, "levels", index)
        if value in seen:
            yield Finding(spot, f"{value:g} has a limit already: one level per value")
        seen.add(value)
        if limit_kw is not None and limit_kw > signal.full_kw:
            text = f"{limit_kw:g} kW is more than full_kw ({signal.full_kw:g}): use null for none"
            yield Finding(spot, text)


def _default(signal: OperatorSignal, path: KeyPath) -> Iterator[Finding]:
    default_kw = signal.default_kw
    if default_kw is not None and default_kw > signal.full_kw:
        text = f"{default_kw:g} kW is more than full_kw ({signal.full_kw:g}): use null for none"
        yield Finding((*path, "default_kw"), text)


def _floors(
    signal: OperatorSignal, path: KeyPath, heat_pumps: Mapping[int, HeatPumpAsset]
) -> Iterator[Finding]:
    """What heat pumps always get must fit into the strictest limit on consumption."""
    limits_kw = [limit_kw for _, limit_kw in signal.levels] + [signal.default_kw]
    told_kw = [limit_kw for limit_kw in limits_kw if limit_kw is not None]
    floor_kw = sum(pump.floor_kw for pump in heat_pumps.values())
    if told_kw and floor_kw > min(told_kw):
        text = (
            f"{signal.id} may limit consumption to {min(told_kw):g} kW, and the floor_kw of all "
            f"heat pumps are {floor_kw:g} kW together: lower them"
        )
        yield Finding(path, text)
