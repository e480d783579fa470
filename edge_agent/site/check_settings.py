"""Site, agent, planning and cloud: settings that need each other."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from edge_agent.site.check_alerts import alert_findings
from edge_agent.site.mistakes import Finding
from edge_agent.site.parts import Parts
from edge_agent.site.schema import Cloud, Planning
from edge_agent.site.wording import show

_MIN_STEPS = 4
_GRADED_STEP_H = 0.25


def setting_findings(parts: Parts) -> Iterator[Finding]:
    """What is wrong with the settings that are no device and no asset."""
    if parts.site is not None and not is_zone(parts.site.timezone):
        yield Finding(("site", "timezone"), _no_zone(parts.site.timezone))
    yield from _page(parts)
    if parts.planning is not None:
        yield from _planning(parts.planning)
    if parts.alerts is not None:
        yield from alert_findings(parts.alerts)
    if parts.cloud is not None:
        yield from _cloud(parts.cloud)


def is_zone(name: str) -> bool:
    """Whether the time zone database has that zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _no_zone(name: str) -> str:
    nearest = get_close_matches(name, sorted(available_timezones()), n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else "write it like Europe/Berlin"
    return f"{name!r} is not a time zone: {hint}"


def _page(parts: Parts) -> Iterator[Finding]:
    if parts.agent is not None and not is_loopback(parts.agent.web_host):
        yield Finding(
            ("agent", "web_host"),
            f"{show(parts.agent.web_host)} is not allowed: the page has no password: "
            "use 127.0.0.1 and a tunnel",
        )


def _planning(planning: Planning) -> Iterator[Finding]:
    if 60 % planning.step_min:
        yield Finding(
            ("planning", "step_min"),
            f"{planning.step_min} does not divide the hour: use 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, "
            "30 or 60",
        )
        return
    even = planning.grid == "even"
    step_h = planning.step_min / 60 if even else _GRADED_STEP_H
    steps = planning.horizon_h / step_h
    if not math.isclose(steps, round(steps)):
        yield Finding(
            ("planning", "horizon_h"),
            f"{planning.horizon_h:g} h is not a whole number of steps of {step_h * 60:g} min",
        )
    elif steps < _MIN_STEPS:
        yield Finding(
            ("planning", "horizon_h"),
            f"{planning.horizon_h:g} h holds only {steps:g} steps of {step_h * 60:g} min: "
            f"plan at least {_MIN_STEPS} steps ahead",
        )


def _cloud(cloud: Cloud) -> Iterator[Finding]:
    if cloud.transport == "none":
        return
    needed = ["endpoint", "thing"]
    if cloud.endpoint and not is_loopback(cloud.endpoint):
        needed += ["cert_file", "key_file", "ca_file"]
    for key in needed:
        if not getattr(cloud, key):
            yield Finding(("cloud", key), f"is missing: {_WHY[key]}")


_WHY = {
    "endpoint": "name the broker, or set transport: none",
    "thing": "give the name under which the cloud knows this gateway",
    "cert_file": "a broker beyond this machine is only spoken to with a device certificate",
    "key_file": "the certificate is of no use without its private key",
    "ca_file": "name the authority that the broker's certificate is checked against",
}


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
