"""A Modbus TCP server on plain asyncio, around simulated units."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable

from drivers.simulated.registers import (
    GATEWAY_NO_ANSWER,
    ILLEGAL_FUNCTION,
    ModbusFault,
    SimulatedUnit,
    sdm630_unit,
)
from drivers.simulated.sunspec import battery_unit, inverter_unit

__all__ = ["ModbusServer", "battery_unit", "inverter_unit", "sdm630_unit"]

_HEADER = struct.Struct(">HHHB")
_READS = (3, 4)
_WRITE_SINGLE = 6
_WRITE_MULTIPLE = 16
_MOST_REGISTERS = 125
_ILLEGAL_VALUE = 3


class ModbusServer:
    """Serves units on host:port (port 0 takes a free one, see `port` after start)."""

    def __init__(self, host: str, port: int, units: Iterable[SimulatedUnit]) -> None:
        self.host = host
        self.port = port
        self.units = {unit.unit_id: unit for unit in units}
        self.accepts = 0
        self.requests = 0
        self.write_frames = 0
        """Write requests received, whatever became of them."""
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Session(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection, and end the units' timers; may be started again."""
        if self._server is not None:
            self._server.close()
            for session in tuple(self._sessions):
                session.abort()
            await self._server.wait_closed()
            self._server = None
        for unit in self.units.values():
            await unit.stop()

    def joined(self, session: _Session) -> None:
        """A client has connected."""
        self.accepts += 1
        self._sessions.add(session)

    def left(self, session: _Session) -> None:
        """A client has gone."""
        self._sessions.discard(session)

    def answer(self, unit_id: int, pdu: bytes) -> bytes | None:
        """The reply to a request, None for silence."""
        self.requests += 1
        function = pdu[0]
        if function in (_WRITE_SINGLE, _WRITE_MULTIPLE):
            self.write_frames += 1
        unit = self.units.get(unit_id)
        if unit is None:
            return bytes((function | 0x80, GATEWAY_NO_ANSWER))
        try:
            return None if unit.silent else _serve(unit, function, pdu)
        except ModbusFault as fault:
            return bytes((function | 0x80, fault.code))
        except struct.error:
            return bytes((function | 0x80, _ILLEGAL_VALUE))


def _serve(unit: SimulatedUnit, function: int, pdu: bytes) -> bytes:
    """The success reply to a request."""
    if function in _READS:
        address, count = struct.unpack(">HH", pdu[1:])
        if not 1 <= count <= _MOST_REGISTERS:
            raise ModbusFault(_ILLEGAL_VALUE)
        registers = unit.read(function, address, count)
        return struct.pack(f">BB{count}H", function, 2 * count, *registers)
    if function == _WRITE_SINGLE:
        address, register = struct.unpack(">HH", pdu[1:])
        unit.write(address, (register,))
        return pdu
    if function == _WRITE_MULTIPLE:
        address, count, size = struct.unpack(">HHB", pdu[1:6])
        if size != 2 * count:
            raise ModbusFault(_ILLEGAL_VALUE)
        unit.write(address, struct.unpack(f">{count}H", pdu[6:]))
        return pdu[:5]
    raise ModbusFault(ILLEGAL_FUNCTION)


class _Session(asyncio.Protocol):
    """One client's connection: frames in, frames out, pipelined requests too."""

    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the server."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave it."""
        self._server.left(self)

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every complete frame."""
        self._buffer += data
        while len(self._buffer) > _HEADER.size:
            tid, protocol, length, unit_id = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size - 1 + length
            if protocol or length < 2:  # noqa: PLR2004 - unit and function at least
                self.abort()
                return
            if len(self._buffer) < end:
                return
            pdu, self._buffer = self._buffer[_HEADER.size : end], self._buffer[end:]
            reply = self._server.answer(unit_id, pdu)
            if reply is not None and self._transport is not None:
                header = _HEADER.pack(tid, 0, len(reply) + 1, unit_id)
                self._transport.write(header + reply)
