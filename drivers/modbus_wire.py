"""pymodbus on one connection: its frames, PDUs and transactions, without retries and reconnects.

Its clients are left out: they wrap the same transactions, and take 0.6 MB to import.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Mapping
from functools import partial

from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)
from pymodbus.transaction import TransactionManager
from pymodbus.transport import CommParams, CommType

from drivers.modbus_target import Target
from drivers.modbus_tty import open_tty
from drivers.readplan import Function

_READS: Mapping[Function, type[ModbusPDU]] = {
    Function.HOLDING: ReadHoldingRegistersRequest,
    Function.INPUT: ReadInputRegistersRequest,
}
_WRITES: Mapping[int, type[ModbusPDU]] = {
    6: WriteSingleRegisterRequest,
    16: WriteMultipleRegistersRequest,
}
HIGHEST_UNIT = 255


class _Holding(ReadHoldingRegistersResponse):
    """The reply to a read, unpacked in one go."""

    def decode(self, data: bytes) -> None:
        """Registers of the bytes behind the function code."""
        size = data[0]
        if size >= len(data):
            msg = f"{size} bytes announced, {len(data) - 1} came"
            raise ModbusIOException(msg)
        self.registers = struct.unpack_from(f">{size // 2}H", data, 1)

    def __str__(self) -> str:
        """Short: pymodbus asks for it with every reply, for a log that nobody reads."""
        return f"{len(self.registers)} registers"


class _Input(_Holding):
    """The same of input registers."""

    function_code = 4


class Wire(TransactionManager, asyncio.Protocol):
    """One connection to a peer; every call must come from the loop it was made on."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        # Time-outs and broken replies are raised to the caller; pymodbus would log each as well.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        params = CommParams(
            comm_name="modbus",
            comm_type=CommType.TCP,
            host=target.host or "localhost",
            port=target.port,
            reconnect_delay=0.0,
            timeout_connect=timeout_s,
        )
        replies = DecodePDU(is_server=False)
        replies.register(_Holding)
        replies.register(_Input)
        framer = (FramerRTU if target.rtu else FramerSocket)(replies)
        super().__init__(params, framer, 0, False, None, None, None)  # noqa: FBT003 - its order
        self.response_future.cancel()
        if target.line is not None:
            self.call_create = partial(open_tty, target.line, self)
        self.heard = 0
        """Most bytes that stood together unread since the last request."""
        self.last_byte_s = 0.0
        """Loop time of the last byte received."""

    def data_received(self, data: bytes) -> None:
        """Frames that make no sense end the request that waits, and nothing else."""
        self.last_byte_s = self.loop.time()
        self.heard = max(self.heard, len(self.recv_buffer) + len(data))
        try:
            super().data_received(data)
        except ModbusException as error:
            self.recv_buffer = b""
            self._fail(ModbusException(str(error)))

    def callback_disconnected(self, exc: Exception | None) -> None:
        """A connection lost while a request waits ends it at once, not at its time-out."""
        super().callback_disconnected(exc)
        self._fail(ConnectionException("closed by the peer"))

    def hang_up(self) -> None:
        """Close; a request that waits ends with ConnectionException."""
        self.close()
        self._fail(ConnectionException("closed"))

    def _expire(self) -> None:
        self._fail(ModbusIOException("no reply"))

    def _fail(self, error: ModbusException) -> None:
        if not self.response_future.done():
            self.response_future.set_exception(error)

    def read(
        self, unit: int, function: Function, address: int, count: int, patience_s: float
    ) -> Awaitable[ModbusPDU]:
        """The reply to a read of registers; ValueError for what no frame can hold."""
        kind = _READS[function]
        return self._once(kind(dev_id=_checked(unit), address=address, count=count), patience_s)

    def write(
        self,
        unit: int,
        function: int,
        address: int,
        registers: tuple[int, ...],
        patience_s: float,
    ) -> Awaitable[ModbusPDU]:
        """The reply to function 6 (one register) or 16; ValueError or struct.error as above."""
        request = _WRITES[function](dev_id=_checked(unit), address=address, registers=registers)
        return self._once(request, patience_s)

    async def _once(self, request: ModbusPDU, patience_s: float) -> ModbusPDU:
        """Send, and wait for the reply or the time-out; a ModbusException when none came.

        pymodbus's own `execute` takes a detour through `wait_for`, connects by itself, and
        closes the line of all units when one of them has been silent for a while.
        """
        if not self.transport:
            msg = "not connected"
            raise ConnectionException(msg)
        request.transaction_id = self.getNextTID()
        self.heard = 0
        self.pdu_send(request)
        self.response_future = self.loop.create_future()
        timer = self.loop.call_later(patience_s, self._expire)
        try:
            reply: ModbusPDU = await self.response_future
            return reply
        finally:
            timer.cancel()


def _checked(unit: int) -> int:
    """The unit; ValueError when no frame can hold it."""
    if not 0 <= unit <= HIGHEST_UNIT:
        msg = f"unit {unit} is not in 0..{HIGHEST_UNIT}"
        raise ValueError(msg)
    return unit
