"""Leases at real devices: journalled before a frame leaves, refreshed, given back, taken over."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest
from small_house import FAN_COIL, FAN_COIL_OBJECT, SETPOINT, WRITE_SLOT, SmallHouse, TablePlant
from wishes import NOW, wish

from drivers.simulated.registers import DEVICE_FAILURE, ModbusFault
from drivers.simulated.sunspec import BatteryUnit
from drivers.types import Driver, WriteResult
from edge_agent.arbiter import Priority, arbitrate
from edge_agent.clock import ManualClock
from edge_agent.dispatch import LOCAL_HOLD_S, RETRY_S, Dispatch
from edge_agent.guard import Guarded
from edge_agent.lease import STANDING_LEASE_S, TIMER_LEASE_S
from edge_agent.notes import Notebook
from edge_agent.site.schema import Control
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseState
from tests.agent.conftest import Disk, Until

NOTHING = wish(SETPOINT, None)


def build(
    devices: dict[str, Driver],
    store: Store,
    clock: ManualClock,
    control: Control = Control.ENABLED,
) -> Dispatch:
    points = {point.key: point for driver in devices.values() for point in driver.points}
    return Dispatch(devices, points, Notebook(store), clock, control)


@pytest.fixture
def dispatch(devices: dict[str, Driver], store: Store, clock: ManualClock) -> Dispatch:
    return build(devices, store, clock)


async def carry_out(dispatch: Dispatch, *wishes: Guarded) -> None:
    await dispatch.tick(wishes)
    await dispatch.settle()


async def audit(store: Store, kind: str) -> list[str]:
    return [row.text for row in await store.audit_tail(100) if row.kind == kind]


async def states(store: Store) -> dict[str, LeaseState]:
    return {f"{row.device}.{row.point}": row.state for row in await store.leases()}


async def test_a_value_is_journalled_written_and_read_back(
    dispatch: Dispatch, house: SmallHouse, store: Store
) -> None:
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    assert house.plant.commands["battery.setpoint_kw"] == 12.0
    (lease,) = await store.leases()
    assert (lease.value, lease.state, lease.owner) == (12.0, LeaseState.ACTIVE, "plan:solver")
    assert (lease.expires - lease.since).total_seconds() == TIMER_LEASE_S
    assert dispatch.counts.verified == 1
    assert await audit(store, "write") == [
        f"{SETPOINT} = 12: verified [plan (plan:solver): plan of noon]"
    ]


async def test_no_frame_leaves_before_the_journal_has_it(
    dispatch: Dispatch, house: SmallHouse, store: Store, disk: Disk, clock: ManualClock
) -> None:
    disk.full = True
    await carry_out(dispatch, wish(SETPOINT, 12.0), wish(FAN_COIL, 21.0))
    assert (house.modbus.write_frames, house.bacnet.writes) == (0, 0)
    assert dispatch.leases == ()
    disk.full = False
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    assert house.modbus.write_frames == 0, "tried again only after a pause"
    await clock.advance(RETRY_S[0])
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    assert house.modbus.write_frames > 0
    assert await states(store) == {SETPOINT: LeaseState.ACTIVE}


class Witness(BatteryUnit):
    """A battery that looks into the journal's file whenever a write frame arrives."""

    def __init__(self, plant: TablePlant, clock: ManualClock, database: Path) -> None:
        super().__init__(plant, 2, clock)
        self._database = database
        self.seen: list[tuple[str, float]] = []

    def authorise(self) -> None:
        with contextlib.closing(sqlite3.connect(self._database)) as db:
            self.seen += db.execute("SELECT state, value FROM lease").fetchall()


async def test_the_intent_is_on_the_disk_when_the_first_frame_arrives(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock, tmp_path: Path
) -> None:
    witness = Witness(house.plant, clock, tmp_path / "edge.db")
    house.modbus.units[2] = witness
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    assert len(witness.seen) == house.modbus.write_frames > 0
    assert set(witness.seen) == {("intended", 12.0)}


async def test_an_unchanged_value_is_written_anew_at_half_its_lease(
    dispatch: Dispatch, house: SmallHouse, store: Store, clock: ManualClock, disk: Disk
) -> None:
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    frames = house.modbus.write_frames
    await clock.advance(TIMER_LEASE_S / 2 - 1)
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    assert house.modbus.write_frames == frames
    await clock.advance(1)
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    assert house.modbus.write_frames > frames
    (lease,) = await store.leases()
    assert (lease.expires - NOW).total_seconds() == 1.5 * TIMER_LEASE_S
    assert len(await audit(store, "write")) == 1, "a refresh is no news"


async def test_a_device_that_cannot_revert_is_checked_at_half_a_long_lease(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock
) -> None:
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    requests = house.bacnet.requests
    await clock.advance(STANDING_LEASE_S / 2 - 1)
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    assert house.bacnet.requests == requests
    house.bacnet.hold(FAN_COIL_OBJECT, WRITE_SLOT, None)
    await clock.advance(1)
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == 21.0, "what was lost is put back"


async def test_another_value_is_written_at_once_and_grains_are_not(
    dispatch: Dispatch, house: SmallHouse
) -> None:
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    frames = house.modbus.write_frames
    await carry_out(dispatch, wish(SETPOINT, 12.0001))
    assert house.modbus.write_frames == frames
    await carry_out(dispatch, wish(SETPOINT, -5.0))
    assert house.plant.commands["battery.setpoint_kw"] == -5.0


@pytest.mark.parametrize("gone", [[NOTHING], []])
async def test_without_a_wish_the_point_goes_back(
    dispatch: Dispatch, house: SmallHouse, store: Store, gone: list[Guarded]
) -> None:
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    await carry_out(dispatch, *gone)
    assert house.plant.commands["battery.setpoint_kw"] is None
    assert (dispatch.leases, await store.leases()) == ((), [])
    assert await audit(store, "release") == [f"{SETPOINT} released: verified"]


class Refusing(BatteryUnit):
    """A battery that takes no write."""

    def authorise(self) -> None:
        raise ModbusFault(DEVICE_FAILURE)


async def test_a_refusing_device_is_tried_with_growing_pauses(
    dispatch: Dispatch, house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    house.modbus.units[2] = Refusing(house.plant, 2, clock)
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    tries = []
    for pause_s in (*RETRY_S, RETRY_S[-1]):
        before = dispatch.counts.failed
        await clock.advance(pause_s - 1)
        await carry_out(dispatch, wish(SETPOINT, 12.0))
        early = dispatch.counts.failed - before
        await clock.advance(1)
        await carry_out(dispatch, wish(SETPOINT, 12.0))
        tries.append((early, dispatch.counts.failed - before))
    assert set(tries) == {(0, 1)}
    assert len(await audit(store, "write")) == 1 + len(tries)
    assert await states(store) == {SETPOINT: LeaseState.LOST}


async def test_a_person_at_the_panel_wins_and_nothing_is_rewritten(
    dispatch: Dispatch, house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    house.bacnet.hold(FAN_COIL_OBJECT, 8, 24.0)
    writes = house.bacnet.writes
    await carry_out(dispatch, wish(FAN_COIL, 20.0))
    assert dispatch.outcomes[FAN_COIL].result is WriteResult.OVERRIDDEN_LOCALLY
    assert (house.bacnet.writes, dispatch.counts.failed) == (writes, 0)

    (claim,) = dispatch.local_overrides()
    assert (claim.point, claim.value, claim.priority) == (FAN_COIL, None, Priority.LOCAL_OVERRIDE)
    assert "outranks slot 13" in claim.reason
    plan = wish(FAN_COIL, 20.0).decision.array
    (decision,) = arbitrate([FAN_COIL], [*plan, claim], clock.now())
    assert decision.value is None

    await clock.advance(RETRY_S[0])
    await carry_out(dispatch, wish(FAN_COIL, decision.value))
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None, "ours is taken back"
    assert house.bacnet.slot(FAN_COIL_OBJECT, 8) == 24.0
    settled = house.bacnet.requests
    for _ in range(3):
        await clock.advance(60)
        await carry_out(dispatch, wish(FAN_COIL, decision.value))
    assert house.bacnet.requests == settled
    assert await store.leases() == []
    await clock.advance(LOCAL_HOLD_S)
    (later,) = arbitrate([FAN_COIL], [*plan, claim], clock.now())
    assert later.value == 20.0


async def test_a_restart_takes_over_and_renews_or_releases(
    devices: dict[str, Driver], house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    dead = build(devices, store, clock)
    await carry_out(dead, wish(SETPOINT, 12.0), wish(FAN_COIL, 21.0))
    reborn = build(devices, store, clock)
    assert await reborn.adopt() == 2
    assert {lease.state for lease in reborn.leases} == {LeaseState.LOST}
    frames = house.modbus.write_frames
    await carry_out(reborn, wish(SETPOINT, 12.0))
    assert house.modbus.write_frames > frames, "an unchanged value is renewed all the same"
    assert await states(store) == {SETPOINT: LeaseState.ACTIVE}
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None


async def test_a_lease_of_a_device_that_left_the_site_is_named_and_kept(
    devices: dict[str, Driver], store: Store, clock: ManualClock
) -> None:
    await carry_out(build(devices, store, clock), wish(SETPOINT, 12.0), wish(FAN_COIL, 21.0))
    fewer = {name: driver for name, driver in devices.items() if name != "battery"}
    reborn = build(fewer, store, clock)
    assert await reborn.adopt() == 1
    assert (await audit(store, "release"))[-1].startswith(f"{SETPOINT} = 12 cannot be released")
    assert await reborn.release_all(2.0) == 0
    assert await states(store) == {SETPOINT: LeaseState.ACTIVE}


async def test_release_all_gives_everything_back(
    dispatch: Dispatch, house: SmallHouse, store: Store
) -> None:
    await carry_out(dispatch, wish(SETPOINT, 12.0), wish(FAN_COIL, 21.0))
    assert await dispatch.release_all(5.0) == 0
    assert house.plant.commands["battery.setpoint_kw"] is None
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None
    assert await store.leases() == []
    assert await dispatch.release_all(5.0) == 0


async def test_release_all_keeps_its_deadline_with_a_silent_device(
    dispatch: Dispatch, house: SmallHouse, store: Store
) -> None:
    await carry_out(dispatch, wish(SETPOINT, 12.0), wish(FAN_COIL, 21.0))
    house.modbus.units[2].silent = True
    began_s = time.monotonic()
    assert await dispatch.release_all(0.5) == 1
    assert time.monotonic() - began_s < 1.0
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None, "the others are not held up"
    assert await states(store) == {SETPOINT: LeaseState.RELEASING}


async def test_a_write_under_way_is_released_too(
    dispatch: Dispatch, house: SmallHouse, store: Store, until: Until
) -> None:
    await dispatch.tick([wish(SETPOINT, 12.0), wish(FAN_COIL, 21.0)])
    assert dispatch.leases == (), "nothing has been written yet"
    await until(lambda: len(dispatch.leases) == 2)
    assert await dispatch.release_all(5.0) == 0
    assert house.plant.commands.get("battery.setpoint_kw") is None
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None
    assert await store.leases() == []


async def test_a_full_disk_does_not_hold_back_a_release(
    dispatch: Dispatch, house: SmallHouse, store: Store, disk: Disk
) -> None:
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    disk.full = True
    assert await dispatch.release_all(5.0) == 0
    assert house.plant.commands["battery.setpoint_kw"] is None
    assert await states(store) == {SETPOINT: LeaseState.ACTIVE}, "adopted at the next start"


async def test_a_release_that_fails_is_tried_again(
    dispatch: Dispatch, house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    house.bacnet.silence()
    await carry_out(dispatch, wish(FAN_COIL, None))
    assert await states(store) == {FAN_COIL: LeaseState.RELEASING}
    assert dispatch.counts.failed == 1
    house.bacnet.silence(silent=False)
    await carry_out(dispatch)
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == 21.0, "not before the pause is over"
    await clock.advance(RETRY_S[0])
    await carry_out(dispatch)
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None
    assert await store.leases() == []


async def test_one_point_is_released_on_demand(
    dispatch: Dispatch, house: SmallHouse, store: Store, until: Until
) -> None:
    assert await dispatch.release(SETPOINT) is None
    assert await dispatch.release("nobody.knows") is None
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    outcome = await dispatch.release(SETPOINT)
    assert outcome is not None
    assert outcome.result is WriteResult.VERIFIED
    assert house.plant.commands["battery.setpoint_kw"] is None
    assert await store.leases() == []


async def test_a_slow_device_delays_nobody_else(
    dispatch: Dispatch, house: SmallHouse, until: Until
) -> None:
    house.bacnet.silence()
    began_s = time.monotonic()
    await dispatch.tick([wish(FAN_COIL, 21.0), wish(SETPOINT, 12.0)])
    await until(lambda: "battery.setpoint_kw" in house.plant.commands)
    assert time.monotonic() - began_s < 0.3
    await dispatch.tick([wish(FAN_COIL, 22.0), wish(SETPOINT, 12.0)])
    await dispatch.settle()
    assert house.bacnet.writes == 0


async def test_what_is_asked_and_withdrawn_before_its_turn_is_never_written(
    dispatch: Dispatch, house: SmallHouse, store: Store
) -> None:
    await dispatch.tick([wish(SETPOINT, 12.0), wish(FAN_COIL, 21.0)])
    assert await dispatch.release_all(5.0) == 0
    await dispatch.settle()
    assert (house.modbus.write_frames, house.bacnet.writes) == (0, 0)
    assert await store.leases() == []


async def test_a_value_the_device_never_takes_leaves_no_lease_and_no_frame(
    dispatch: Dispatch, house: SmallHouse, store: Store
) -> None:
    await carry_out(dispatch, wish(FAN_COIL, 30.0))
    assert (house.bacnet.writes, dispatch.leases, await store.leases()) == (0, (), [])
    assert dispatch.counts.refused == 1
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    await carry_out(dispatch, wish(FAN_COIL, 30.0))
    (lease,) = await store.leases()
    assert (lease.value, lease.state) == (21.0, LeaseState.ACTIVE)
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == 21.0


async def test_only_what_failed_waits_and_another_value_does_not(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock
) -> None:
    battery = Refusing(house.plant, 2, clock)
    house.modbus.units[2] = battery
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    frames = battery.write_frames
    await carry_out(dispatch, wish(SETPOINT, 12.0))
    assert battery.write_frames == frames
    await carry_out(dispatch, wish(SETPOINT, 13.0))
    assert battery.write_frames > frames


@pytest.mark.parametrize("control", [Control.OFF, Control.SHADOW])
async def test_without_control_not_even_a_release_leaves(
    devices: dict[str, Driver],
    house: SmallHouse,
    store: Store,
    clock: ManualClock,
    control: Control,
) -> None:
    await carry_out(build(devices, store, clock), wish(SETPOINT, 12.0))
    frames = house.modbus.write_frames
    watching = build(devices, store, clock, control)
    assert await watching.adopt() == 1
    await carry_out(watching)
    assert await watching.release(SETPOINT) is None
    assert await watching.release_all(1.0) == 1
    assert house.modbus.write_frames == frames


@pytest.mark.parametrize("control", [Control.OFF, Control.SHADOW])
async def test_off_and_shadow_send_no_frame(
    devices: dict[str, Driver],
    house: SmallHouse,
    store: Store,
    clock: ManualClock,
    control: Control,
) -> None:
    dispatch = build(devices, store, clock, control)
    for value in (12.0, 12.0, -5.0, None):
        await carry_out(dispatch, wish(SETPOINT, value), wish(FAN_COIL, 21.0))
        await clock.advance(STANDING_LEASE_S)
    assert (house.modbus.requests, house.bacnet.requests) == (0, 0)
    assert (dispatch.leases, await store.leases()) == ((), [])
    why = "[plan (plan:solver): plan of noon]"
    recorded = [
        f"{SETPOINT} would be 12 {why}",
        f"{FAN_COIL} would be 21 {why}",
        f"{SETPOINT} would be -5 {why}",
        f"{SETPOINT} would be release {why}",
    ]
    assert await audit(store, "shadow") == (recorded if control is Control.SHADOW else [])
