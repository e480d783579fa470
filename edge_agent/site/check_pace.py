"""What a battery's setpoint rests on is read often enough: its own devices and its meters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge_agent.site.asset_schema import BatteryAsset
from edge_agent.site.grid_schema import GridAsset
from edge_agent.site.mistakes import Finding
from edge_agent.site.parts import Parts
from edge_agent.site.schema import Control, Device, Site

MAX_POLL_S = 10.0
MAX_STALE_S = 60.0
MAX_APART_S = 15.0
"""Readings farther apart say nothing about each other, as the guard sees it."""
_WHY = "a setpoint may only rest on readings of the last seconds"


def pace_findings(parts: Parts) -> Iterator[Finding]:
    """Mistakes of a site that decides (shadow or enabled)."""
    decides = parts.agent is not None and parts.agent.control is not Control.OFF
    if decides and parts.grid is not None:
        yield from _too_old(parts.grid, parts.batteries, parts.devices)


def pace_advice(site: Site) -> Iterator[Finding]:
    """The same of a site that only looks, as warnings."""
    if site.agent.control is Control.OFF:
        batteries = dict(enumerate(site.assets.battery))
        yield from _too_old(site.assets.grid, batteries, dict(enumerate(site.devices)))


def apart_advice(site: Site) -> Iterator[Finding]:
    """Heat pumps that cannot be held against the meter under a limit of the grid operator."""
    signals = site.assets.grid.operator_signals
    if not any(signal.limit_on == "site_import" for signal in signals):
        return
    powers = [pump.power for pump in site.assets.heat_pumps if pump.power is not None]
    metering = {power.split(".")[0] for power in powers}
    for index, device in enumerate(site.devices):
        if device.id in metering and device.poll_s >= MAX_APART_S:
            yield Finding(
                ("devices", index, "poll_s"),
                f"{device.poll_s:g} s is too slow for {device.id} under a limit on site_import: "
                f"read more than {MAX_APART_S:g} s apart from the meter its power says nothing, "
                "and the heat pump gets its least; set poll_s: 5",
            )


def _too_old(
    grid: GridAsset, batteries: Mapping[int, BatteryAsset], devices: Mapping[int, Device]
) -> Iterator[Finding]:
    commanded: dict[str, str] = {}
    for battery in batteries.values():
        for key in _rests_on(battery, grid):
            commanded.setdefault(key.split(".")[0], battery.id)
    for index, device in devices.items():
        if device.id not in commanded:
            continue
        whose = f"{device.id}, which battery {commanded[device.id]} is commanded by"
        if device.poll_s > MAX_POLL_S:
            given = "" if "poll_s" in device.model_fields_set else " (the default)"
            yield Finding(
                ("devices", index, "poll_s"),
                f"{device.poll_s:g} s{given} is too slow for {whose}: {_WHY}; set poll_s: 5",
            )
        if device.stale_s is not None and device.stale_s > MAX_STALE_S:
            yield Finding(
                ("devices", index, "stale_s"),
                f"{device.stale_s:g} s is too long for {whose}: {_WHY}; "
                f"set stale_s: {MAX_STALE_S:g} or less",
            )


def _rests_on(battery: BatteryAsset, grid: GridAsset) -> Iterator[str]:
    """The points without which its setpoint may not stand."""
    yield from (grid.meter, battery.soc, battery.power)
    yield from (one.meter for one in grid.circuits if one.name in battery.circuits)
    told = (
        battery.charge_limit,
        battery.discharge_limit,
        battery.charge_limit_a,
        battery.discharge_limit_a,
        battery.voltage,
        battery.current,
        battery.alarms,
        battery.contactor,
    )
    yield from (key for key in told if key is not None)
