"""A web server on a free port of 127.0.0.1 that takes POSTs and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

WORDS = {200: "OK", 204: "No Content", 302: "Found", 400: "Bad Request", 404: "Not Found"}


@dataclass(slots=True)
class Post:
    """One request."""

    path: str
    headers: dict[str, str]
    document: Any


@dataclass(slots=True)
class HookServer:
    """Answers with `codes` in turn, then with 204."""

    codes: list[int] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alarms"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.posts.append(Post(first.split()[1], headers, json.loads(body)))
        code = self.codes.pop(0) if self.codes else 204
        place = "Location: /elsewhere\r\n" if code == 302 else ""
        head = f"HTTP/1.1 {code} {WORDS.get(code, 'Busy')}\r\n{place}"
        writer.write(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
