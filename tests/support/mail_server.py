"""A mail server on a free port of 127.0.0.1: takes mail, asks for a login, or says no."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self

OK = "250 fine"
READY = "220 ready"


@dataclass(slots=True)
class Taken:
    """One mail as it came in."""

    sender: str
    recipients: list[str]
    body: bytes
    encrypted: bool
    login: str

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.body, policy=policy.default)


@dataclass(slots=True)
class MailServer:
    """`replies` overrides the answer to a verb: 'MAIL' -> '451 come back later'."""

    tls: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    mute: bool = False
    """Takes connections and says nothing."""
    encrypted: bool = False
    """From the first byte, with `tls`."""
    taken: list[Taken] = field(default_factory=list)
    sessions: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        tls = self.tls if self.encrypted else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
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
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        self._open.add(writer)
        try:
            await Session(self, reader, writer).talk()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


class Session:
    """One talk with a client."""

    def __init__(
        self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.encrypted = server.encrypted
        self.login = ""
        self.sender = ""
        self.recipients: list[str] = []

    async def talk(self) -> None:
        if self.server.mute:
            await self.reader.read()
            return
        await self.say(READY)
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self.say("221 bye")
                return
            await self.answer(verb.upper(), rest)

    async def answer(self, verb: str, rest: str) -> None:
        if verb in self.server.replies:
            await self.say(self.server.replies[verb])
        elif verb == "EHLO":
            await self.say(*self.offers())
        elif verb == "STARTTLS" and self.server.tls is not None:
            await self.say(READY)
            await self.writer.start_tls(self.server.tls)
            self.encrypted = True
        elif verb == "AUTH":
            await self.authenticate(rest)
        elif verb == "MAIL":
            self.sender, self.recipients = _address(rest), []
            needed = bool(self.server.users) and not self.login
            await self.say("530 log in first" if needed else OK)
        elif verb == "RCPT":
            self.recipients.append(_address(rest))
            await self.say(OK)
        elif verb == "DATA":
            await self.say("354 go on")
            await self.take((await self.reader.readuntil(b"\r\n.\r\n"))[:-3])
        else:
            await self.say(OK if verb in ("RSET", "NOOP") else "502 no such verb")

    def offers(self) -> list[str]:
        found = ["local mail server"]
        if self.server.tls is not None and not self.encrypted:
            found.append("STARTTLS")
        if self.server.users and (self.encrypted or self.server.tls is None):
            found.append("AUTH PLAIN")
        return [f"250-{one}" for one in found[:-1]] + [f"250 {found[-1]}"]

    async def authenticate(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
        good = self.server.users.get(user) == password
        self.login = user if good else ""
        await self.say("235 welcome" if good else "535 wrong password")

    async def take(self, body: bytes) -> None:
        taken = Taken(self.sender, self.recipients, body, self.encrypted, self.login)
        self.server.taken.append(taken)
        await self.say(OK)

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
