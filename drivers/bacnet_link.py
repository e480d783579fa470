"""One BACnet/IP port of ours, shared by every device behind it: one request a device at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bacpypes3.apdu import ErrorRejectAbortNack
from bacpypes3.errors import AbortException, RejectException
from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet_port import close_application, open_application, parse_listen
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
    ) -> None:
        if not _HIGHEST_PRIORITY <= write_priority <= _LOWEST_PRIORITY:
            msg = f"write_priority must be 9..16 (1..8 are for safety and staff): {write_priority}"
            raise SetupError(msg)
        parse_listen(listen)
        self.listen = listen
        self.write_priority = write_priority
        self.timeout_s = timeout_s
        self.clock = clock
        self._device_id = device_id
        self._app: NormalApplication | None = None
        self._users = 0
        self._opening = asyncio.Lock()
        self._turns: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._silent_at_s: dict[Address, float] = {}

    async def open(self) -> None:
        """Bind the port; SetupError naming it when it is taken."""
        async with self._opening:
            if self._app is None:
                self._app = await open_application(self._own_device(), self.listen)
            self._users += 1

    async def close(self) -> None:
        """Let go of the port once as many have closed as have opened."""
        async with self._opening:
            self._users = max(0, self._users - 1)
            if self._users or self._app is None:
                return
            app, self._app = self._app, None
            await close_application(app, settle_s=self.timeout_s + 0.5)

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
        """Who answers a Who-Is within the timeout: at `address`, or by broadcast on our port."""
        app = self._running()
        target = None if address is None else parse_address(address)
        answers = await app.who_is(lowest, highest, target, timeout=self.timeout_s)
        found = {Found(int(a.iAmDeviceIdentifier[1]), str(a.pduSource)) for a in answers}
        return sorted(found, key=lambda device: (device.device_id, device.address))

    def _running(self) -> NormalApplication:
        if self._app is None:
            msg = f"the BACnet port {self.listen} is closed"
            raise LinkDownError(msg)
        return self._app

    async def _ask(
        self, address: Address, call: Callable[[NormalApplication], Awaitable[object]]
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

    async def _guarded(self, call: Callable[[NormalApplication], Awaitable[object]]) -> object:
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
