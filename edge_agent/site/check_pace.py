"""What a battery's setpoint rests on is read often enough: its own device and the site's meter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge_agent.site.mistakes import Finding
from edge_agent.site.parts import Parts
from edge_agent.site.schema import BatteryAsset, Control, Device, Site

MAX_POLL_S = 10.0
MAX_STALE_S = 60.0
_WHY = "a setpoint may only rest on readings of the last seconds"


def pace_findings(parts: Parts) -> Iterator[Finding]:
    """Mistakes of a site that decides (shadow or enabled)."""
    decides = parts.agent is not None and parts.agent.control is not Control.OFF
    if decides and parts.grid is not None:
        yield from _too_old(parts.grid.meter, parts.batteries, parts.devices)


def pace_advice(site: Site) -> Iterator[Finding]:
    """The same of a site that only looks, as warnings."""
    if site.agent.control is Control.OFF:
        batteries = dict(enumerate(site.assets.battery))
        yield from _too_old(site.assets.grid.meter, batteries, dict(enumerate(site.devices)))


def _too_old(
    meter: str, batteries: Mapping[int, BatteryAsset], devices: Mapping[int, Device]
) -> Iterator[Finding]:
    commanded: dict[str, str] = {}
    for battery in batteries.values():
        for key in (meter, battery.soc, battery.power):
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
