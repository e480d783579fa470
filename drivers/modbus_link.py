"""One Modbus link shared by its units: serialised, reconnecting, and clean after a late reply.

All waiting here is wall time: a bus does not run faster because the plant's clock does. Only the
moment of a reply is taken from the plant's Clock.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from drivers.modbus_breaker import Backoff, Breaker
from drivers.modbus_client import WRITE_MULTIPLE, Connection, UnreachableError
from drivers.modbus_target import parse_url
from drivers.readplan import Function
from drivers.types import (
    BadReplyError,
    Clock,
    DeviceBusyError,
    DriverError,
    LinkDownError,
    LinkTimeoutError,
)

QUIET_S = 0.05
"""Silence after a late reply that says it is over."""
LONGEST_DRAIN_S = 10.0
SILENT_TO_REOPEN = 3
FULL_PROBE = 6
SHORTEST_PROBE_S = 0.1
PROBE_REPLIES = 5.0
"""Times the usual reply that a probe waits."""
BUSY_PAUSES_S = (0.05, 0.2)


@dataclass(frozen=True, slots=True)
class Reply:
    """Registers and the plant time at which they arrived."""

    registers: tuple[int, ...]
    at: datetime


class ModbusLink:
    """The link to one host:port or serial line; every unit behind it uses this one object."""

    def __init__(self, url: str, *, timeout_s: float, clock: Clock) -> None:
        self.url = url
        self.timeout_s = timeout_s
        self.settle_s = 0.0
        """Rest after connecting, the longest that a device on the link asks for."""
        self.connects = 0
        self._target = parse_url(url)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._backoff = Backoff()
        self._breakers: dict[int, Breaker] = {}
        self._users = 0
        self._silent = 0
        self._dirty_until_s: float | None = None
        self._asked_s = self._done_s = 0.0
        self._slowest_s = self._usual_s = timeout_s

    def attach(self) -> None:
        """One more device uses the link."""
        self._users += 1

    async def detach(self) -> None:
        """One device less; the last one closes it."""
        self._users = max(0, self._users - 1)
        if self._users == 0:
            await self.close()

    async def close(self) -> None:
        """Close the connection; the next request opens it again."""
        async with self._lock:
            self._drop()

    async def read(self, unit: int, function: Function, address: int, count: int) -> Reply:
        """`count` registers of `unit`, asked again once after a lost reply; or a DriverError."""
        try:
            return await self._patiently(unit, function, address, count)
        except (LinkTimeoutError, LinkDownError, BadReplyError):
            if self._breaker(unit).open or self._backoff.wait_s(self._now_s()) > 0:
                raise
            return await self._patiently(unit, function, address, count)

    async def _patiently(self, unit: int, function: Function, address: int, count: int) -> Reply:
        """Ask again, a few times, a device that says it is busy."""
        for pause_s in BUSY_PAUSES_S:
            try:
                return await self._read_once(unit, function, address, count)
            except DeviceBusyError:
                await asyncio.sleep(pause_s)
        return await self._read_once(unit, function, address, count)

    async def _read_once(self, unit: int, function: Function, address: int, count: int) -> Reply:
        breaker = self._breaker(unit)
        async with self._lock:
            connection = await self._clear(unit, breaker)
            try:
                patience_s = self._patience_s(breaker)
                registers = await connection.read(unit, function, address, count, patience_s)
                reply = Reply(registers, self._clock.now())
            except (DriverError, asyncio.CancelledError) as error:
                self._book_failure(error, breaker)
                raise
            self._book_success(breaker)
            return reply

    async def write(
        self, unit: int, address: int, registers: tuple[int, ...], function: int = WRITE_MULTIPLE
    ) -> None:
        """Write registers of `unit`, sent once: who gets no reply has to read before he repeats."""
        for pause_s in BUSY_PAUSES_S:
            try:
                return await self._write_once(unit, address, registers, function)
            except DeviceBusyError:
                await asyncio.sleep(pause_s)
        return await self._write_once(unit, address, registers, function)

    async def _write_once(
        self, unit: int, address: int, registers: tuple[int, ...], function: int
    ) -> None:
        breaker = self._breaker(unit)
        async with self._lock:
            connection = await self._clear(unit, breaker)
            try:
                await connection.write(unit, function, address, registers)
            except (DriverError, asyncio.CancelledError) as error:
                self._book_failure(error, breaker)
                raise
            self._book_success(breaker)

    async def _clear(self, unit: int, breaker: Breaker) -> Connection:
        """The connection, up and clean, for the caller who holds the lock."""
        wait_s = breaker.wait_s(self._now_s()) if breaker.open else 0.0
        if wait_s > 0:
            msg = f"unit {unit} does not answer, next try in {wait_s:.0f} s"
            raise LinkTimeoutError(msg)
        connection = await self._ready()
        self._asked_s = self._now_s()
        return connection

    def _patience_s(self, breaker: Breaker) -> float:
        """How long to wait: a unit thought dead gets a few times what replies usually take.

        Every sixth probe has the whole time-out, for a unit that is slow by nature.
        """
        if not breaker.open or breaker.failures % FULL_PROBE == 0:
            return self.timeout_s
        return min(self.timeout_s, max(SHORTEST_PROBE_S, PROBE_REPLIES * self._usual_s))

    def _book_success(self, breaker: Breaker) -> None:
        self._done_s = self._now_s()
        self._usual_s = max(self._done_s - self._asked_s, 0.95 * self._usual_s)
        self._silent = 0
        if breaker.failures:
            breaker.succeed()

    def _book_failure(self, error: BaseException, breaker: Breaker) -> None:
        """Charge the unit or the link, and mark a serial link whose reply may still come."""
        self._done_s = self._now_s()
        if isinstance(error, asyncio.CancelledError):
            self._soil()
        elif isinstance(error, LinkDownError):
            self._drop()
        elif isinstance(error, UnreachableError):
            breaker.fail(self._now_s())
            self._silent = 0
        elif isinstance(error, LinkTimeoutError):
            self._soil()
            breaker.fail(self._now_s())
            self._silent += 1
            if self._silent >= SILENT_TO_REOPEN and all(
                b.failures for b in self._breakers.values()
            ):
                self._drop()
        elif isinstance(error, BadReplyError):
            self._soil()
        else:
            breaker.succeed()
            self._silent = 0

    def _breaker(self, unit: int) -> Breaker:
        breaker = self._breakers.get(unit)
        if breaker is None:
            breaker = self._breakers[unit] = Breaker()
        return breaker

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def _soil(self) -> None:
        """Remember that a reply may still come that no id would tell from the next one."""
        if self._target.rtu:
            self._dirty_until_s = self._asked_s + self.timeout_s + self._slowest_s

    def _drop(self) -> None:
        """Close the connection; what was owed on it cannot come any more."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._silent = 0
        if self._target.line is None:
            self._dirty_until_s = None

    async def _ready(self) -> Connection:
        """A connected and drained connection; LinkDownError while it rests after a failure."""
        connection = self._connection
        if connection is not None and connection.connected:
            await self._drain(connection)
            return connection
        wait_s = self._backoff.wait_s(self._now_s())
        if wait_s > 0:
            msg = f"{self.url} is down, next try in {wait_s:.0f} s"
            raise LinkDownError(msg)
        self._drop()
        connection = Connection(self._target, self.timeout_s)
        try:
            await connection.connect()
        except LinkDownError as error:
            self._backoff.fail(self._now_s())
            msg = f"{self.url}: {error}"
            raise LinkDownError(msg) from error
        except asyncio.CancelledError:
            connection.close()
            raise
        self._backoff.succeed()
        self._connection = connection
        self.connects += 1
        await asyncio.sleep(self.settle_s)
        await self._drain(connection)
        return connection

    async def _drain(self, connection: Connection) -> None:
        """Let a late reply pass: until it has come and gone, or long enough for the slowest."""
        if self._target.rtu and connection.last_byte_s > self._done_s:
            self._soil()
        while self._dirty_until_s is not None:
            now_s = self._now_s()
            came = connection.last_byte_s > self._done_s
            quiet_s = now_s - connection.last_byte_s
            if came and quiet_s < QUIET_S:
                await asyncio.sleep(QUIET_S - quiet_s)
            elif came or now_s >= self._dirty_until_s:
                lateness_s = connection.last_byte_s - self._asked_s
                self._slowest_s = min(LONGEST_DRAIN_S, max(self._slowest_s, lateness_s))
                self._dirty_until_s = None
            else:
                await asyncio.sleep(min(QUIET_S, self._dirty_until_s - now_s))
