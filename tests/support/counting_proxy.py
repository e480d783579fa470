"""A Modbus TCP wire that counts what passes: reads and writes by function code."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Coroutine
from types import TracebackType
from typing import Self

HEADER = struct.Struct(">HHHBB")
WRITE_FUNCTIONS = {5, 6, 15, 16, 22, 23}


class CountingProxy:
    """Stands between a client and the server on a loopback port."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []
        self.port = 0
        self.reads = 0
        self.writes = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)
        for end in self._ends:
            end.close()
        await asyncio.gather(*(end.wait_closed() for end in self._ends), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        self._ends += [writer, up_writer]
        self._keep(self._requests(reader, up_writer))
        self._keep(self._answers(up_reader, writer))

    def _keep(self, pipe: Coroutine[object, object, None]) -> None:
        self._pipes.add(asyncio.create_task(pipe))

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whole frames, so that each function code is seen once."""
        while True:
            try:
                head = await reader.readexactly(HEADER.size)
                _, _, length, _, function = HEADER.unpack(head)
                body = await reader.readexactly(length - 2)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                return
            if function in WRITE_FUNCTIONS:
                self.writes += 1
            else:
                self.reads += 1
            writer.write(head + body)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()
