"""A connection that answers or raises our own errors.

Replies are checked for function, unit and length, which pymodbus leaves to its caller.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from drivers.modbus_target import Target
from drivers.modbus_wire import Wire
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


class UnreachableError(LinkTimeoutError):
    """The gateway answered for a unit that does not."""


class Connection:
    """One wire whose replies are checked and whose faults are driver errors."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._wire = Wire(target, timeout_s)

    @property
    def connected(self) -> bool:
        """Whether requests can be sent."""
        return self._wire.is_active()

    @property
    def last_byte_s(self) -> float:
        """Loop time of the last byte received."""
        return self._wire.last_byte_s

    async def connect(self) -> None:
        """Connect; LinkDownError when nobody is there."""
        if not await self._wire.connect():
            self.close()
            msg = "cannot connect"
            raise LinkDownError(msg)
        if self._target.line is None:
            _keep_alive(self._wire.transport.get_extra_info("socket"))

    def close(self) -> None:
        """Close; a request that waits ends with LinkDownError."""
        self._wire.hang_up()

    async def read(
        self, unit: int, function: Function, address: int, count: int, patience_s: float
    ) -> tuple[int, ...]:
        """`count` registers within so many seconds; one of the driver errors otherwise."""
        ask = partial(self._wire.read, unit, function, address, count, patience_s)
        reply = await self._ask(ask, patience_s)
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
        patience_s = self._timeout_s
        ask = partial(self._wire.write, unit, function, address, registers, patience_s)
        reply = await self._ask(ask, patience_s)
        _check(reply, unit, function)
        self._check_alone(_RTU_WRITE_REPLY)
        if reply.address != address:
            msg = f"wrote {address}, the reply confirms {reply.address}"
            raise BadReplyError(msg)

    def _check_alone(self, expected: int) -> None:
        """Raise unless exactly one reply came: frames without ids cannot tell two apart."""
        if self._target.rtu and self._wire.heard != expected:
            msg = f"{self._wire.heard} bytes came where the reply has {expected}"
            raise BadReplyError(msg)

    async def _ask(self, ask: Callable[[], Awaitable[ModbusPDU]], patience_s: float) -> ModbusPDU:
        """One request and its reply, with pymodbus's errors turned into ours."""
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
