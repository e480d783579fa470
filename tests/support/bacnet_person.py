"""A person at the panel: writes into a BACnet device with a client of their own."""

from __future__ import annotations

from bacnet_peek import free_udp_port
from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.primitivedata import Null, ObjectIdentifier, Real


async def write_slot(port: int, target: str, priority: int, value: float | None) -> None:
    """Write the present value with that priority; None relinquishes the slot."""
    own = DeviceObject(
        objectIdentifier=("device", 998),
        objectName="panel",
        vendorIdentifier=999,
        apduTimeout=1000,
    )
    app = NormalApplication(own, IPv4Address(f"127.0.0.1/8:{free_udp_port()}"))
    try:
        refused = await app.write_property(
            Address(f"127.0.0.1:{port}"),
            ObjectIdentifier(target),
            "present-value",
            Null(()) if value is None else Real(value),
            None,
            priority,
        )
        assert refused is None, f"{target} refused: {refused}"
    finally:
        app.close()
