"""Values held by hand: journalled first, refreshed, given back whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_house import SmallHouse

from drivers.types import Clock, Driver, Point, WriteResult
from edge_agent.clock import ScaledClock, SystemClock
from edge_agent.commissioning.fieldwork import opened
from edge_agent.commissioning.tenure import Tenure
from edge_agent.lease import lease_s
from edge_agent.site.load import load_site
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseRow, StoreError


@dataclass
class Rig:
    house: SmallHouse
    drivers: dict[str, Driver]
    store: Store
    clock: Clock

    def point(self, device: str, name: str) -> Point:
        return next(point for point in self.drivers[device].points if point.name == name)

    def tenure(self) -> Tenure:
        return Tenure(self.drivers, self.store, self.clock, "a tester")

    def raw(self, name: str) -> int:
        return int(self.house.modbus.units[2].image.raw(704, name))  # type: ignore[attr-defined]


def fast_clock(times: float) -> Clock:
    """A clock that runs so many times as fast as the wall's."""
    return ScaledClock(datetime(2026, 6, 1, tzinfo=UTC), times, SystemClock().monotonic_s())


@asynccontextmanager
async def rig_in(folder: Path, clock: Clock) -> AsyncIterator[Rig]:
    async with SmallHouse(clock) as house:
        site = load_site(house.site_file(folder)).site
        store = await Store.open(folder / "edge.db", clock)
        try:
            async with opened(site, clock, {"battery", "meter"}) as drivers:
                yield Rig(house, dict(drivers), store, clock)
        finally:
            await store.close()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig_in(tmp_path, SystemClock()) as made:
        yield made


async def test_a_value_is_in_the_journal_while_it_is_held(rig: Rig) -> None:
    async with rig.tenure() as tenure:
        outcome = await tenure.hold(rig.point("battery", "power_setpoint"), 5.0, "test")
        assert outcome.result is WriteResult.VERIFIED
        (lease,) = await rig.store.leases()
        assert (lease.value, lease.owner, lease.reason) == (5.0, "a tester", "test")
        assert rig.raw("WSetEna") == 1
    assert rig.raw("WSetEna") == 0
    assert await rig.store.leases() == []
    kinds = [row.kind for row in await rig.store.audit_tail(5)]
    assert kinds == ["write", "release"]


async def test_cancelling_in_the_middle_gives_everything_back(rig: Rig) -> None:
    held = asyncio.Event()

    async def work() -> None:
        async with rig.tenure() as tenure:
            await tenure.hold(rig.point("battery", "power_setpoint"), 5.0, "test")
            held.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await first_of(task, held)
    assert rig.raw("WSetEna") == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.raw("WSetEna") == 0
    assert await rig.store.leases() == []


async def first_of(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Until the event has come; a task that ends before it fails the test, and does not hang it."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((task, waiting), timeout=30, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    assert event.is_set(), f"it did not come: {task}"


@pytest.mark.parametrize("after", [0, 1, 2, 3])
async def test_cancelling_within_the_release_does_not_break_it_off(rig: Rig, after: int) -> None:
    leaving = asyncio.Event()

    async def work() -> None:
        async with rig.tenure() as tenure:
            await tenure.hold(rig.point("battery", "power_setpoint"), 5.0, "test")
            leaving.set()

    served = rig.house.modbus
    task = asyncio.create_task(work())
    await first_of(task, leaving)
    begun = served.requests
    async with asyncio.timeout(30):
        while served.requests < begun + after:
            assert not task.done()
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.raw("WSetEna") == 0
    assert await rig.store.leases() == []


class Tardy:
    """The store, which after its first row takes its time to say so."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.kept = asyncio.Event()
        self.leases = store.leases
        self.lease_remove = store.lease_remove
        self.audit = store.audit

    async def lease_put(self, row: LeaseRow) -> None:
        await self._store.lease_put(row)
        if not self.kept.is_set():
            self.kept.set()
            await asyncio.Event().wait()


async def test_cancelling_while_the_journal_is_written_leaves_no_row(rig: Rig) -> None:
    journal = Tardy(rig.store)

    async def work() -> None:
        async with Tenure(rig.drivers, journal, rig.clock, "a tester") as tenure:
            await tenure.hold(rig.point("battery", "power_setpoint"), 5.0, "test")

    task = asyncio.create_task(work())
    await first_of(task, journal.kept)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await rig.store.leases() == []
    assert rig.raw("WSetEna") == 0


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 8, 13])
async def test_cancelling_within_a_write_gives_it_back_too(rig: Rig, after: int) -> None:
    async def work() -> None:
        async with rig.tenure() as tenure:
            await tenure.hold(rig.point("battery", "power_setpoint"), 5.0, "test")
            await asyncio.Event().wait()

    served = rig.house.modbus
    task = asyncio.create_task(work())
    begun = served.requests
    async with asyncio.timeout(30):
        while served.requests < begun + after and not rig.raw("WSetEna"):
            assert not task.done()
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert rig.raw("WSetEna") == 0
    assert await rig.store.leases() == []


async def test_what_an_earlier_run_left_is_given_back_first(rig: Rig) -> None:
    lost = rig.tenure()
    await lost.hold(rig.point("battery", "power_setpoint"), 5.0, "test")
    assert rig.raw("WSetEna") == 1
    async with rig.tenure() as tenure:
        done = await tenure.clear_left_over()
        assert [outcome.result for outcome in done.values()] == [WriteResult.VERIFIED]
        assert rig.raw("WSetEna") == 0


async def test_a_device_that_has_gone_stays_in_the_journal(tmp_path: Path) -> None:
    async with rig_in(tmp_path, fast_clock(20.0)) as rig:
        async with rig.tenure() as tenure:
            await tenure.hold(rig.point("battery", "power_setpoint"), 5.0, "test")
            rig.house.modbus.units[2].silent = True
        assert list(tenure.kept) == ["battery.power_setpoint"]
        assert [lease.point for lease in await rig.store.leases()] == ["power_setpoint"]


async def test_a_closed_journal_lets_no_frame_out(rig: Rig) -> None:
    await rig.store.close()
    point = rig.point("battery", "power_setpoint")
    async with rig.tenure() as tenure:
        with pytest.raises((StoreError, RuntimeError)):
            await tenure.hold(point, 5.0, "test")
    assert rig.house.modbus.write_frames == 0


async def test_somebody_at_the_device_is_left_alone(rig: Rig) -> None:
    async with rig.tenure() as tenure:
        point = rig.point("battery", "power_setpoint")
        await tenure.hold(point, 5.0, "test")
        rig.house.modbus.units[2].local = True  # type: ignore[attr-defined]
        assert (await tenure.refresh(point)).result is WriteResult.OVERRIDDEN_LOCALLY
        frames = rig.house.modbus.write_frames
        assert tenure.overridden(point.key)
    assert rig.house.modbus.write_frames == frames, "nothing is written over a person"


async def test_a_lease_is_refreshed_before_its_timer_ends(tmp_path: Path) -> None:
    clock = fast_clock(100.0)
    async with rig_in(tmp_path, clock) as rig, rig.tenure() as tenure:
        point = rig.point("battery", "power_setpoint")
        await tenure.hold(point, 5.0, "test")
        end_s = clock.monotonic_s() + 1.5 * lease_s(point)
        while clock.monotonic_s() < end_s:
            assert rig.raw("WSetEna") == 1
            await clock.sleep(5)
    assert rig.raw("WSetEna") == 0
