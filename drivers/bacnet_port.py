"""Opening a UDP port for BACnet/IP so that a taken one is an error and not a dead device."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TypeVar

from bacpypes3.ipv4.app import ForeignApplication, NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import IPv4Address

from drivers.types import SetupError

Kind = TypeVar("Kind", bound=NormalApplication | ForeignApplication)
_BIND_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.005


def parse_listen(listen: str) -> IPv4Address:
    """`host/bits:port` as an address; SetupError when it is none."""
    try:
        return IPv4Address(listen)
    except (ValueError, TypeError, RuntimeError) as error:
        msg = f"BACnet listen address {listen!r} is not host/bits:port: {error}"
        raise SetupError(msg) from error


def probe(address: IPv4Address) -> None:
    """Raise SetupError naming the port unless it and its broadcast socket can be bound.

    bacpypes3 retries a failed bind silently for ever, and shares a port with another stack of the
    same user: both look like dead devices later.
    """
    _bind(address.addrTuple, shared=False)
    if address.addrBroadcastTuple != address.addrTuple:
        _bind(address.addrBroadcastTuple, shared=True)


def _bind(where: tuple[str, int], *, shared: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
        if shared:
            probing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            probing.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        try:
            probing.bind(where)
        except (OSError, OverflowError) as error:
            msg = f"BACnet cannot use UDP port {where[1]} on {where[0]}: {error}"
            raise SetupError(msg) from error


async def open_application(device: DeviceObject, listen: str, kind: type[Kind]) -> Kind:
    """A running application of `kind` on `listen`, its sockets bound; SetupError otherwise."""
    address = parse_listen(listen)
    probe(address)
    app: Kind = kind(device, address)
    foreign = isinstance(app, ForeignApplication)
    server = app.server if foreign else app.normal.server
    wants_broadcast = not foreign and address.addrBroadcastTuple != address.addrTuple

    def bound() -> bool:
        return server.local_transport is not None and (
            not wants_broadcast or server.broadcast_transport is not None
        )

    if not await becomes_true(bound, _BIND_WITHIN_S):
        app.close()
        msg = f"BACnet UDP port {address.addrTuple[1]} did not open within {_BIND_WITHIN_S} s"
        raise SetupError(msg)
    return app


async def close_application(app: NormalApplication | ForeignApplication, settle_s: float) -> None:
    """Close the sockets once no request of ours waits for its reply, at most after `settle_s`.

    A retry of a request that outlives its socket would fail in a task nobody awaits.
    """
    await becomes_true(lambda: not app.asap.clientTransactions, settle_s)
    for waiting in (*app.asap.clientTransactions, *app.asap.serverTransactions):
        waiting.stop_timer()
    app.close()
    await asyncio.sleep(0)


async def becomes_true(condition: Callable[[], bool], within_s: float) -> bool:
    """Look every 5 ms: bacpypes3 signals neither."""
    for _ in range(int(within_s / _LOOK_EVERY_S)):
        if condition():
            return True
        await asyncio.sleep(_LOOK_EVERY_S)
    return condition()
