"""Leases at real devices: journalled before a frame leaves, refreshed, given back, taken over."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from leases import audit, carry_out, states
from small_house import FAN_COIL, FAN_COIL_OBJECT, SETPOINT, WRITE_SLOT, SmallHouse, TablePlant
from wishes import NOW, wish

from drivers.simulated.registers import DEVICE_FAILURE, ModbusFault
from drivers.simulated.sunspec import BatteryUnit
from drivers.types import Quality, Reading, WriteResult
from edge_agent.arbiter import Priority, arbitrate
from edge_agent.clock import ManualClock
from edge_agent.dispatch import Dispatch
from edge_agent.guard import Guarded
from edge_agent.lease import STANDING_LEASE_S, TIMER_LEASE_S
from edge_agent.local_overrides import LOCAL_HOLD_S
from edge_agent.retries import RETRY_S
from edge_agent.snapshot import Board, Snapshot
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseState
from tests.agent.conftest import Disk

NOTHING = wish(SETPOINT, None)


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


def shown(value: float, clock: ManualClock) -> Snapshot:
    """The fan coil's setpoint as a poll of now shows it."""
    device, point = FAN_COIL.split(".")
    reading = Reading(
        device=device, point=point, value=value, unit="degC", at=clock.now(), quality=Quality.GOOD
    )
    board = Board()
    board.post([reading], stale_s=180.0)
    return board.freeze(clock.now())


async def test_a_person_at_a_point_that_never_reverts_is_found_by_the_next_reading(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock
) -> None:
    """Long before half of the standing lease has passed."""
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    await clock.advance(30)
    asked = house.bacnet.requests
    await dispatch.tick([wish(FAN_COIL, 21.0)], shown(21.0, clock))
    await dispatch.settle()
    assert house.bacnet.requests == asked, "nothing speaks against it"
    house.bacnet.hold(FAN_COIL_OBJECT, 8, 24.0)
    await dispatch.tick([wish(FAN_COIL, 21.0)], shown(24.0, clock))
    await dispatch.settle()
    assert dispatch.outcomes[FAN_COIL].result is WriteResult.OVERRIDDEN_LOCALLY
    assert [claim.point for claim in dispatch.local_overrides()] == [FAN_COIL]


async def test_a_reading_that_only_looks_different_is_looked_into_once(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock
) -> None:
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    writes, asked = house.bacnet.writes, []
    for _ in range(4):
        await clock.advance(30)
        before = house.bacnet.requests
        await dispatch.tick([wish(FAN_COIL, 21.0)], shown(21.5, clock))
        await dispatch.settle()
        asked.append(house.bacnet.requests > before)
    assert asked == [True, False, False, False]
    assert house.bacnet.writes == writes, "the slot holds our value, no frame goes out"


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
