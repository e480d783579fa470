"""Commits of a clock that was not right: their times are put right, their numbers stay."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.types import Quality, Reading
from edge_agent.clock_trust import ClockTrust
from edge_agent.store.outbox import StoredCommit
from edge_agent.store.reader import HistoryReader
from edge_agent.store.retention import Retention
from edge_agent.store.store import Store, StoreOptions
from edge_agent.store.types import CommitFailed, Committed

START = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
SINCE_1970_S = (START - datetime(1970, 1, 1, 0, 2, tzinfo=UTC)).total_seconds()
DST_DAYS = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
SYNC, UNKNOWN = ClockTrust.SYNCHRONISED, ClockTrust.UNKNOWN
KEY = frozenset({"meter.power"})


@dataclass
class WrongClock:
    """A clock that is off by so much, and what the time really is."""

    start: datetime = START
    speed = 1.0
    passed_s: float = 0.0
    off_s: float = 0.0
    booted_s: float = 0.0

    def now(self) -> datetime:
        return self.true + timedelta(seconds=self.off_s)

    @property
    def true(self) -> datetime:
        return self.start + timedelta(seconds=self.passed_s)

    def monotonic_s(self) -> float:
        return self.passed_s - self.booted_s

    async def sleep(self, seconds: float) -> None:
        self.passed_s += seconds


@dataclass
class Plant:
    """One meter that counts its readings, and when each was really made."""

    path: Path
    clock: WrongClock = field(default_factory=WrongClock)
    made: dict[float, datetime] = field(default_factory=dict)
    machine: int = 0
    left_out: frozenset[str] = frozenset()
    full: bool = False

    def disk(self, _db: sqlite3.Connection) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")

    async def open(self) -> Store:
        options = StoreOptions(
            machine_boot=f"machine-{self.machine}",
            before_write=self.disk,
            left_out=self.left_out,
            retention=Retention(raw_days=7),
        )
        return await Store.open(self.path, self.clock, options)

    def read(self, store: Store, count: int, point: str = "power") -> None:
        for _ in range(count):
            self.clock.passed_s += 5
            value = float(len(self.made) + 1)
            self.made[value] = self.clock.true
            store.append(
                [
                    Reading(
                        device="meter",
                        point=point,
                        value=value,
                        unit="kW",
                        at=self.clock.now(),
                        quality=Quality.GOOD,
                    )
                ]
            )

    async def commit(self, store: Store, count: int = 2) -> None:
        self.read(store, count)
        assert isinstance(await store.commit(), Committed)


def stamps(commits: list[StoredCommit]) -> dict[float, datetime]:
    return {float(str(r.value)): r.at for commit in commits for r in commit.readings}


def values(commits: list[StoredCommit]) -> list[float]:
    return [float(str(r.value)) for commit in commits for r in commit.readings]


async def settle(store: Store) -> None:
    while (await store.maintain()).more:
        pass


@pytest.fixture
def plant(path: Path) -> Plant:
    return Plant(path)


async def test_a_boot_in_1970_is_put_right_once_the_time_is_known(plant: Plant) -> None:
    plant.clock.off_s = -SINCE_1970_S
    store = await plant.open()
    store.set_trust(UNKNOWN)
    for _ in range(6):
        await plant.commit(store)
    await settle(store)
    seqs = list(range(await store.first_seq(), await store.last_seq() + 1))
    assert await store.commits_after(0, 99) == [], "they wait for the time"
    assert await store.newest_at() is None
    plant.read(store, 1)
    plant.clock.off_s = 0
    store.set_trust(SYNC)
    plant.read(store, 1)
    assert await store.restamp(store.anchor()) == 7
    commits = await store.commits_after(0, 99)
    assert [c.seq for c in commits] == [*seqs, seqs[-1] + 1, seqs[-1] + 2]
    assert {c.trust for c in commits} == {SYNC}
    assert stamps(commits) == plant.made
    assert [c.at_ms for c in commits] == sorted(c.at_ms for c in commits)
    assert [at for at, *_ in await store.recent("meter.power", START)] == list(plant.made.values())
    plant.clock.passed_s += 7200
    await plant.commit(store)
    await settle(store)
    assert await store.newest_at() == list(plant.made.values())[-2]
    await store.close()
    with closing(sqlite3.connect(plant.path)) as db:
        rows = db.execute("SELECT start, count FROM rollup_hour ORDER BY start").fetchall()
        first = db.execute("SELECT min(start) FROM rollup_5min").fetchone()[0]
    assert (rows[0], first) == (("2026-03-20T12:00:00Z", 14), "2026-03-20T12:00:00Z")


async def test_a_follower_counts_again_after_times_were_put_right(plant: Plant) -> None:
    plant.clock.off_s = -3600
    store = await plant.open()
    await plant.commit(store, 4)
    reader = HistoryReader(plant.path)
    reader.advance(KEY, plant.clock.true)
    assert reader.series("meter.power").start_epoch_s == [int(START.timestamp()) - 3600]
    plant.clock.off_s = 0
    assert await store.restamp(store.anchor()) == 1
    reader.advance(KEY, plant.clock.true)
    found = reader.series("meter.power")
    assert (found.start_epoch_s, found.count) == ([int(START.timestamp())], [4])
    await store.close()


async def test_without_any_time_service_commits_go_out_marked_after_a_quarter_hour(
    plant: Plant,
) -> None:
    store = await plant.open()
    store.set_trust(UNKNOWN)
    await plant.commit(store)
    plant.clock.passed_s += 899
    assert await store.commits_after(0, 9) == []
    plant.clock.passed_s += 1
    assert [c.trust for c in await store.commits_after(0, 9)] == [UNKNOWN]
    await store.close()


@pytest.mark.parametrize("same_machine", [True, False])
async def test_only_the_openings_of_one_start_of_the_machine_share_its_clock(
    plant: Plant, *, same_machine: bool
) -> None:
    plant.clock.off_s = -3600
    store = await plant.open()
    store.set_trust(UNKNOWN)
    await plant.commit(store)
    await store.close()
    plant.machine += not same_machine
    store = await plant.open()
    assert (await store.commits_after(0, 9) == []) is same_machine
    plant.clock.off_s = 0
    store.set_trust(SYNC)
    assert await store.restamp(store.anchor()) == int(same_machine)
    commits = await store.commits_after(0, 9)
    assert (stamps(commits) == plant.made) is same_machine
    assert [c.trust for c in commits] == [SYNC if same_machine else UNKNOWN]
    await store.close()


async def test_what_waits_for_a_full_disk_is_put_right_as_well(plant: Plant) -> None:
    plant.clock.off_s = -3600
    store = await plant.open()
    store.set_trust(UNKNOWN)
    await plant.commit(store)
    plant.read(store, 1)
    plant.full = True
    assert isinstance(await store.commit(), CommitFailed)
    plant.full, plant.clock.off_s = False, 0
    store.set_trust(SYNC)
    assert await store.restamp(store.anchor()) == 2
    assert stamps(await store.commits_after(0, 9)) == plant.made
    await store.close()


@pytest.mark.parametrize("step_s", [3600, -3600])
async def test_no_commit_straddles_a_step_and_none_is_lost(plant: Plant, step_s: int) -> None:
    store = await plant.open()
    store.set_trust(SYNC)
    plant.read(store, 3)
    plant.clock.off_s += step_s
    plant.read(store, 3)
    result = await store.commit()
    assert isinstance(result, Committed)
    assert result.readings == 6
    before = await store.commits_after(0, 9)
    assert [(c.count, c.trust) for c in before] == [(3, SYNC)], "the rest waits to be told"
    plant.clock.off_s = 0
    store.set_trust(SYNC)
    assert await store.restamp(store.anchor()) == 1
    commits = await store.commits_after(0, 9)
    assert values(commits) == list(plant.made)
    assert stamps(commits) == plant.made
    assert len({c.seq for c in commits}) == len(commits) == 2
    await store.close()


async def test_a_process_that_was_held_up_sees_no_step(plant: Plant) -> None:
    """Between two looks at the clocks an hour passes: that says nothing about a step."""

    @dataclass
    class HeldUp(WrongClock):
        def now(self) -> datetime:
            self.passed_s += 1800
            found = super().now()
            self.passed_s += 1800
            return found

    plant.clock = HeldUp()
    store = await plant.open()
    store.set_trust(SYNC)
    await plant.commit(store, 3)
    assert [(c.count, c.trust) for c in await store.commits_after(0, 9)] == [(3, SYNC)]
    await store.close()


@pytest.mark.parametrize("day", DST_DAYS, ids=["spring", "autumn"])
async def test_a_day_of_summer_time_is_no_event(plant: Plant, day: datetime) -> None:
    plant.clock.start = day
    store = await plant.open()
    store.set_trust(SYNC)
    for _ in range(48):
        plant.clock.passed_s += 1790
        await plant.commit(store)
    assert await store.restamp(store.anchor()) == 0
    commits = await store.commits_after(0, 99)
    assert (len(commits), stamps(commits)) == (48, plant.made)
    assert {c.trust for c in commits} == {SYNC}
    await store.close()


async def test_personal_readings_go_after_their_days_though_no_cloud_confirms(
    plant: Plant,
) -> None:
    plant.left_out = frozenset({"meter.people"})
    store = await plant.open()
    plant.read(store, 2, "people")
    await plant.commit(store)
    plant.read(store, 2, "people")
    assert isinstance(await store.commit(), Committed)
    plant.clock.passed_s += 6 * 86_400
    plant.read(store, 1, "people")
    await plant.commit(store)
    plant.clock.passed_s += 2 * 86_400
    await settle(store)
    commits = await store.commits_after(0, 9)
    assert values(commits) == [3.0, 4.0, 7.0, 8.0, 9.0]
    assert [c.count for c in commits] == [2, 0, 3]
    assert all(at == plant.made[value] for value, at in stamps(commits).items())
    await store.close()


EVENTS = st.one_of(
    st.tuples(st.just("read"), st.integers(1, 5)),
    st.tuples(st.just("commit"), st.just(0)),
    st.tuples(st.just("step"), st.sampled_from([-3600, 3600, -40, -86_400 * 400, 86_400 * 400])),
    st.tuples(st.just("known"), st.just(0)),
    st.tuples(st.just("restart"), st.booleans()),
    st.tuples(st.just("full"), st.booleans()),
    st.tuples(st.just("maintain"), st.just(0)),
)


@dataclass
class Life:
    """A gateway's life, and what must be true at its end."""

    plant: Plant
    durable: int = 0
    machine_from: int = 0
    """Values up to here were made before the last start of the machine."""

    async def open(self) -> Store:
        store = await self.plant.open()
        store.set_trust(UNKNOWN)
        return store

    async def known(self, store: Store) -> None:
        if not self.plant.full:
            self.plant.clock.off_s = 0
            store.set_trust(SYNC)
            await store.restamp(store.anchor())
            self.durable = len(self.plant.made)

    async def restart(self, store: Store, *, machine: bool) -> Store:
        plant = self.plant
        plant.full = False
        await store.close()
        plant.made = {value: plant.made[value] for value in list(plant.made)[: self.durable]}
        if machine:
            plant.machine, plant.clock.booted_s = plant.machine + 1, plant.clock.passed_s
            self.machine_from = self.durable
        return await self.open()

    async def live(self, store: Store, event: str, amount: int) -> Store:
        match event:
            case "read":
                self.plant.read(store, amount)
            case "commit":
                if isinstance(await store.commit(), Committed):
                    self.durable = len(self.plant.made)
            case "step":
                self.plant.clock.off_s += amount
            case "known":
                await self.known(store)
            case "full":
                self.plant.full = bool(amount)
            case "maintain":
                await store.maintain()
            case _:
                return await self.restart(store, machine=bool(amount))
        return store

    async def run(self, events: list[tuple[str, int]]) -> None:
        store = await self.open()
        for event, amount in [*events, ("full", False), ("commit", 0), ("known", 0)]:
            store = await self.live(store, event, amount)
        self.plant.clock.passed_s += 1000
        commits = await store.commits_after(0, 10_000)
        assert [c.seq for c in commits] == sorted({c.seq for c in commits})
        assert values(commits) == list(self.plant.made)
        found = stamps(commits)
        of_this_start = list(self.plant.made.items())[self.machine_from :]
        assert all(found[value] == at for value, at in of_this_start)
        await store.close()


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(EVENTS, max_size=25))
def test_random_steps_and_starts_never_lose_double_or_reorder(
    in_ram: Path, events: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory(dir=in_ram) as folder:
        asyncio.run(Life(Plant(Path(folder) / "readings.db")).run(events))
