from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.cloud.endpoint import Endpoint
from edge_agent.cloud.messages import Commit, Row, series_of
from edge_agent.cloud.mqtt5 import Mqtt5Transport
from edge_agent.demo.iot_core import LocalIotCore

THING = "gw_1"


class ListOutbox:
    """Commits in a list; the marks may be read by the test."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.sent = 0
        self.acked = 0
        self.texts: dict[str, str] = {}
        self.given = 0

    def add(self, count: int, *, at_ms: int | None = None, boot: int = 1) -> None:
        for _ in range(count):
            self.given += 1
            seq = self.given
            at = at_ms if at_ms is not None else int(time.time() * 1000)  # noqa: TID251 - the wall is what is stamped
            row = Row(
                device="meter",
                point="power",
                at_ms=at,
                value=seq / 2,
                quality="good",
                unit="kW",
            )
            self.commits.append(Commit(seq=seq, boot=boot, at_ms=at, series=series_of([row])))

    async def commits_after(self, seq: int, limit: int) -> list[Commit]:
        return [commit for commit in self.commits if commit.seq > seq][:limit]

    async def first_seq(self) -> int:
        return self.commits[0].seq if self.commits else self.given + 1

    async def last_seq(self) -> int:
        return self.given

    async def sent_seq(self) -> int:
        return self.sent

    async def mark_sent(self, seq: int) -> None:
        assert seq > self.sent, "the sent mark only rises"
        self.sent = seq

    async def acked_seq(self) -> int:
        return self.acked

    async def mark_acked(self, seq: int) -> None:
        self.acked = seq

    async def renumber(self, after: int, above: int) -> None:
        assert above >= self.given >= after, "no number is used twice"
        shift = above - after
        self.commits = [
            replace(commit, seq=commit.seq + shift) if commit.seq > after else commit
            for commit in self.commits
        ]
        self.given += shift

    async def recall(self, key: str) -> str | None:
        return self.texts.get(key)

    async def remember(self, key: str, text: str) -> None:
        self.texts[key] = text


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def outbox() -> ListOutbox:
    return ListOutbox()


@pytest.fixture
def free_port() -> int:
    return unused_port()


@pytest.fixture(scope="module")
def shared_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIotCore]:
    """One stand-in for the tests of a module that only talk to it."""
    core = LocalIotCore(tmp_path_factory.mktemp("iot"), unused_port(), thing=THING)
    asyncio.run(core.start())
    yield core
    asyncio.run(core.stop())


@pytest.fixture
async def own_cloud(tmp_path: Path, free_port: int) -> AsyncIterator[LocalIotCore]:
    """A stand-in for a test that pulls its plug."""
    core = LocalIotCore(tmp_path / "iot", free_port, thing=THING)
    await core.start()
    yield core
    await core.stop()


OpenLink = Callable[..., Awaitable[Mqtt5Transport]]
Until = Callable[..., Awaitable[None]]


@pytest.fixture
def until() -> Until:
    async def wait(condition: Callable[[], bool], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
async def open_link(until: Until) -> AsyncIterator[OpenLink]:
    """Opens quick transports to a loopback port and closes them in the end."""
    opened: list[Mqtt5Transport] = []

    async def connect(
        port: int, client_id: str = THING, *, wait: bool = True, deadline_s: float = 5.0
    ) -> Mqtt5Transport:
        endpoint = Endpoint(
            host="127.0.0.1",
            port=port,
            client_id=client_id,
            reconnect_min_s=0.05,
            reconnect_max_s=0.2,
            stable_after_s=0.2,
            deadline_s=deadline_s,
        )
        link = Mqtt5Transport(endpoint)
        opened.append(link)
        await link.connect()
        if wait:
            await until(lambda: link.connected)
        return link

    yield connect
    for link in opened:
        await link.close()
