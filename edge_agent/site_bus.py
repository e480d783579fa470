"""A connection to a broker of the site file; paho is loaded with the first one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drivers.types import Clock
from edge_agent.site.schema import MqttLink

if TYPE_CHECKING:
    from drivers.mqtt import MqttLink as Wire


def mqtt_wire(link: MqttLink, clock: Clock) -> Wire:
    """Not opened yet; raises OSError when the password file cannot be read, SetupError."""
    from drivers.mqtt import MqttLink as Wire

    password = ""
    if link.password_file:
        password = Path(link.password_file).read_text(encoding="utf-8").strip()
    return Wire(
        f"{link.url}?version={link.version}",
        username=link.username,
        password=password,
        ca_file=link.ca_file,
        timeout_s=link.timeout_s,
        clock=clock,
    )
