"""Named shadows over plain topics: requests matched by token, and what the cloud desires.

The topics are the same on every transport. Answers to other tokens are not ours: after a session
is rejoined, those of an earlier process still arrive.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from edge_agent.cloud.shadow_document import (
    JsonObject,
    check_name,
    is_count,
    levels,
    section_of,
)
from edge_agent.cloud.transport import (
    CloudLimitError,
    Delivered,
    LinkEvent,
    Message,
    Transport,
    Up,
)

ANSWERS = ("get/accepted", "get/rejected", "update/accepted", "update/rejected", "update/delta")
NAMES = ("status", "config", "dr", "sync")
MAX_STATE_BYTES = 1200
"""One section; with metadata an answer is two to three times as long, and Greengrass drops 5 kB."""
MAX_DEPTH = 5
NOT_FOUND = 404
CONFLICT = 409
BUSY_CODES = (429, 500)
WATCH_RETRY_S = 10.0
WATCH_RETRY_MAX_S = 600.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The shadow service took it, or this is what it has."""

    version: int
    timestamp: int
    """The server's time, s since 1970: a trusted one when ours is not."""
    state: JsonObject
    metadata: JsonObject


@dataclass(frozen=True, slots=True)
class Rejected:
    """The shadow service answered no; 404 means that there is no such shadow."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Not sent, or nothing came back in time."""

    reason: str


Answer = Accepted | Rejected | NoAnswer


@dataclass(frozen=True, slots=True)
class Desired:
    """What the cloud wants; `whole` after a connect, else only what differs from reported."""

    name: str
    state: JsonObject
    version: int
    timestamp: int
    whole: bool


Watcher = Callable[[Desired], None]


class Shadows:
    """The named shadows of one thing, one request at a time. Deadlines are wall seconds."""

    def __init__(
        self, transport: Transport, thing: str, *, deadline_s: float = 5.0, attempts: int = 3
    ) -> None:
        self._transport = transport
        self._thing = thing
        self._deadline_s = deadline_s
        self._attempts = attempts
        self._one_at_a_time = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[tuple[bool, JsonObject]]] = {}
        self._watchers: dict[str, Watcher] = {}
        self._seen_version: dict[str, int] = {}
        self._fetching: asyncio.Task[None] | None = None
        self.foreign_answers = 0

    async def start(self, names: tuple[str, ...] = NAMES) -> None:
        """Subscribe to the answers and deltas of these shadows; before or after connecting."""
        self._transport.listen(self._on_link)
        for name in names:
            check_name(name)
            filters = [f"{self._topic(name)}/{answer}" for answer in ANSWERS]
            await self._transport.subscribe(filters, self._on_message)
        if self._transport.connected and self._watchers:
            self._fetch_anew()

    async def stop(self) -> None:
        """Let go of whatever is still being fetched."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def watch(self, name: str, watcher: Watcher) -> None:
        """Tell the watcher the whole desired state after each connect, and every later delta."""
        self._watchers[name] = watcher

    async def get(self, name: str) -> Answer:
        """The whole shadow; its version starts a new epoch for deltas."""
        answer = await self._request(name, "get", {})
        if isinstance(answer, Accepted):
            self._seen_version[name] = answer.version
        elif isinstance(answer, Rejected) and answer.code == NOT_FOUND:
            self._seen_version.pop(name, None)
        return answer

    async def update(
        self,
        name: str,
        *,
        reported: Mapping[str, object] | None = None,
        desired: Mapping[str, object] | None = None,
        version: int | None = None,
    ) -> Answer:
        """Merge into the sections given; with `version`, only onto that one (else 409)."""
        sections = {"reported": reported, "desired": desired}
        state = {key: dict(value) for key, value in sections.items() if value is not None}
        for section in state.values():
            check_section(name, section)
        body: JsonObject = {"state": state}
        if version is not None:
            body["version"] = version
        return await self._request(name, "update", body)

    async def _request(self, name: str, verb: str, body: JsonObject) -> Answer:
        check_name(name)
        token = uuid4().hex
        payload = json.dumps(body | {"clientToken": token}, separators=(",", ":")).encode()
        answer: Answer = NoAnswer("not tried")
        async with self._one_at_a_time:
            for _ in range(self._attempts):
                answer = await self._attempt(f"{self._topic(name)}/{verb}", payload, token)
                busy = isinstance(answer, Rejected) and answer.code in BUSY_CODES
                if not busy and not isinstance(answer, NoAnswer):
                    break
                if not self._transport.connected:
                    break
        return answer

    async def _attempt(self, topic: str, payload: bytes, token: str) -> Answer:
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[token] = waiting
        try:
            async with asyncio.timeout(self._deadline_s):
                receipt = await self._transport.publish(topic, payload)
                if not isinstance(receipt, Delivered):
                    return NoAnswer(f"{topic}: {receipt}")
                accepted, body = await waiting
        except TimeoutError:
            return NoAnswer(f"{topic}: no answer within {self._deadline_s:.0f} s")
        finally:
            del self._waiting[token]
        return read_answer(body) if accepted else read_rejection(body)

    def _on_message(self, message: Message) -> None:
        name, verb, kind = message.topic.removeprefix(self._topic("")).split("/")
        try:
            body = json.loads(message.payload)
        except ValueError:
            return
        if not isinstance(body, dict):
            return
        if kind == "delta":
            self._on_delta(name, body)
        elif kind in ("accepted", "rejected") and verb in ("get", "update"):
            self._settle(kind == "accepted", body)

    def _settle(self, accepted: bool, body: JsonObject) -> None:  # noqa: FBT001 - the topic's last level
        waiting = self._waiting.get(str(body.get("clientToken")))
        if waiting is None or waiting.done():
            self.foreign_answers += 1
        else:
            waiting.set_result((accepted, body))

    def _on_delta(self, name: str, body: JsonObject) -> None:
        version = body.get("version")
        # Deltas come doubled and out of order: only a newer one counts.
        if not is_count(version) or int(str(version)) <= self._seen_version.get(name, -1):
            return
        answer = read_answer(body)
        self._seen_version[name] = answer.version
        self._tell(Desired(name, answer.state, answer.version, answer.timestamp, whole=False))

    def _on_link(self, event: LinkEvent) -> None:
        if isinstance(event, Up):
            self._fetch_anew()

    def _fetch_anew(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        self._fetching = asyncio.ensure_future(self._fetch_watched())

    async def _fetch_watched(self) -> None:
        """Deltas are not repeated after an outage: ask for every watched shadow until answered."""
        names = list(self._watchers)
        pause_s = WATCH_RETRY_S
        while self._transport.connected:
            names = [name for name in names if not await self._fetch(name)]
            if not names:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, WATCH_RETRY_MAX_S)

    async def _fetch(self, name: str) -> bool:
        answer = await self.get(name)
        if isinstance(answer, Accepted):
            state = section_of(answer.state, "desired")
            self._tell(Desired(name, state, answer.version, answer.timestamp, whole=True))
        elif isinstance(answer, Rejected) and answer.code == NOT_FOUND:
            self._tell(Desired(name, {}, 0, 0, whole=True))
        return not isinstance(answer, NoAnswer)

    def _tell(self, desired: Desired) -> None:
        watcher = self._watchers.get(desired.name)
        if watcher is not None:
            watcher(desired)

    def _topic(self, name: str) -> str:
        return f"$aws/things/{self._thing}/shadow/name/{name}"


def check_section(name: str, section: Mapping[str, object]) -> None:
    """CloudLimitError when a section would not travel everywhere: 1.2 kB, five levels."""
    size = len(json.dumps(section, separators=(",", ":")).encode())
    if size > MAX_STATE_BYTES:
        msg = f"shadow {name}: {size} bytes of state, at most {MAX_STATE_BYTES}"
        raise CloudLimitError(msg)
    if levels(dict(section)) > MAX_DEPTH:
        msg = f"shadow {name}: nested deeper than {MAX_DEPTH} levels"
        raise CloudLimitError(msg)


def read_answer(body: JsonObject) -> Accepted:
    """An accepted message or a delta; what is no number counts as 0."""
    version, timestamp = body.get("version"), body.get("timestamp")
    return Accepted(
        version=int(str(version)) if is_count(version) else 0,
        timestamp=int(str(timestamp)) if is_count(timestamp) else 0,
        state=section_of(body, "state"),
        metadata=section_of(body, "metadata"),
    )


def read_rejection(body: JsonObject) -> Rejected:
    """A rejected message."""
    code = 0
    with suppress(ValueError):
        code = int(str(body.get("code", 0)))
    return Rejected(code, str(body.get("message", "")))
