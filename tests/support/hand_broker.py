"""A broker by hand, for what no real one does at will: a message twice, or one of any length."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AGAIN = 0x08


class HandBroker:
    """MQTT 3.1.1 and 5: keeps what a client said when it came, and says what it is told."""

    def __init__(self, topic: bytes) -> None:
        self.levels: list[int] = []
        self._topic = topic
        self._writer: asyncio.StreamWriter | None = None
        self._next_id = 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, length = await reader.readexactly(2)
                body = await reader.readexactly(length)
                if kind >> 4 == 1:
                    self.levels.append(body[6])
                    writer.write(b"\x20\x02\x00\x00" if body[6] == 4 else b"\x20\x03\x00\x00\x00")
                elif kind >> 4 == 8:
                    self._writer = writer
                    writer.write(b"\x90\x03" + body[:2] + b"\x01")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @property
    def listened_to(self) -> bool:
        return self._writer is not None

    async def say(self, payload: bytes, flags: int = 0) -> None:
        assert self._writer is not None
        topic = len(self._topic).to_bytes(2, "big") + self._topic
        body = topic + self._next_id.to_bytes(2, "big") + payload
        self._next_id += 1
        self._writer.write(bytes((0x32 | flags,)) + _length(len(body)) + body)
        await self._writer.drain()


def _length(count: int) -> bytes:
    """Seven bits a byte, the low ones first; the eighth says that more follow."""
    found = bytearray()
    while count > 0x7F:
        found.append(count & 0x7F | 0x80)
        count >>= 7
    return bytes((*found, count))


@asynccontextmanager
async def hand_broker(topic: bytes) -> AsyncIterator[tuple[HandBroker, str]]:
    """The broker and its URL."""
    broker = HandBroker(topic)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    yield broker, f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.sleep(0.02)
