"""A Modbus TCP server over a sparse map of registers, written for these tests alone.

It shares no code with the drivers: frames are packed here, and words come as hex text.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2


def words(text: str) -> list[int]:
    """Registers from hex such as "449A 5000"."""
    return [int(part, 16) for part in text.split()]


@dataclass
class Device:
    """Registers by function; what is not named reads 0 unless it is a hole.

    `singles` answer only a request for that one register, as an identification code does.
    """

    registers: dict[int, dict[int, str]] = field(default_factory=dict)
    singles: dict[int, dict[int, int]] = field(default_factory=dict)
    holes: set[int] = field(default_factory=set)
    deaf: set[int] = field(default_factory=set)
    """Holding registers that acknowledge a write and ignore it."""
    write_functions: set[int] = field(default_factory=lambda: {6, 16})
    reads: list[tuple[int, int, int]] = field(default_factory=list)
    writes: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    bank: dict[tuple[int, int], int] = field(init=False)

    def __post_init__(self) -> None:
        self.bank = {}
        for function, lines in self.registers.items():
            for address, text in lines.items():
                self.put(function, address, text)

    def put(self, function: int, address: int, text: str) -> None:
        for offset, word in enumerate(words(text)):
            self.bank[function, address + offset] = word

    def at(self, address: int, count: int = 1) -> list[int]:
        """Holding registers as they stand."""
        return [self.bank.get((3, address + offset), 0) for offset in range(count)]

    def answer(self, pdu: bytes) -> bytes:
        function, address = struct.unpack(">BH", pdu[:3])
        if function in (3, 4):
            return self._read(function, address, struct.unpack(">H", pdu[3:5])[0])
        if function not in self.write_functions:
            return bytes((function | 0x80, ILLEGAL_FUNCTION))
        if function == 6:
            values = (struct.unpack(">H", pdu[3:5])[0],)
        else:
            values = struct.unpack(f">{struct.unpack('>H', pdu[3:5])[0]}H", pdu[6:])
        self.writes.append((function, address, values))
        for offset, word in enumerate(values):
            if address + offset not in self.deaf:
                self.bank[3, address + offset] = word
        return pdu[:5]

    def _read(self, function: int, address: int, count: int) -> bytes:
        self.reads.append((function, address, count))
        span = range(address, address + count)
        if self.holes.intersection(span):
            return bytes((function | 0x80, ILLEGAL_ADDRESS))
        values = [self.bank.get((function, register), 0) for register in span]
        if count == 1 and address in self.singles.get(function, {}):
            values = [self.singles[function][address]]
        return struct.pack(f">BB{count}H", function, 2 * count, *values)


class RegisterServer:
    """Serves devices by unit number on a free port."""

    def __init__(self, devices: dict[int, Device]) -> None:
        self.devices = devices
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._session, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.hang_up()
            await asyncio.gather(*self._sessions, return_exceptions=True)
            await self._server.wait_closed()

    def hang_up(self) -> None:
        """Reset every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if (task := asyncio.current_task()) is not None:
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)
        try:
            while True:
                tid, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                reply = self.devices[unit].answer(await reader.readexactly(length - 1))
                writer.write(struct.pack(">HHHB", tid, 0, len(reply) + 1, unit) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()


def chain(models: list[tuple[int, int, dict[int, str]]], base: int = 40000) -> dict[int, str]:
    """A SunSpec chain: (id, length, {offset from the ID: hex}); the rest is not implemented."""
    laid: dict[int, str] = {base: "5375 6E53"}
    address = base + 2
    for number, length, fields in models:
        laid[address] = f"{number:04X} {length:04X} " + "FFFF " * length
        laid |= {address + offset: text for offset, text in fields.items()}
        address += 2 + length
    laid[address] = "FFFF 0000"
    return laid


def text_words(text: str, count: int) -> str:
    """Text in registers, two characters each, as hex."""
    data = text.encode().ljust(2 * count, b"\0")
    return " ".join(data[place : place + 2].hex() for place in range(0, 2 * count, 2))


def common(manufacturer: str) -> tuple[int, int, dict[int, str]]:
    """The common model of a device of this maker."""
    return (
        1,
        66,
        {
            2: text_words(manufacturer, 16),
            18: text_words("model", 16),
            34: text_words("", 8),
            42: text_words("1.0", 8),
            50: text_words("S1", 16),
        },
    )
