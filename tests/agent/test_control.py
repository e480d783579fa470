"""The control cycle over real devices: who wins, when claims end, and what a late tick does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from plans import NOON, plan
from small_house import FAN_COIL, FAN_COIL_OBJECT, SETPOINT, WRITE_SLOT, SmallHouse

from drivers.types import Driver, Quality, Reading
from edge_agent.arbiter import Entry, Priority
from edge_agent.clock import ManualClock, ScaledClock
from edge_agent.control import HOLD_TICKS, ControlLoop, ControlParts
from edge_agent.control_memory import ControlMemory
from edge_agent.dispatch import Dispatch
from edge_agent.envelopes_of import envelopes
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.droop import DroopSettings
from edge_agent.fastloop.grid_quality import GridLimits
from edge_agent.fastloop.quality_watch import QualityWatch
from edge_agent.fastloop.response import FrequencyResponse, ResponseSettings
from edge_agent.fastloop.tracker import Tracker
from edge_agent.grid_parts import GridParts
from edge_agent.notes import Notebook
from edge_agent.overrides import Overrides
from edge_agent.retries import RETRY_S
from edge_agent.site.load import LoadedSite
from edge_agent.site.schema import Control
from edge_agent.sitemodel import actuators
from edge_agent.snapshot import Board, Snapshot
from edge_agent.store.store import Store
from edge_agent.tracking import Actuators
from models.types import BatteryPlan, Plan, ZonePlan
from tests.agent.conftest import Until

TICK_S = 5.0
LASTING = plan(
    batteries=(BatteryPlan(id="bat", power_kw=(10.0, 10.0), soc_kwh=(50.0, 50.0)),),
    zones=(
        ZonePlan(id="hall", heat_kw=(0.0, 0.0), cool_kw=(0.0, 0.0), temperature_c=(21.0, 21.0)),
    ),
    pvs=(),
)


class Rig:
    """A control loop whose board a test fills by polling the real devices."""

    def __init__(
        self, loaded: LoadedSite, devices: dict[str, Driver], store: Store, clock: ManualClock
    ) -> None:
        self._devices = devices
        self.board = Board()
        self.overrides = Overrides(Notebook(store))
        points = {point.key: point for driver in devices.values() for point in driver.points}
        self.dispatch = Dispatch(devices, points, Notebook(store), clock, Control.ENABLED)
        self.people: dict[str, Entry] = {}
        limits = envelopes(loaded.site, points)
        self.notes = Notebook(store)
        self.parts = ControlParts(
            board=self.board,
            dispatch=self.dispatch,
            envelopes=limits,
            tracker=Tracker(limits, actuators(loaded.site), LoopSettings(tick_s=TICK_S)),
            clock=clock,
            memory=ControlMemory(self.notes),
            people=lambda now: [claim for claim in self.people.values() if claim.live(now)],
            charges=tuple,
            tell=self.notes.audit,
        )
        self.loop = ControlLoop(self.parts)

    async def poll(self) -> None:
        for driver in self._devices.values():
            self.board.post(await driver.read(), stale_s=30.0)

    async def tick(self, in_force: Plan | None) -> Snapshot:
        snapshot = await self.loop.tick(in_force, TICK_S)
        await self.dispatch.settle()
        return snapshot

    def entry(self, point: str) -> Entry | None:
        (found,) = [d for d in self.loop.decisions if d.point == point]
        return found.decision.winner


@pytest.fixture
async def rig(
    loaded: LoadedSite, devices: dict[str, Driver], store: Store, clock: ManualClock
) -> Rig:
    made = Rig(loaded, devices, store, clock)
    await made.poll()
    return made


async def test_the_plan_reaches_the_devices(rig: Rig, house: SmallHouse) -> None:
    snapshot = await rig.tick(LASTING)
    assert snapshot.at == NOON
    assert house.plant.commands["battery.setpoint_kw"] == 10.0
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == 21.0
    claim = rig.entry(SETPOINT)
    assert claim is not None
    assert claim.expires == NOON + timedelta(seconds=HOLD_TICKS * TICK_S)
    assert rig.loop.counts.done == 1


async def test_the_grids_frequency_is_answered_and_told(
    rig: Rig, house: SmallHouse, clock: ManualClock, store: Store
) -> None:
    """Readings every half second reach the battery as the plan's power and the answer to them."""
    settings = ResponseSettings(
        point="meter.frequency",
        setpoint=SETPOINT,
        droop=DroopSettings(reserve_kw=5.0, reserve_kwh=1.0),
    )
    quality = QualityWatch("meter.power", GridLimits(high_hz=50.15))
    grid = GridParts(response=FrequencyResponse(settings), quality=quality)
    rig.loop = ControlLoop(replace(rig.parts, grid=grid))
    for hz in [*[50.0, 50.01, 49.99, 50.0] * 6, 50.2, 50.0]:
        await clock.advance(0.5)
        await rig.poll()
        reading = Reading(
            device="meter",
            point="frequency",
            value=hz,
            unit="Hz",
            at=clock.now(),
            quality=Quality.GOOD,
        )
        rig.board.post([reading], stale_s=30.0)
        await rig.tick(LASTING)
        charging = house.plant.commands["battery.setpoint_kw"]
        assert charging == (15.0 if hz == 50.2 else 10.0)
    lines = [row.text for row in await store.audit_tail(50) if row.kind in {"frequency", "grid"}]
    assert any("frequency went to 50.200 Hz for 0.5 s" in line for line in lines)
    assert any("over frequency ends after" in line for line in lines)


async def test_without_a_plan_everything_is_given_back(rig: Rig, house: SmallHouse) -> None:
    await rig.tick(LASTING)
    await rig.tick(None)
    assert [decided.value for decided in rig.loop.decisions] == [None, None, None]
    assert house.plant.commands["battery.setpoint_kw"] is None
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None


async def test_a_plan_that_has_run_out_is_no_plan(
    rig: Rig, house: SmallHouse, clock: ManualClock
) -> None:
    await rig.tick(LASTING)
    await clock.advance((LASTING.grid.end - NOON).total_seconds())
    await rig.poll()
    await rig.tick(LASTING)
    assert rig.entry(SETPOINT) is None
    assert house.plant.commands["battery.setpoint_kw"] is None


async def test_a_manual_claim_wins_until_it_expires(
    rig: Rig, house: SmallHouse, clock: ManualClock
) -> None:
    rig.people[SETPOINT] = Entry(
        point=SETPOINT,
        value=None,
        priority=Priority.MANUAL,
        owner="porter",
        reason="noise",
        since=NOON,
        expires=NOON + timedelta(seconds=60),
    )
    await rig.tick(LASTING)
    assert "battery.setpoint_kw" not in house.plant.commands
    assert rig.entry(SETPOINT) is rig.people[SETPOINT]
    await clock.advance(60)
    await rig.poll()
    await rig.tick(LASTING)
    assert house.plant.commands["battery.setpoint_kw"] == 10.0


async def test_stale_telemetry_gives_the_battery_back_and_leaves_the_room(
    rig: Rig, house: SmallHouse, clock: ManualClock
) -> None:
    await rig.tick(LASTING)
    house.modbus.units[2].silent = True
    await clock.advance(31)
    await rig.poll()
    await rig.tick(LASTING)
    battery, room, _ = rig.loop.decisions
    assert battery.value is None
    assert "battery.soc is missing (no answer" in battery.cuts[0]
    assert room.value == 21.0


async def test_a_person_at_the_device_is_heard_in_the_next_tick(
    rig: Rig, house: SmallHouse, clock: ManualClock
) -> None:
    house.bacnet.hold(FAN_COIL_OBJECT, 8, 24.0)
    await rig.tick(LASTING)
    await rig.tick(LASTING)
    claim = rig.entry(FAN_COIL)
    assert claim is not None
    assert (claim.priority, claim.value) == (Priority.LOCAL_OVERRIDE, None)
    await clock.advance(RETRY_S[0])
    await rig.tick(LASTING)
    assert house.bacnet.writes == 0


@pytest.fixture
async def running(rig: Rig) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(rig.loop.run(TICK_S, lambda: None, lambda _: None))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("running")
async def test_late_ticks_are_counted_and_never_bunched_up(
    rig: Rig, clock: ManualClock, until: Until
) -> None:
    await until(lambda: rig.loop.counts.done == 1)
    await clock.advance(5)
    await until(lambda: rig.loop.counts.done == 2)
    assert rig.loop.counts.missed == 0
    await clock.advance(22)
    # Due at 10 and run at 27: those of 15 and 20 are lost, that of 25 is run at once, late.
    await until(lambda: rig.loop.counts.done == 4)
    assert rig.loop.counts.missed == 2
    await clock.advance(2.9)
    await asyncio.sleep(0.02)
    assert rig.loop.counts.done == 4
    await clock.advance(0.1)
    await until(lambda: rig.loop.counts.done == 5)


async def test_a_blocked_process_loses_ticks_and_says_so(rig: Rig, until: Until) -> None:
    seen: list[float] = []
    clock = ScaledClock(NOON, 1000.0, time.monotonic())
    idle = Tracker({}, Actuators(), LoopSettings(tick_s=TICK_S))
    parts = replace(rig.parts, board=Board(), envelopes={}, tracker=idle, clock=clock)
    loop = ControlLoop(parts)

    def block_once(_snapshot: Snapshot) -> None:
        seen.append(clock.monotonic_s())
        if len(seen) == 3:
            time.sleep(0.1)

    task = asyncio.create_task(loop.run(TICK_S, lambda: None, block_once))
    await until(lambda: len(seen) >= 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert loop.counts.missed >= 18
    beats = (seen[-1] - seen[0]) / TICK_S
    assert loop.counts.done - 1 + loop.counts.missed == pytest.approx(beats, abs=2)
