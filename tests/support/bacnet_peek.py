"""A look at a BACnet device with a client of its own."""

from __future__ import annotations

import socket

from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.primitivedata import ObjectIdentifier

SLOTS = 16


def free_udp_port() -> int:
    """A UDP port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def priority_array(port: int, target: str) -> list[float | None]:
    """The sixteen slots of an object of the device on that loopback port."""
    own = DeviceObject(
        objectIdentifier=("device", 999), objectName="peek", vendorIdentifier=999, apduTimeout=1000
    )
    app = NormalApplication(own, IPv4Address(f"127.0.0.1/8:{free_udp_port()}"))
    try:
        array = await app.read_property(
            Address(f"127.0.0.1:{port}"), ObjectIdentifier(target), "priority-array"
        )
        slots = [getattr(array[index], array[index]._choice) for index in range(SLOTS)]
        return [float(slot) if isinstance(slot, int | float) else None for slot in slots]
    finally:
        app.close()
