"""Shiftable loads and shed groups: the switches they name, and work that fits into its window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from edge_agent.site.check_window import window_findings
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.plant_schema import HeatPumpAsset, SwitchAsset
from edge_agent.site.work_schema import ShiftableAsset

SHIFTABLE: KeyPath = ("assets", "shiftable")
SHEDDABLE: KeyPath = ("assets", "demand", "sheddable")


def work_findings(parts: Parts) -> Iterator[Finding]:
    """What is wrong with work and shedding, apart from the points of the switches."""
    switches = {one.id: one for one in parts.switches.values()}
    loads = {one.id: one for one in parts.heat_pumps.values()}
    owners: dict[str, str] = {}
    for index, asset in parts.shiftables.items():
        path = (*SHIFTABLE, index)
        yield from _carried_out(asset, path, switches, loads)
        yield from _work(asset, path, _power_kw(asset, switches, loads))
        for key in ("switch", "cap"):
            name = getattr(asset, key)
            if name is not None:
                yield from _once(f"{key} {name}", f"shiftable {asset.id}", (*path, key), owners)
    for index, group in parts.sheds.items():
        path = (*SHEDDABLE, index)
        for place, name in enumerate(group.switches):
            spot = (*path, "switches", place)
            yield from _known(name, switches, "switches", spot)
            yield from _once(f"switch {name}", f"sheddable {group.id}", spot, owners)
        if group.least_min > group.most_min:
            text = f"{group.least_min:g} must not be above most_min ({group.most_min:g})"
            yield Finding((*path, "least_min"), text)
    yield from _never_stopped(parts, loads)
    yield from window_findings(parts)


def _never_stopped(parts: Parts, loads: Mapping[str, HeatPumpAsset]) -> Iterator[Finding]:
    """A load with work is stopped by a cap of 0, which its point must take."""
    specs = {
        f"{device.id}.{name}": spec
        for device in parts.devices.values()
        for name, spec in device.points.items()
    }
    for index, asset in parts.shiftables.items():
        load = loads.get(asset.cap or "")
        spec = None if load is None else specs.get(load.cap)
        if load is None or spec is None or spec.safe is None:
            continue
        low, high = spec.safe
        if not low <= 0 <= high:
            text = (
                f"{load.cap} is safe [{low:g}, {high:g}]: a cap of 0, which stops {asset.id} "
                "when the plan wants it off, would never be written; let safe begin at 0, or give "
                "it a switch"
            )
            yield Finding((*SHIFTABLE, index, "cap"), text)


def _carried_out(
    asset: ShiftableAsset,
    path: KeyPath,
    switches: Mapping[str, SwitchAsset],
    loads: Mapping[str, HeatPumpAsset],
) -> Iterator[Finding]:
    """By one switch or one capped load that is there, and whose power is known."""
    if (asset.switch is None) == (asset.cap is None):
        yield Finding((*path, "switch"), "name a switch or a cap, one of the two")
        return
    if asset.cap is not None:
        yield from _known(asset.cap, loads, "heat_pumps", (*path, "cap"))
        return
    name = asset.switch or ""
    yield from _known(name, switches, "switches", (*path, "switch"))
    if name in switches and switches[name].power_kw == 0:
        text = f"{name} has no power_kw: a plan must know what it takes while on"
        yield Finding((*path, "switch"), text)


def _known(name: str, there: Mapping[str, object], kind: str, path: KeyPath) -> Iterator[Finding]:
    if name not in there:
        nearest = get_close_matches(name, there, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"add it under assets.{kind}"
        yield Finding(path, f"there is no {name} in {kind}: {hint}")


def _once(what: str, owner: str, path: KeyPath, owners: dict[str, str]) -> Iterator[Finding]:
    """One plan for one switch."""
    if owners.setdefault(what, owner) != owner:
        yield Finding(path, f"{what} is used by {owners[what]} already: give it to one of them")


def _power_kw(
    asset: ShiftableAsset,
    switches: Mapping[str, SwitchAsset],
    loads: Mapping[str, HeatPumpAsset],
) -> float:
    """Full power, 0 where it is not known."""
    load, switch = loads.get(asset.cap or ""), switches.get(asset.switch or "")
    if load is not None:
        return load.rated_kw
    return 0.0 if switch is None else switch.power_kw


def _work(asset: ShiftableAsset, path: KeyPath, power_kw: float) -> Iterator[Finding]:
    """As hours or as energy, and no more than fits."""
    hours, energy_kwh = asset.run_h_per_day, asset.energy_kwh_per_day
    if (hours is None) == (energy_kwh is None):
        text = "give run_h_per_day or energy_kwh_per_day, one of the two"
        yield Finding((*path, "run_h_per_day"), text)
        return
    most_h = asset.window_h
    span = f"{asset.earliest} and {asset.deadline}"
    if hours is not None and hours > most_h:
        text = f"{hours:g} h do not fit between {span}: there are {most_h:g} h"
        yield Finding((*path, "run_h_per_day"), text)
    if energy_kwh is not None and 0 < power_kw * most_h < energy_kwh:
        text = f"{energy_kwh:g} kWh do not fit between {span} at {power_kw:g} kW"
        yield Finding((*path, "energy_kwh_per_day"), text)
    if asset.min_block_min > 60 * most_h:
        text = f"{asset.min_block_min:g} min do not fit between {span}"
        yield Finding((*path, "min_block_min"), text)
