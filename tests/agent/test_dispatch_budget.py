"""Points that wear out, that move slowly, or that the device never gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from bacnet_peek import free_udp_port
from leases import audit, build, carry_out, states
from small_house import FAN_COIL, FAN_COIL_OBJECT, SETPOINT, WRITE_SLOT, SmallHouse, TablePlant
from status_pictures import picture
from wishes import wish

from drivers.bacnet import BacnetDevice, BacnetPoint
from drivers.bacnet_link import BacnetLink
from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.types import Driver, WriteResult
from drivers.write_budget import DAY_S
from edge_agent.clock import ManualClock
from edge_agent.conditions import conditions
from edge_agent.dispatch import Dispatch
from edge_agent.notes import Notebook
from edge_agent.retries import RETRY_S
from edge_agent.site.schema import Control
from edge_agent.status import StatusView, StuckView
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseState


def worn(
    devices: dict[str, Driver],
    store: Store,
    clock: ManualClock,
    writes_per_day: int | None = None,
    max_rate_per_s: float | None = None,
) -> Dispatch:
    """Dispatch over the real devices, where the fan coil stands only so much."""
    points = {point.key: point for driver in devices.values() for point in driver.points}
    points[FAN_COIL] = replace(
        points[FAN_COIL], writes_per_day=writes_per_day, max_rate_per_s=max_rate_per_s
    )
    return Dispatch(devices, points, Notebook(store), clock, Control.ENABLED)


async def test_no_more_changed_values_than_the_memory_stands(
    devices: dict[str, Driver], house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    dispatch = worn(devices, store, clock, writes_per_day=2)
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    await clock.advance(60)
    await carry_out(dispatch, wish(FAN_COIL, 22.0))
    writes = house.bacnet.writes
    await carry_out(dispatch, wish(FAN_COIL, 23.0))
    outcome = dispatch.outcomes[FAN_COIL]
    assert outcome.result is WriteResult.REJECTED
    assert outcome.reason == "2 changed values in 24 h are all the device's memory stands"
    assert (house.bacnet.writes, dispatch.counts.refused) == (writes, 1)
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == 22.0
    assert (await audit(store, "write"))[-1].startswith(f"{FAN_COIL} = 23: rejected 2 changed")
    await carry_out(dispatch, wish(FAN_COIL, 22.0))
    assert await states(store) == {FAN_COIL: LeaseState.ACTIVE}, "what stands may stand"


async def test_the_budget_is_counted_over_a_restart_and_a_day(
    devices: dict[str, Driver], house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    before = worn(devices, store, clock, writes_per_day=2)
    for value in (21.0, 22.0):
        await carry_out(before, wish(FAN_COIL, value))
    reborn = worn(devices, store, clock, writes_per_day=2)
    await reborn.adopt()
    await clock.advance(60)
    await carry_out(reborn, wish(FAN_COIL, 23.0))
    assert reborn.outcomes[FAN_COIL].result is WriteResult.REJECTED
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == 22.0
    await clock.advance(DAY_S - 60)
    await carry_out(reborn, wish(FAN_COIL, 23.0))
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == 23.0


async def test_giving_back_is_never_refused_and_counts_as_a_write(
    devices: dict[str, Driver], house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    dispatch = worn(devices, store, clock, writes_per_day=2)
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    await carry_out(dispatch, wish(FAN_COIL, 22.0))
    await carry_out(dispatch, wish(FAN_COIL, None))
    assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None
    await carry_out(dispatch, wish(FAN_COIL, 22.0))
    assert dispatch.outcomes[FAN_COIL].result is WriteResult.REJECTED
    assert (await store.leases(), house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT)) == ([], None)


async def test_a_slow_point_is_led_to_its_value(
    devices: dict[str, Driver], house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    dispatch = worn(devices, store, clock, max_rate_per_s=0.1)
    await carry_out(dispatch, wish(FAN_COIL, 20.0))
    stood = []
    for _ in range(4):
        await clock.advance(10)
        await carry_out(dispatch, wish(FAN_COIL, 23.0))
        stood.append(house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT))
    assert stood == [pytest.approx(21.0), pytest.approx(22.0), 23.0, 23.0]


def shown(dispatch: Dispatch) -> StatusView:
    quiet = picture()
    fields = {name: getattr(quiet, name) for name in StatusView.__dataclass_fields__}
    stuck = tuple(StuckView(point=p, text=text) for p, text in dispatch.stuck.items())
    return StatusView(**{**fields, "stuck": stuck})


@pytest.mark.parametrize("gone", ["device", "point"])
async def test_a_lease_of_what_left_the_site_is_an_alarm_with_its_remedy(
    devices: dict[str, Driver], house: SmallHouse, store: Store, clock: ManualClock, gone: str
) -> None:
    await carry_out(build(devices, store, clock), wish(SETPOINT, 12.0))
    left = {name: one for name, one in devices.items() if gone == "point" or name != "battery"}
    points = {p.key: p for one in left.values() for p in one.points if p.key != SETPOINT}
    reborn = Dispatch(left, points, Notebook(store), clock, Control.ENABLED)
    assert await reborn.adopt() == 0
    frames = house.modbus.write_frames
    for _ in range(3):
        await clock.advance(RETRY_S[-1])
        await carry_out(reborn)
    assert house.modbus.write_frames == frames, "no silent loop"
    assert await states(store) == {SETPOINT: LeaseState.ACTIVE}, "kept until it is put right"
    assert (await audit(store, "release"))[-1].endswith(f"the site has no such {gone}")
    (alarm,) = conditions(shown(reborn))
    assert (alarm.code, alarm.subject) == ("orphaned_lease", SETPOINT)
    assert alarm.text.startswith("12 may still stand there: put its device and point back")


class ObedientPlant(TablePlant):
    """What is commanded is what is measured."""

    def set(self, name: str, value: float | None) -> None:
        super().set(name, value)
        if value is not None:
            self.values[name] = value


@pytest.fixture
async def old_controller(clock: ManualClock) -> AsyncIterator[BacnetServer]:
    """A controller whose setpoint has no priority array: what is written stands."""
    objects = (
        BacnetObject(object="analog-value,9", plant="room.setpoint_c", units="degrees-celsius"),
    )
    listen = f"127.0.0.1/8:{free_udp_port()}"
    server = BacnetServer(listen, 3109, clock, ObedientPlant(), objects)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def old(old_controller: BacnetServer, clock: ManualClock) -> AsyncIterator[BacnetDevice]:
    link = BacnetLink(f"127.0.0.1/8:{free_udp_port()}", 3056, timeout_s=1.0, clock=clock)
    point = BacnetPoint(name="sp", object="analog-value,9", writable=True, safe=(19, 25))
    device = BacnetDevice("old", link, old_controller.address, (point,), clock)
    await device.open()
    yield device
    await device.close()


async def test_what_the_device_never_takes_back_is_not_asked_for_ever(
    old: BacnetDevice, old_controller: BacnetServer, store: Store, clock: ManualClock
) -> None:
    dispatch = build({"old": old}, store, clock)
    await carry_out(dispatch, wish("old.sp", 22.0))
    assert await states(store) == {"old.sp": LeaseState.ACTIVE}
    await carry_out(dispatch, wish("old.sp", None))
    assert dispatch.outcomes["old.sp"].result is WriteResult.NOT_WRITABLE
    requests = old_controller.requests
    for _ in range(3):
        await clock.advance(RETRY_S[-1])
        await carry_out(dispatch, wish("old.sp", None))
    assert old_controller.requests == requests, "once is enough"
    (alarm,) = conditions(shown(dispatch))
    assert (alarm.code, alarm.subject) == ("orphaned_lease", "old.sp")
    assert alarm.text.startswith("22 stands: no priority-array")
    assert await states(store) == {"old.sp": LeaseState.RELEASING}
    await dispatch.release("old.sp")
    assert (dispatch.stuck, dispatch.leases, await store.leases()) == ({}, (), [])
