"""One BACnet/IP port of ours, shared by every device behind it: one request a device at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bacpypes3.apdu import ErrorRejectAbortNack, SubscribeCOVRequest
from bacpypes3.errors import AbortException, RejectException
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet_app import Application, Notification, Port, open_port
from drivers.bacnet_foreign import Bbmd
from drivers.bacnet_port import parse_listen
from drivers.bacnet_values import Plain, command_value, fault, plain
from drivers.types import BadReplyError, Clock, LinkDownError, LinkTimeoutError, SetupError

_RETRIES = 1
_LOWEST_PRIORITY = 16
_HIGHEST_PRIORITY = 9
# A product needs an id assigned by ASHRAE; this one is the usual placeholder.
_VENDOR_ID = 999
# What bacpypes3 raises when a reply does not decode (its DecodingError is a ValueError).
_UNREADABLE = (
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    RejectException,
    AbortException,
)


Heard = Callable[[Notification], bool]
"""Takes the notifications of one process id; False refuses one for another object."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered a Who-Is."""

    device_id: int
    address: str


class BacnetLink:
    """The application all BACnet devices of a link share; `timeout_s` is wall time per request.

    `open` and `close` count their callers: the port closes with the last one.
    """

    def __init__(
        self,
        listen: str,
        device_id: int,
        *,
        write_priority: int = 13,
        timeout_s: float,
        clock: Clock,
        bbmd: Bbmd | None = None,
    ) -> None:
        if not _HIGHEST_PRIORITY <= write_priority <= _LOWEST_PRIORITY:
            msg = f"write_priority must be 9..16 (1..8 are for safety and staff): {write_priority}"
            raise SetupError(msg)
        self._own = parse_listen(listen)
        self.listen = listen
        self.write_priority = write_priority
        self.timeout_s = timeout_s
        self.clock = clock
        self._device_id = device_id
        self._bbmd = bbmd
        self._port: Port | None = None
        self._users = 0
        self._opening = asyncio.Lock()
        self._turns: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._silent_at_s: dict[Address, float] = {}
        self._heard: dict[int, Heard] = {}
        self._next_process_id = 1

    async def open(self) -> None:
        """Bind the port; SetupError naming it when it is taken."""
        async with self._opening:
            if self._port is None:
                own = self._own_device()
                self._port = await open_port(own, self.listen, self._bbmd, self._notified)
            self._users += 1

    async def close(self) -> None:
        """Let go of the port once as many have closed as have opened."""
        async with self._opening:
            self._users = max(0, self._users - 1)
            if self._users or self._port is None:
                return
            port, self._port = self._port, None
            await port.close(settle_s=self.timeout_s + 0.5)

    def _own_device(self) -> DeviceObject:
        return DeviceObject(
            objectIdentifier=("device", self._device_id),
            objectName=f"semdr-edge-{self._device_id}",
            vendorIdentifier=_VENDOR_ID,
            # bacpypes3 takes both from our own device object: 3 s x 4 when left alone.
            apduTimeout=max(1, int(self.timeout_s * 1000 / (_RETRIES + 1))),
            numberOfApduRetries=_RETRIES,
        )

    async def read_property(
        self, address: Address, target: ObjectIdentifier, prop: str, index: int | None = None
    ) -> Plain:
        """One property by ReadProperty; raises DriverError."""
        return plain(
            await self._ask(address, lambda app: app.read_property(address, target, prop, index))
        )

    async def read_multiple(
        self, address: Address, wanted: Sequence[tuple[ObjectIdentifier, Sequence[str]]]
    ) -> dict[tuple[str, str], Plain]:
        """One ReadPropertyMultiple, its items by (object, property); raises DriverError."""
        listed: list[object] = []
        for target, props in wanted:
            listed += [target, list(props)]
        rows = await self._ask(address, lambda app: app.read_property_multiple(address, listed))
        if not isinstance(rows, list):
            msg = "the answer to ReadPropertyMultiple is none"
            raise BadReplyError(msg)
        return {(str(target), str(prop)): plain(value) for target, prop, _, value in rows}

    async def command(
        self, address: Address, target: ObjectIdentifier, value: float | None
    ) -> None:
        """Write present-value at our priority, None relinquishes our slot; raises DriverError."""
        coded = command_value(str(target[0]), value)
        await self._ask(
            address,
            lambda app: app.write_property(
                address, target, "present-value", coded, None, self.write_priority
            ),
        )

    async def discover(
        self, address: str | None, lowest: int = 0, highest: int = 4_194_302
    ) -> list[Found]:
        """Who answers a Who-Is within the timeout: at `address`, or by broadcast on our port.

        As a foreign device the broadcast goes through the BBMD; DriverError when that is away.
        """
        app = self._running()
        target = None if address is None else parse_address(address)
        if target is None and self._port is not None:
            await self._port.registered(self.timeout_s)
        answers = await app.who_is(lowest, highest, target, timeout=self.timeout_s)
        found = {Found(int(a.iAmDeviceIdentifier[1]), str(a.pduSource)) for a in answers}
        return sorted(found, key=lambda device: (device.device_id, device.address))

    def expect(self, heard: Heard) -> int:
        """A process id of its own for one object; its notifications go to `heard` from now on."""
        process_id = self._next_process_id
        self._next_process_id += 1
        self._heard[process_id] = heard
        return process_id

    def forget(self, process_id: int) -> None:
        """End that."""
        self._heard.pop(process_id, None)

    async def subscribe_cov(
        self, address: Address, target: ObjectIdentifier, process_id: int, lifetime_s: int | None
    ) -> None:
        """Subscribe, renew, or (None) end a subscription to one object; raises DriverError."""
        if not isinstance(address, Address) or not isinstance(target, ObjectIdentifier):
            # bacpypes3 takes texts too: the request is never answered, or its notifications lost.
            msg = f"COV needs an Address and an ObjectIdentifier, not {address!r} and {target!r}"
            raise SetupError(msg)
        wish = {} if lifetime_s is None else {"lifetime": lifetime_s}
        request = SubscribeCOVRequest(
            subscriberProcessIdentifier=process_id,
            monitoredObjectIdentifier=target,
            destination=address,
            **wish,
        )
        if lifetime_s is not None:
            request.issueConfirmedNotifications = True
        await self._ask(address, lambda app: _requested(app, request))

    def refuse_self(self, address: Address) -> None:
        """SetupError when `address` is our own port, or on loopback just shares its number.

        bacpypes3 hands whatever goes to 127.x.x.x on our own port to ourselves.
        """
        if not isinstance(address, IPv4Address):
            return
        (host, port), (own_host, own_port) = address.addrTuple, self._own.addrTuple
        loops = host.startswith("127.") and own_host.startswith("127.")
        if port == own_port and (loops or host == own_host):
            msg = f"BACnet address {address} is our own port: a device there needs another one"
            raise SetupError(msg)

    def _notified(self, notification: Notification) -> bool:
        heard = self._heard.get(notification.process_id)
        return heard is not None and heard(notification)

    def _running(self) -> Application:
        if self._port is None:
            msg = f"the BACnet port {self.listen} is closed"
            raise LinkDownError(msg)
        return self._port.app

    async def _ask(
        self, address: Address, call: Callable[[Application], Awaitable[object]]
    ) -> object:
        """One request, in turn with the others to that address, every fault as DriverError."""
        asked_at_s = asyncio.get_running_loop().time()
        async with self._turns[address]:
            if self._silent_at_s.get(address, float("-inf")) >= asked_at_s:
                msg = f"{address} left the request before this one unanswered"
                raise LinkTimeoutError(msg)
            try:
                return await self._guarded(call)
            except LinkTimeoutError:
                self._silent_at_s[address] = asyncio.get_running_loop().time()
                raise

    async def _guarded(self, call: Callable[[Application], Awaitable[object]]) -> object:
        app = self._running()
        try:
            # bacpypes3 times out by itself; a send that fails in its own task never would.
            async with asyncio.timeout(3 * self.timeout_s + 0.5):
                return await call(app)
        except ErrorRejectAbortNack as error:
            raise fault(error) from error
        except TimeoutError as error:
            msg = "no end to the transaction"
            raise LinkTimeoutError(msg) from error
        except _UNREADABLE as error:
            msg = f"unreadable reply: {error}"
            raise BadReplyError(msg) from error


async def _requested(app: Application, request: SubscribeCOVRequest) -> None:
    """Send and raise the fault that bacpypes3 hands back as a value."""
    answer = await app.request(request)
    if isinstance(answer, ErrorRejectAbortNack):
        raise answer


def parse_address(address: str) -> Address:
    """A device's address (`host:port`, `net:station`); SetupError when it is none."""
    try:
        return Address(address)
    except (ValueError, TypeError, RuntimeError) as error:
        msg = f"BACnet address {address!r} is not host:port: {error}"
        raise SetupError(msg) from error


def parse_object(name: str) -> ObjectIdentifier:
    """`analog-value,7` as an identifier; SetupError when it is none."""
    try:
        return ObjectIdentifier(name)
    except (ValueError, TypeError) as error:
        msg = f"BACnet object {name!r} is not kind,instance: {error}"
        raise SetupError(msg) from error
