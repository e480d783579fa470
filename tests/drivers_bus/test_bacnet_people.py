"""People and other masters at the device: whose value stands, and who lets go of what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from drivers.bacnet import BacnetDevice
from drivers.bacnet_claim import slot_name
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_point import BacnetPoint
from drivers.simulated.bacnet import BacnetServer, Trouble
from drivers.simulated.plant import Plant
from drivers.types import WriteOutcome, WriteRequest, WriteResult
from edge_agent.clock import ManualClock, SystemClock

AV = "analog-value,7"
OURS, STAFF = 13, 8
POINTS = (
    BacnetPoint(name="setpoint", object=AV, unit="degC", writable=True),
    BacnetPoint(name="plain", object="analog-value,9", unit="degC", writable=True),
)


@pytest.fixture
def plant_time() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
async def site(listen: Callable[[], str], plant_time: ManualClock) -> AsyncIterator[BacnetLink]:
    link = BacnetLink(listen(), 3059, timeout_s=0.5, clock=plant_time)
    await link.open()
    yield link
    await link.close()


@pytest.fixture
def driver(controller: BacnetServer, site: BacnetLink, plant_time: ManualClock) -> BacnetDevice:
    return BacnetDevice("fcu", site, controller.address, POINTS, plant_time)


async def write(driver: BacnetDevice, value: float, point: str = "setpoint") -> WriteOutcome:
    return await driver.write(WriteRequest(point=point, value=value, lease_s=60.0, command_id="c"))


async def test_a_value_changed_in_our_slot_is_somebody_s_and_stays(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant
) -> None:
    await write(driver, 22.0)
    controller.hold(AV, OURS, 19.0)
    for _ in range(3):
        outcome = await write(driver, 22.0)
        assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
        assert outcome.readback == 19.0
        assert "our slot 13 holds 19, put there by somebody else" in outcome.reason
        assert "we wrote 22" in outcome.reason
    assert controller.writes == 1
    assert plant.get("zone_1.setpoint_c") == 19.0


async def test_release_leaves_what_somebody_put_into_our_slot(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    await write(driver, 22.0)
    controller.hold(AV, OURS, 19.0)
    for _ in range(2):
        outcome = await driver.release("setpoint")
        assert outcome.result is WriteResult.VERIFIED
        assert "left alone" in outcome.reason
    assert controller.slot(AV, OURS) == 19.0
    assert controller.writes == 1


async def test_after_standing_back_we_may_write_again_and_release_our_own(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    await write(driver, 22.0)
    controller.hold(AV, OURS, 19.0)
    await write(driver, 22.0)
    await driver.release("setpoint")
    assert (await write(driver, 23.0)).result is WriteResult.VERIFIED
    assert (await driver.release("setpoint")).result is WriteResult.VERIFIED
    assert controller.slot(AV, OURS) is None


async def test_a_device_that_forgot_our_slot_gets_the_value_again(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    await write(driver, 22.0)
    controller.hold(AV, OURS, None)
    assert (await write(driver, 22.0)).result is WriteResult.VERIFIED
    assert controller.slot(AV, OURS) == 22.0
    assert controller.writes == 2


async def test_staff_are_named_by_their_slot(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    await write(driver, 22.0)
    controller.hold(AV, STAFF, 19.5)
    outcome = await write(driver, 22.0)
    assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
    assert "slot 8 (manual operator) holds 19.5 and outranks slot 13" in outcome.reason
    assert "our slot holds 22 underneath" in outcome.reason
    assert slot_name(11) == "slot 11"


async def test_our_own_new_value_is_no_override(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    for value in (22.0, 23.0, 21.5, 24.0):
        assert (await write(driver, value)).result is WriteResult.VERIFIED
    assert controller.writes == 4


async def test_a_write_of_unknown_outcome_is_still_ours(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    await write(driver, 22.0)
    controller.trouble = Trouble.MUTE
    assert (await write(driver, 23.0)).result is WriteResult.TIMEOUT
    controller.trouble = None
    assert controller.slot(AV, OURS) == 23.0
    assert (await write(driver, 24.0)).result is WriteResult.VERIFIED
    assert (await driver.release("setpoint")).result is WriteResult.VERIFIED
    assert controller.slot(AV, OURS) is None


async def test_after_a_crash_our_slot_is_relinquished_and_no_other(
    driver: BacnetDevice,
    controller: BacnetServer,
    site: BacnetLink,
    plant_time: ManualClock,
) -> None:
    await write(driver, 22.0)
    controller.hold(AV, 5, 18.0)
    controller.hold(AV, STAFF, 19.0)
    controller.hold(AV, 16, 20.0)
    restarted = BacnetDevice("fcu", site, controller.address, POINTS, plant_time)
    assert (await restarted.release("setpoint")).result is WriteResult.VERIFIED
    held = {slot: controller.slot(AV, slot) for slot in range(1, 17)}
    assert {slot: value for slot, value in held.items() if value is not None} == {
        5: 18.0,
        STAFF: 19.0,
        16: 20.0,
    }


async def test_who_keeps_rewriting_is_a_second_master_and_we_stop(
    driver: BacnetDevice, controller: BacnetServer, plant_time: ManualClock
) -> None:
    for _ in range(3):
        assert (await write(driver, 22.0)).result is WriteResult.VERIFIED
        await plant_time.advance(60.0)
        controller.hold(AV, OURS, 19.0)
        assert (await write(driver, 22.0)).result is WriteResult.OVERRIDDEN_LOCALLY
        await driver.release("setpoint")
        await plant_time.advance(7200.0)
    requests, writes = controller.requests, controller.writes
    outcome = await write(driver, 22.0)
    assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
    assert outcome.reason.startswith("second master: 3 changes against us")
    assert (controller.requests, controller.writes) == (requests, writes)
    assert driver.health.notes == ["setpoint: second_master"]
    await plant_time.advance(86_400.0)
    assert (await write(driver, 22.0)).result is WriteResult.VERIFIED


async def test_a_value_that_keeps_vanishing_is_a_second_master_too(
    driver: BacnetDevice, controller: BacnetServer, plant_time: ManualClock
) -> None:
    for _ in range(3):
        assert (await write(driver, 22.0)).result is WriteResult.VERIFIED
        await plant_time.advance(30.0)
        controller.hold(AV, OURS, None)
    assert "second master" in (await write(driver, 22.0)).reason


async def test_without_a_priority_array_a_changed_value_is_somebody_s(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant
) -> None:
    assert (await write(driver, 20.5, "plain")).result is WriteResult.ACCEPTED_UNVERIFIED
    plant.set("plain.setpoint_c", 17.0)
    outcome = await write(driver, 20.5, "plain")
    assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
    assert "present-value is 17, put there by somebody else" in outcome.reason
    assert controller.writes == 1
    assert (await driver.release("plain")).result is WriteResult.NOT_WRITABLE
    assert plant.get("plain.setpoint_c") == 17.0
