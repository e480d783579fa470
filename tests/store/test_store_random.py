"""Random clock steps, reboots, full disks and housekeeping: what was committed stays, once."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.types import Quality, Reading
from edge_agent.store.retention import Retention
from edge_agent.store.store import Store, StoreOptions
from edge_agent.store.types import Committed

START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
"""Half an hour before a night without its third hour."""
EVENTS = st.one_of(
    st.tuples(st.just("read"), st.integers(1, 40)),
    st.tuples(st.just("commit"), st.just(0)),
    st.tuples(st.just("pass"), st.sampled_from([1, 10, 290, 3600, 5 * 86_400])),
    st.tuples(st.just("step"), st.sampled_from([-3600, 3600, -7, 86_400 * 400, -86_400 * 400])),
    st.tuples(st.just("reboot"), st.just(0)),
    st.tuples(st.just("full"), st.integers(0, 1)),
    st.tuples(st.just("maintain"), st.integers(1, 9)),
    st.tuples(st.just("acked"), st.integers(0, 3)),
)
KEEP = Retention(raw_days=1, five_min_days=1e5, quarter_days=1e5, hour_days=1e5)
"""Roll-ups stay, wherever the clock was set: they are counted at the end."""
Event = tuple[Literal["read", "commit", "pass", "step", "reboot", "full", "maintain", "acked"], int]


@dataclass
class SetClock:
    """A clock that passes by hand and is set by hand."""

    speed = 1.0
    passed_s: float = 0.0
    offset_s: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s + self.offset_s)

    def monotonic_s(self) -> float:
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        self.passed_s += seconds


@dataclass
class Life:
    """A gateway's life, and what must be true of it."""

    path: Path
    clock: SetClock = field(default_factory=SetClock)
    full: bool = False
    count: int = 0
    in_ram: list[float] = field(default_factory=list)
    durable: list[float] = field(default_factory=list)
    confirmed: int = 0
    """Of the durable ones, how many the cloud has."""

    def disk(self, _db: sqlite3.Connection) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")

    async def open(self) -> Store:
        was_full, self.full = self.full, False
        options = StoreOptions(before_write=self.disk, retention=KEEP)
        store = await Store.open(self.path, self.clock, options)
        self.full = was_full
        return store

    def read(self, count: int) -> list[Reading]:
        found = []
        for _ in range(count):
            self.count += 1
            self.clock.passed_s += 0.5
            self.in_ram.append(float(self.count))
            found.append(
                Reading(
                    device="meter",
                    point="power",
                    value=float(self.count),
                    unit="kW",
                    at=self.clock.now(),
                    quality=Quality.GOOD,
                )
            )
        return found

    async def commit(self, store: Store) -> None:
        if isinstance(await store.commit(), Committed):
            self.durable += self.in_ram
            self.in_ram = []

    async def check(self, store: Store) -> None:
        """All that is unconfirmed is there, once and in order, and nothing that never was."""
        commits = await store.commits_after(0, 100_000)
        seqs = [commit.seq for commit in commits]
        assert seqs == sorted(set(seqs))
        values = [float(str(r.value)) for commit in commits for r in commit.readings]
        assert values == self.durable[len(self.durable) - len(values) :]
        assert len(values) >= len(self.durable) - self.confirmed

    async def acked(self, store: Store, back: int) -> None:
        commits = await store.commits_after(0, 100_000)
        if self.full or len(commits) <= back:
            return
        await store.mark_acked(commits[-1 - back].seq)
        kept = sum(commit.count for commit in commits[len(commits) - back :])
        self.confirmed = max(self.confirmed, len(self.durable) - kept)

    async def maintain(self, store: Store, slices: int) -> None:
        for _ in range(slices):
            await store.maintain()

    async def reboot(self, store: Store) -> Store:
        await store.close()
        self.in_ram = []
        store = await self.open()
        await self.check(store)
        return store

    async def live(self, store: Store, event: Event) -> Store:
        match event:
            case "read", count:
                store.append(self.read(count))
            case "commit", _:
                await self.commit(store)
            case "pass", seconds:
                self.clock.passed_s += seconds
            case "step", seconds:
                self.clock.offset_s += seconds
            case "full", full:
                self.full = bool(full)
            case "maintain", slices:
                await self.maintain(store, slices)
            case "acked", back:
                await self.acked(store, back)
            case _:
                return await self.reboot(store)
        return store

    async def run(self, events: list[Event]) -> None:
        store = await self.open()
        for event in events:
            store = await self.live(store, event)
        self.full = False
        await self.commit(store)
        counted = len(self.durable)
        self.clock.passed_s += 7200
        store.append(self.read(1))
        await self.commit(store)
        while (await store.maintain()).more:
            pass
        await self.check(store)
        await store.close()
        with closing(sqlite3.connect(self.path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            for view in ("five_min", "quarter", "hour"):
                query = f"SELECT coalesce(sum(used), 0) FROM {view}"  # noqa: S608 - names are ours
                assert db.execute(query).fetchone() == (counted,), view


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(EVENTS, max_size=40))
def test_nothing_committed_is_lost_doubled_or_reordered(in_ram: Path, events: list[Event]) -> None:
    with tempfile.TemporaryDirectory(dir=in_ram) as folder:
        asyncio.run(Life(Path(folder) / "readings.db").run(events))
