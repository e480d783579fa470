from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.bacnet import BacnetDevice
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_point import BacnetPoint
from drivers.simulated.bacnet import BacnetServer, Trouble
from drivers.simulated.plant import Plant
from drivers.types import WriteOutcome, WriteRequest, WriteResult
from edge_agent.clock import SystemClock

AV = "analog-value,7"
OURS = 13
STAFF = 8
POINTS = (
    BacnetPoint(
        name="setpoint", object=AV, unit="degC", writable=True, safe=(19, 25), limits=(5, 40)
    ),
    BacnetPoint(name="us_setpoint", object="analog-value,8", unit="degC", writable=True),
    BacnetPoint(name="plain", object="analog-value,9", unit="degC", writable=True),
    BacnetPoint(name="sensor", object="analog-input,1", unit="degC"),
    BacnetPoint(name="foreign_unit", object="analog-input,3", unit="degC", writable=True),
    BacnetPoint(name="absent", object="analog-value,99", unit="degC", writable=True),
)


@pytest.fixture
def driver(controller: BacnetServer, link: BacnetLink) -> BacnetDevice:
    return BacnetDevice("fcu_101", link, controller.address, POINTS, SystemClock())


async def write(driver: BacnetDevice, value: float, point: str = "setpoint") -> WriteOutcome:
    return await driver.write(WriteRequest(point=point, value=value, lease_s=60.0, command_id="c1"))


async def test_written_value_stands_in_our_slot_and_moves_the_plant(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant
) -> None:
    outcome = await write(driver, 22.25)
    assert outcome == WriteOutcome(point="setpoint", result=WriteResult.VERIFIED, readback=22.25)
    assert controller.slot(AV, OURS) == 22.25
    assert plant.get("zone_1.setpoint_c") == 22.25


async def test_release_gives_the_point_back(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant
) -> None:
    await write(driver, 22.25)
    outcome = await driver.release("setpoint")
    assert (outcome.result, outcome.readback) == (WriteResult.VERIFIED, 21.0)
    assert [controller.slot(AV, priority) for priority in range(1, 17)] == [None] * 16
    assert plant.get("zone_1.setpoint_c") == 21.0


async def test_release_of_a_free_slot_sends_no_write_frame(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    assert (await driver.release("setpoint")).result is WriteResult.VERIFIED
    assert controller.writes == 0


async def test_an_unchanged_value_is_verified_without_a_write_frame(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    await write(driver, 22.3)
    assert (await write(driver, 22.3)).result is WriteResult.VERIFIED
    assert controller.writes == 1


async def test_staff_at_the_panel_win(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant
) -> None:
    controller.hold(AV, STAFF, 19.5)
    outcome = await write(driver, 23.0)
    assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
    assert outcome.readback == 19.5
    assert "slot 8" in outcome.reason
    assert controller.writes == 0
    assert controller.slot(AV, OURS) is None
    assert plant.get("zone_1.setpoint_c") == 19.5


async def test_override_after_our_write_is_seen_and_release_leaves_it_alone(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    await write(driver, 22.0)
    controller.hold(AV, STAFF, 19.5)
    outcome = await write(driver, 22.0)
    assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
    assert controller.writes == 1
    released = await driver.release("setpoint")
    assert (released.result, released.readback) == (WriteResult.VERIFIED, 19.5)
    assert controller.slot(AV, STAFF) == 19.5
    controller.hold(AV, STAFF, None)
    assert (await write(driver, 22.0)).result is WriteResult.VERIFIED


async def test_a_lower_slot_of_somebody_else_neither_stops_us_nor_is_touched(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    controller.hold(AV, 16, 20.0)
    assert (await write(driver, 22.0)).result is WriteResult.VERIFIED
    released = await driver.release("setpoint")
    assert (released.result, released.readback) == (WriteResult.VERIFIED, 20.0)
    assert controller.slot(AV, 16) == 20.0


@pytest.mark.parametrize("value", [18.9, 25.1, 41.0, float("nan"), float("inf")])
async def test_unsafe_values_send_no_frame_at_all(
    driver: BacnetDevice, controller: BacnetServer, value: float
) -> None:
    assert (await write(driver, value)).result is WriteResult.OUT_OF_RANGE
    assert controller.requests == 0


@pytest.mark.parametrize("point", ["sensor", "no_such_point"])
async def test_points_not_declared_writable_send_no_frame_at_all(
    driver: BacnetDevice, controller: BacnetServer, point: str
) -> None:
    assert (await write(driver, 20.0, point)).result is WriteResult.NOT_WRITABLE
    assert (await driver.release(point)).result is WriteResult.NOT_WRITABLE
    assert controller.requests == 0


async def test_fahrenheit_device_takes_celsius(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant
) -> None:
    outcome = await write(driver, 22.0, "us_setpoint")
    assert outcome.result is WriteResult.VERIFIED
    assert outcome.readback == pytest.approx(22.0, abs=1e-4)
    assert controller.slot("analog-value,8", OURS) == pytest.approx(71.6, abs=1e-4)
    assert plant.get("zone_2.setpoint_c") == pytest.approx(22.0, abs=1e-4)


async def test_without_a_priority_array_nothing_is_claimed(
    driver: BacnetDevice, plant: Plant
) -> None:
    outcome = await write(driver, 20.5, "plain")
    assert (outcome.result, outcome.readback) == (WriteResult.ACCEPTED_UNVERIFIED, 20.5)
    assert plant.get("plain.setpoint_c") == 20.5
    assert (await driver.release("plain")).result is WriteResult.NOT_WRITABLE
    assert driver.health.notes == ["plain: no_priority_array"]


@pytest.mark.parametrize("point", ["foreign_unit", "absent"])
async def test_what_cannot_be_converted_is_not_written(
    driver: BacnetDevice, controller: BacnetServer, point: str
) -> None:
    outcome = await write(driver, 20.0, point)
    assert outcome.result is WriteResult.NOT_WRITABLE
    assert "unit unknown" in outcome.reason
    assert controller.writes == 0


async def test_acknowledged_and_not_applied_is_a_mismatch(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    controller.trouble = Trouble.DEAF
    outcome = await write(driver, 22.0)
    assert (outcome.result, outcome.readback) == (WriteResult.MISMATCH, 21.0)
    controller.trouble = None
    await write(driver, 22.0)
    controller.trouble = Trouble.DEAF
    released = await driver.release("setpoint")
    assert (released.result, released.readback) == (WriteResult.MISMATCH, 22.0)


async def test_refusing_and_silent_devices(
    controller: BacnetServer, listen: Callable[[], str], clock: SystemClock
) -> None:
    link = BacnetLink(listen(), 3057, timeout_s=0.2, clock=clock)
    driver = BacnetDevice("fcu", link, controller.address, POINTS, clock)
    await driver.open()
    await driver.read()
    controller.trouble = Trouble.ERROR
    assert (await write(driver, 22.0)).result is WriteResult.REJECTED
    assert (await driver.release("setpoint")).result is WriteResult.REJECTED
    controller.silence()
    assert (await write(driver, 22.0)).result is WriteResult.TIMEOUT
    fresh = BacnetDevice("fcu_2", link, controller.address, POINTS, clock)
    assert (await write(fresh, 22.0)).result is WriteResult.TIMEOUT
    assert controller.writes == 0
    await driver.close()


async def test_our_priority_is_the_configured_one(
    controller: BacnetServer, listen: Callable[[], str], clock: SystemClock
) -> None:
    link = BacnetLink(listen(), 3057, write_priority=10, timeout_s=1.0, clock=clock)
    driver = BacnetDevice("fcu", link, controller.address, POINTS, clock)
    await driver.open()
    await write(driver, 22.0)
    assert (controller.slot(AV, 10), controller.slot(AV, OURS)) == (22.0, None)
    await driver.close()
