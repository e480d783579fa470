"""Free ports on loopback for everything the demo starts."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """One port per server; BACnet's are UDP."""

    modbus: int
    site_mqtt: int
    cloud_mqtt: int
    web: int
    bacnet_device: int
    bacnet_own: int


def free_ports(web_port: int = 0) -> Ports:
    """Ports that were free a moment ago, all different; `web_port` when that one is free."""
    tcp = _free(socket.SOCK_STREAM, 3)
    udp = _free(socket.SOCK_DGRAM, 2)
    return Ports(
        modbus=tcp[0],
        site_mqtt=tcp[1],
        cloud_mqtt=tcp[2],
        web=_web_port(web_port),
        bacnet_device=udp[0],
        bacnet_own=udp[1],
    )


def _free(kind: socket.SocketKind, count: int) -> list[int]:
    held = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def _web_port(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return _free(socket.SOCK_STREAM, 1)[0]
    return wanted or _free(socket.SOCK_STREAM, 1)[0]
