"""The one place that touches pymodbus: a connection that answers or raises our own errors.

Replies are checked for function, unit and length, which pymodbus leaves to its caller.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast
from urllib.parse import urlsplit

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from drivers.modbus_tty import Line, open_tty, parse_line
from drivers.readplan import Function
from drivers.types import (
    BadReplyError,
    DeviceBusyError,
    DeviceRefusedError,
    LinkDownError,
    LinkTimeoutError,
    SetupError,
)

WRITE_SINGLE: Final = 6
WRITE_MULTIPLE: Final = 16
ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
_BUSY = (5, 6)
_UNREACHABLE = (10, 11)
_RTU_READ_OVERHEAD = 5
"""Bytes around the registers of a reply: unit, function, count and checksum."""
_RTU_WRITE_REPLY = 8
_NEVER = 1_000_000
"""Unanswered requests before pymodbus would close the connection by itself."""

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


class Connection:
    """One pymodbus client without its retries, reconnects and logging."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        # Time-outs and broken replies come back as errors here; pymodbus would log each as well.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._target = target
        self._timeout_s = timeout_s
        self._waiting = False
        self._heard = 0
        self.last_byte_s = 0.0
        """Loop time of the last byte received."""
        self._loop = asyncio.get_running_loop()
        self._client = AsyncModbusTcpClient(
            target.host or "localhost",
            framer=FramerType.RTU if target.rtu else FramerType.SOCKET,
            port=target.port,
            reconnect_delay=0,
            timeout=timeout_s,
            retries=0,
            trace_packet=self._packet,
            trace_connect=self._changed,
        )
        self._client.set_max_no_responses(_NEVER)
        if target.line is not None:
            self._client.ctx.call_create = partial(
                open_tty, target.line, cast("asyncio.Protocol", self._client.ctx)
            )

    @property
    def connected(self) -> bool:
        """Whether requests can be sent."""
        return self._client.connected

    def _packet(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001 - pymodbus calls it so
        """Note when bytes come in, and how many stand together unread."""
        if not sending:
            self.last_byte_s = self._loop.time()
            self._heard = max(self._heard, len(data))
        return data

    def _changed(self, connected: bool) -> None:  # noqa: FBT001 - pymodbus calls it so
        """A connection lost while a request waits ends the request at once, not at its time-out."""
        future = self._client.ctx.response_future
        if not connected and self._waiting and not future.done():
            future.set_exception(ConnectionException("closed by the peer"))

    async def connect(self) -> None:
        """Connect; LinkDownError when nobody is there."""
        if not await self._client.connect():
            self.close()
            msg = "cannot connect"
            raise LinkDownError(msg)
        if self._target.line is None:
            _keep_alive(self._client.ctx.transport.get_extra_info("socket"))

    def close(self) -> None:
        """Close; a request that waits ends with LinkDownError."""
        self._client.close()
        self._changed(connected=False)

    async def read(
        self, unit: int, function: Function, address: int, count: int, patience_s: float
    ) -> tuple[int, ...]:
        """`count` registers within so many seconds; one of the driver errors otherwise."""
        ask = (
            self._client.read_holding_registers
            if function is Function.HOLDING
            else self._client.read_input_registers
        )
        request = partial(ask, address, count=count, device_id=unit)
        reply = await self._ask(request, patience_s)
        _check(reply, unit, function)
        self._check_alone(_RTU_READ_OVERHEAD + 2 * len(reply.registers))
        if len(reply.registers) != count:
            msg = f"short reply: {len(reply.registers)} of {count} registers at {address}"
            raise BadReplyError(msg)
        return tuple(reply.registers)

    async def write(
        self, unit: int, function: int, address: int, registers: tuple[int, ...]
    ) -> None:
        """Write registers with function 6 or 16; one of the driver errors otherwise."""
        if function == WRITE_SINGLE:
            ask = partial(self._client.write_register, address, registers[0], device_id=unit)
        else:
            ask = partial(self._client.write_registers, address, list(registers), device_id=unit)
        reply = await self._ask(ask, self._timeout_s)
        _check(reply, unit, function)
        self._check_alone(_RTU_WRITE_REPLY)
        if reply.address != address:
            msg = f"wrote {address}, the reply confirms {reply.address}"
            raise BadReplyError(msg)

    def _check_alone(self, expected: int) -> None:
        """Raise unless exactly one reply came: frames without ids cannot tell two apart."""
        if self._target.rtu and self._heard != expected:
            msg = f"{self._heard} bytes came where the reply has {expected}"
            raise BadReplyError(msg)

    async def _ask(self, ask: Callable[[], Awaitable[ModbusPDU]], patience_s: float) -> ModbusPDU:
        """One request and its reply, with pymodbus's errors turned into ours."""
        self._client.ctx.comm_params.timeout_connect = patience_s
        self._waiting = True
        self._heard = 0
        try:
            return await ask()
        except ConnectionException as error:
            msg = "connection lost"
            raise LinkDownError(msg) from error
        except ModbusIOException as error:
            msg = f"nothing within {patience_s:.3g} s"
            raise LinkTimeoutError(msg) from error
        except ModbusException as error:
            raise BadReplyError(str(error)) from error
        except (ValueError, struct.error) as error:
            msg = f"request cannot be encoded: {error}"
            raise SetupError(msg) from error
        finally:
            self._waiting = False


def _check(reply: ModbusPDU, unit: int, function: int) -> None:
    """Raise unless the reply is a success of this unit and function."""
    if reply.dev_id != unit:
        msg = f"asked unit {unit}, unit {reply.dev_id} answered"
        raise BadReplyError(msg)
    if reply.function_code & 0x7F != function:
        msg = f"asked function {function}, function {reply.function_code & 0x7F} answered"
        raise BadReplyError(msg)
    if not reply.isError():
        return
    code = reply.exception_code
    text = f"exception {code} ({_CODES.get(code, 'unknown')})"
    if code in _BUSY:
        raise DeviceBusyError(text)
    if code in _UNREACHABLE:
        raise UnreachableError(text)
    raise DeviceRefusedError(text, code)


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel find a half-open connection within about half a minute."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)
