"""One connection to a Modbus peer: a request goes out, and its own reply or an error comes back.

Every reply is held against its request: transaction id, unit, function, length and address.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from drivers.modbus_frame import (
    ERROR_FLAG,
    SHORTEST_RTU,
    WRITE_MULTIPLE,
    WRITE_SINGLE,
    NoFrameError,
    read_pdu,
    registers_of,
    rtu_frame,
    take_rtu,
    take_tcp,
    tcp_frame,
    write_pdu,
)
from drivers.modbus_tty import Line, open_tty, parse_line
from drivers.readplan import Function
from drivers.types import (
    BadReplyError,
    DeviceBusyError,
    DeviceRefusedError,
    DriverError,
    LinkDownError,
    LinkTimeoutError,
    SetupError,
)

__all__ = ["WRITE_MULTIPLE", "WRITE_SINGLE", "Connection", "Target", "parse_url"]

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
_BUSY = (5, 6)
_UNREACHABLE = (10, 11)
_CONFIRMATION = 5
"""Bytes of the reply to a write."""
_MOST_NOISE = 1024
"""Bytes without a reply in them after which a serial line counts as broken."""

_CODES = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "busy",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a link leads: a TCP peer or a serial line, and whether its frames carry ids."""

    host: str = ""
    port: int = 0
    line: Line | None = None
    rtu: bool = False


def parse_url(url: str) -> Target:
    """`tcp://host:port`, `rtu+tcp://host:port` or `serial:/dev/...`; SetupError otherwise."""
    if url.startswith("serial:"):
        return Target(line=parse_line(url), rtu=True)
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("tcp", "rtu+tcp") or not parts.hostname or port is None:
        msg = f"{url}: write tcp://HOST:PORT, rtu+tcp://HOST:PORT or serial:/dev/NAME?baudrate=9600"
        raise SetupError(msg)
    return Target(host=parts.hostname, port=port, rtu=parts.scheme == "rtu+tcp")


class UnreachableError(LinkTimeoutError):
    """The gateway answered for a unit that does not."""


@dataclass(slots=True)
class _Waiting:
    """The one request under way."""

    tid: int
    unit: int
    function: int
    reply: asyncio.Future[bytes]


class Connection(asyncio.Protocol):
    """One session: one request at a time, no retries, no reconnects."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        self.last_byte_s = 0.0
        """Loop time of the last byte received."""
        self._target = target
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: _Waiting | None = None
        self._buffer = b""
        self._tid = 0

    @property
    def connected(self) -> bool:
        """Whether requests can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def connect(self) -> None:
        """Connect; LinkDownError when nobody is there."""
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._target.line is not None:
                    self._transport, _ = await open_tty(self._target.line, self)
                    return
                self._transport, _ = await self._loop.create_connection(
                    lambda: self, self._target.host, self._target.port
                )
        except OSError as error:
            msg = f"cannot connect: {error or 'no answer'}"
            raise LinkDownError(msg) from error
        _keep_alive(self._transport.get_extra_info("socket"))

    def close(self) -> None:
        """Close; a request that waits ends with LinkDownError."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        self._fail(LinkDownError("connection closed"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone: a request that waits ends at once, not at its time-out."""
        self._transport = None
        self._fail(LinkDownError(f"connection lost: {exc or 'closed by the peer'}"))

    def data_received(self, data: bytes) -> None:
        """Take what came; what belongs to no request is dropped."""
        self.last_byte_s = self._loop.time()
        buffer = self._buffer + data if self._buffer else data
        if self._waiting is not None and self._waiting.reply.done():
            self._waiting = None
        if not self._target.rtu:
            self._buffer = self._take_tcp(buffer)
        elif self._waiting is None:
            self._buffer = b""
        else:
            self._buffer = self._take_rtu(buffer, self._waiting)

    def _take_tcp(self, buffer: bytes) -> bytes:
        """Handle every whole frame, return what is left; a reply with an old id is late."""
        try:
            while (frame := take_tcp(buffer)) is not None:
                tid, unit, pdu, used = frame
                buffer = buffer[used:]
                waiting = self._waiting
                if waiting is not None and waiting.tid == tid:
                    self._answer(waiting, unit, pdu)
        except NoFrameError as error:
            self._fail(BadReplyError(str(error)))
            self.close()
            return b""
        return buffer

    def _take_rtu(self, buffer: bytes, waiting: _Waiting) -> bytes:
        found = take_rtu(buffer, waiting.unit, waiting.function)
        if found is not None:
            unit, pdu, end = found
            if len(buffer) - end >= SHORTEST_RTU:
                self._fail(BadReplyError("more came than one reply"))
            else:
                self._answer(waiting, unit, pdu)
            return b""
        if len(buffer) > _MOST_NOISE:
            self._fail(BadReplyError(f"{len(buffer)} bytes without a reply"))
            return b""
        return buffer

    def _answer(self, waiting: _Waiting, unit: int, pdu: bytes) -> None:
        """End the request with its reply, or with what is wrong about it."""
        self._waiting = None
        error = _fault(waiting, unit, pdu)
        if waiting.reply.done():
            return
        if error is None:
            waiting.reply.set_result(pdu)
        else:
            waiting.reply.set_exception(error)

    def _fail(self, error: DriverError) -> None:
        """End the request under way, if there is one."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.reply.done():
            waiting.reply.set_exception(error)

    def _expire(self, patience_s: float) -> None:
        heard = f", only {len(self._buffer)} stray bytes" if self._buffer else ""
        self._fail(LinkTimeoutError(f"nothing within {patience_s:.3g} s{heard}"))

    async def read(
        self, unit: int, function: Function, address: int, count: int, patience_s: float
    ) -> tuple[int, ...]:
        """`count` registers within so many seconds; one of the driver errors otherwise."""
        try:
            request = read_pdu(function, address, count)
        except ValueError as error:
            raise SetupError(str(error)) from error
        registers = registers_of(await self._ask(unit, request, patience_s))
        if len(registers) != count:
            msg = f"short reply: {len(registers)} of {count} registers at {address}"
            raise BadReplyError(msg)
        return registers

    async def write(
        self, unit: int, function: int, address: int, registers: tuple[int, ...]
    ) -> None:
        """Write registers with function 6 or 16; one of the driver errors otherwise."""
        try:
            request = write_pdu(function, address, registers)
        except ValueError as error:
            raise SetupError(str(error)) from error
        reply = await self._ask(unit, request, self._timeout_s)
        confirmed = int.from_bytes(reply[1:3], "big")
        if len(reply) != _CONFIRMATION or confirmed != address:
            msg = f"wrote {address}, the reply confirms {confirmed}"
            raise BadReplyError(msg)

    async def _ask(self, unit: int, pdu: bytes, patience_s: float) -> bytes:
        """The reply to one request; after an error or a cancellation nobody waits any more."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise LinkDownError("connection lost")
        self._tid = self._tid % 0xFFFF + 1
        waiting = _Waiting(self._tid, unit, pdu[0], self._loop.create_future())
        self._waiting = waiting
        if self._target.rtu:
            self._buffer = b""
            transport.write(rtu_frame(unit, pdu))
        else:
            transport.write(tcp_frame(self._tid, unit, pdu))
        timer = self._loop.call_later(patience_s, self._expire, patience_s)
        try:
            return await waiting.reply
        finally:
            timer.cancel()
            self._waiting = None


def _fault(waiting: _Waiting, unit: int, pdu: bytes) -> DriverError | None:
    """What is wrong with a reply, None for a success of the unit and function asked."""
    if unit != waiting.unit:
        return BadReplyError(f"asked unit {waiting.unit}, unit {unit} answered")
    function = pdu[0] & ~ERROR_FLAG
    if function != waiting.function:
        return BadReplyError(f"asked function {waiting.function}, function {function} answered")
    if not pdu[0] & ERROR_FLAG:
        return None
    code = pdu[1] if len(pdu) > 1 else 0
    text = f"exception {code} ({_CODES.get(code, 'unknown')})"
    if code in _BUSY:
        return DeviceBusyError(text)
    if code in _UNREACHABLE:
        return UnreachableError(text)
    return DeviceRefusedError(text, code)


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel find a half-open connection within about half a minute."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)
