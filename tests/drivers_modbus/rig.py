"""A raw Modbus server that lies on request, and a plant of plain numbers."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drivers.types import Reading, WriteRequest


class DictPlant:
    """Quantities by name; commands are kept where a test can see them."""

    def __init__(self, **values: float) -> None:
        self.values = {key.replace("__", "."): value for key, value in values.items()}
        self.commands: dict[str, float | None] = {}

    def get(self, name: str) -> float:
        return self.values[name]

    def set(self, name: str, value: float | None) -> None:
        self.commands[name] = value


def crc(frame: bytes) -> bytes:
    """Modbus CRC, low byte first."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire."""

    tid: int
    unit: int
    pdu: bytes
    rtu: bool

    @property
    def function(self) -> int:
        return self.pdu[0]

    @property
    def address(self) -> int:
        return int(struct.unpack(">H", self.pdu[1:3])[0])

    @property
    def count(self) -> int:
        return int(struct.unpack(">H", self.pdu[3:5])[0])

    def frame(self, pdu: bytes, *, unit: int | None = None, tid: int | None = None) -> bytes:
        """A reply frame that holds `pdu`."""
        answering = self.unit if unit is None else unit
        if self.rtu:
            body = bytes((answering,)) + pdu
            return body + crc(body)
        number = self.tid if tid is None else tid
        return struct.pack(">HHHB", number, 0, len(pdu) + 1, answering) + pdu

    def registers(self, values: list[int], function: int | None = None) -> bytes:
        """The PDU of a read reply."""
        code = self.function if function is None else function
        return struct.pack(f">BB{len(values)}H", code, 2 * len(values), *values)

    def own_addresses(self) -> bytes:
        """The honest reply: every register holds its own address."""
        return self.frame(self.registers(list(range(self.address, self.address + self.count))))

    def refusal(self, code: int) -> bytes:
        return self.frame(bytes((self.function | 0x80, code)))


@dataclass(frozen=True)
class Segments:
    """A reply in pieces, each sent on its own; `reset` ends the connection behind them."""

    pieces: tuple[bytes, ...]
    pause_s: float = 0.0
    reset: bool = False


Answer = Callable[[Request], Awaitable[bytes | Segments | None]]


async def honest(request: Request) -> bytes | None:
    return request.own_addresses()


class RawServer:
    """Answers each request with what its `answer` returns; None is silence."""

    def __init__(self, *, rtu: bool = False) -> None:
        self.rtu = rtu
        self.answer: Answer = honest
        self.accepts = 0
        self.refused = 0
        self.single_session = False
        """Take one connection at a time and reset every other."""
        self.port = 0
        self.requests: list[Request] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._session, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.hang_up()
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, *self._sessions, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        """Reset every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepts += 1
        if self.single_session and self._writers:
            self.refused += 1
            writer.transport.abort()
            return
        self._writers.add(writer)
        if (task := asyncio.current_task()) is not None:
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)
        try:
            while True:
                request = await self._receive(reader)
                self.requests.append(request)
                task = asyncio.create_task(self._reply(request, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader) -> Request:
        if self.rtu:
            head = await reader.readexactly(8)
            if head[1] != 16:
                return Request(0, head[0], head[1:6], rtu=True)
            rest = await reader.readexactly(head[6] + 1)
            return Request(0, head[0], (head + rest)[1:-2], rtu=True)
        tid, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
        return Request(tid, unit, await reader.readexactly(length - 1), rtu=False)

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        data = await self.answer(request)
        if data is None:
            return
        reply = Segments((data,)) if isinstance(data, bytes) else data
        for piece in reply.pieces:
            if not writer.is_closing():
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(reply.pause_s)
        if reply.reset:
            writer.transport.abort()


def by_point(readings: list[Reading]) -> dict[str, Reading]:
    """Readings by the name of their point, each exactly once."""
    named = {reading.point: reading for reading in readings}
    assert len(named) == len(readings)
    return named


def set_power(value: float, lease_s: float = 60.0) -> WriteRequest:
    return WriteRequest(point="power_setpoint", value=value, lease_s=lease_s, command_id="c")


def set_limit(value: float, lease_s: float = 60.0) -> WriteRequest:
    return WriteRequest(point="power_limit", value=value, lease_s=lease_s, command_id="c")
