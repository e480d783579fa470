"""Leases at their end: taken over, given back in time, never sent without control."""

from __future__ import annotations

import time

import pytest
from leases import audit, build, carry_out, states
from small_house import FAN_COIL, FAN_COIL_OBJECT, SETPOINT, WRITE_SLOT, SmallHouse
from wishes import wish

from drivers.types import Driver, WriteResult
from edge_agent.clock import ManualClock
from edge_agent.dispatch import Dispatch
from edge_agent.lease import STANDING_LEASE_S
from edge_agent.retries import RETRY_S
from edge_agent.site.schema import Control
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseState
from tests.agent.conftest import Disk, Until


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
