from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet import BacnetDevice, CovTiming
from drivers.bacnet_link import BacnetLink, parse_address, parse_object
from drivers.bacnet_point import BacnetPoint
from drivers.simulated.bacnet import BacnetServer, Trouble
from drivers.simulated.plant import Plant
from drivers.types import Quality, Reading, SetupError, WriteRequest, WriteResult
from edge_agent.clock import ManualClock, SystemClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
POINTS = (
    BacnetPoint(name="temperature", object="analog-input,1", unit="degC"),
    BacnetPoint(name="power", object="analog-input,3", unit="kW"),
    BacnetPoint(name="setpoint", object="analog-value,7", unit="degC", writable=True),
)
SAFETY_S = 180.0


@pytest.fixture
async def quick(listen: Callable[[], str], clock: SystemClock) -> AsyncIterator[BacnetLink]:
    link = BacnetLink(listen(), 3057, timeout_s=0.2, clock=clock)
    await link.open()
    yield link
    await link.close()


@pytest.fixture
def plant_time() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
async def driver(
    controller: BacnetServer, listen: Callable[[], str], plant_time: ManualClock
) -> AsyncIterator[BacnetDevice]:
    link = BacnetLink(listen(), 3058, timeout_s=0.2, clock=plant_time)
    timing = CovTiming(first_retry_s=0.05, longest_retry_s=0.2)
    driver = BacnetDevice("bms", link, controller.address, POINTS, plant_time, cov=timing)
    await driver.open()
    yield driver
    await driver.close()


def live(driver: BacnetDevice) -> int:
    return 0 if driver._cov is None else driver._cov.live


async def by_name(driver: BacnetDevice) -> dict[str, Reading]:
    return {reading.point: reading for reading in await driver.read()}


async def reads(
    driver: BacnetDevice, accepted: Callable[[dict[str, Reading]], bool]
) -> dict[str, Reading]:
    """The first reading that is accepted, within 10 s."""
    for _ in range(1000):
        readings = await by_name(driver)
        if accepted(readings):
            return readings
        await asyncio.sleep(0.01)
    raise TimeoutError(readings)


async def test_reading_costs_nothing_and_follows_each_change(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant, until: Until
) -> None:
    await until(lambda: live(driver) == 3)
    await driver.read()
    asked = controller.requests
    for degrees in (21.0, 22.0, 23.0):
        plant.set("zone_1.temperature_c", degrees)
        controller.refresh()
        seen = await reads(driver, lambda all_: all_["temperature"].value == degrees)  # noqa: B023
        assert seen["power"].value == 2.5
        assert {reading.quality for reading in seen.values()} == {Quality.GOOD}
    assert controller.requests == asked


async def test_each_object_has_its_own_subscription(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant, until: Until
) -> None:
    await until(lambda: live(driver) == 3)
    assert controller.subscriptions == 3
    plant.set("ahu.power_w", 5000.0)
    plant.set("zone_1.temperature_c", 25.0)
    controller.refresh()
    await reads(driver, lambda all_: all_["power"].value == 5.0)
    await reads(driver, lambda all_: all_["temperature"].value == 25.0)


async def test_two_listeners_of_one_device_are_both_told(
    controller: BacnetServer, quick: BacnetLink, plant: Plant, until: Until, clock: SystemClock
) -> None:
    drivers = [
        BacnetDevice(name, quick, controller.address, POINTS, clock, cov=True)
        for name in ("bms", "ahu")
    ]
    for driver in drivers:
        await driver.open()
    await until(lambda: [live(driver) for driver in drivers] == [3, 3])
    assert controller.subscriptions == 6
    for driver in drivers:
        await driver.read()
    asked = controller.requests
    plant.set("zone_1.temperature_c", 24.0)
    controller.refresh()
    for driver in drivers:
        await reads(driver, lambda all_: all_["temperature"].value == 24.0)
    assert controller.requests == asked
    for driver in drivers:
        await driver.close()


async def test_no_value_is_older_than_the_safety_poll(
    driver: BacnetDevice, controller: BacnetServer, plant_time: ManualClock, until: Until
) -> None:
    await until(lambda: live(driver) == 3)
    first = await by_name(driver)
    await plant_time.advance(SAFETY_S - 1)
    kept = await by_name(driver)
    assert kept["temperature"].at == first["temperature"].at
    asked = controller.requests
    await plant_time.advance(2)
    polled = await by_name(driver)
    assert controller.requests == asked + 1
    assert polled["temperature"].at == plant_time.now()


async def test_a_device_that_forgot_its_subscriptions_is_subscribed_again(
    driver: BacnetDevice,
    controller: BacnetServer,
    plant: Plant,
    until: Until,
    plant_time: ManualClock,
) -> None:
    await until(lambda: live(driver) == 3)
    await driver.read()
    await controller.stop()
    await controller.start()
    plant.set("zone_1.temperature_c", 24.0)
    await plant_time.advance(SAFETY_S + 1)
    assert (await by_name(driver))["temperature"].value == 24.0
    await until(lambda: controller.subscriptions >= 1 and live(driver) == 3)
    plant.set("zone_1.temperature_c", 26.0)
    controller.refresh()
    await reads(driver, lambda all_: all_["temperature"].value == 26.0)


async def test_a_restart_while_a_renewal_is_due_is_survived(
    driver: BacnetDevice,
    controller: BacnetServer,
    plant: Plant,
    until: Until,
    plant_time: ManualClock,
) -> None:
    await until(lambda: live(driver) == 3)
    await controller.stop()
    await plant_time.advance(SAFETY_S + 1)
    silent = await by_name(driver)
    assert {reading.quality for reading in silent.values()} == {Quality.MISSING}
    assert live(driver) == 0
    # The renewals that fall into the silence fail; none of them may be the last one.
    await until(lambda: driver._cov is not None and driver._cov._failures >= 2)
    plant.set("zone_1.temperature_c", 17.0)
    await controller.start()
    assert (await reads(driver, lambda all_: all_["temperature"].value is not None))[
        "temperature"
    ].value == 17.0
    await until(lambda: live(driver) == 3)
    await driver.read()
    asked = controller.requests
    plant.set("zone_1.temperature_c", 18.0)
    controller.refresh()
    await reads(driver, lambda all_: all_["temperature"].value == 18.0)
    assert controller.requests == asked


async def test_subscriptions_are_renewed_before_they_end(
    controller: BacnetServer, quick: BacnetLink, until: Until, clock: SystemClock
) -> None:
    timing = CovTiming(renewal_s=0.05)
    driver = BacnetDevice("bms", quick, controller.address, POINTS, clock, cov=timing)
    await driver.open()
    await until(lambda: controller.requests >= 3 * 4)
    assert controller.subscriptions == 3
    assert live(driver) == 3
    # A device that restarted between two renewals has them back with the next one, unasked.
    await controller.stop()
    await controller.start()
    await until(lambda: controller.subscriptions == 3)
    await driver.close()


async def test_a_device_without_cov_is_polled(
    controller: BacnetServer, quick: BacnetLink, until: Until, plant: Plant, clock: SystemClock
) -> None:
    controller.trouble = Trouble.NO_COV
    driver = BacnetDevice("bms", quick, controller.address, POINTS, clock, cov=True)
    await driver.open()
    await until(lambda: len(driver.health.notes) == 3)
    assert "analog-input,1: cov given up, rejected: unrecognized-service" in driver.health.notes
    asked = controller.requests
    plant.set("zone_1.temperature_c", 19.0)
    assert (await by_name(driver))["temperature"].value == 19.0
    plant.set("zone_1.temperature_c", 18.0)
    assert (await by_name(driver))["temperature"].value == 18.0
    assert controller.requests == asked + 2
    await driver.close()


async def test_a_write_is_seen_in_the_next_read(driver: BacnetDevice, until: Until) -> None:
    await until(lambda: live(driver) == 3)
    await driver.read()
    request = WriteRequest(point="setpoint", value=23.5, lease_s=60.0, command_id="c")
    assert (await driver.write(request)).result is WriteResult.VERIFIED
    assert (await by_name(driver))["setpoint"].value == 23.5
    await driver.release("setpoint")
    assert (await by_name(driver))["setpoint"].value == 21.0
    # Too small a change for the device to tell.
    request = WriteRequest(point="setpoint", value=21.0625, lease_s=60.0, command_id="c")
    assert (await driver.write(request)).result is WriteResult.VERIFIED
    assert (await by_name(driver))["setpoint"].value == 21.0625
    await driver.release("setpoint")
    assert (await by_name(driver))["setpoint"].value == 21.0


async def test_closing_ends_every_subscription_at_the_device(
    controller: BacnetServer, quick: BacnetLink, until: Until, clock: SystemClock
) -> None:
    driver = BacnetDevice("bms", quick, controller.address, POINTS, clock, cov=True)
    await driver.open()
    await until(lambda: live(driver) == 3)
    await driver.close()
    assert controller.subscriptions == 0
    await driver.open()
    await until(lambda: live(driver) == 3)
    await driver.close()
    assert not [task for task in asyncio.all_tasks() if "CovCache" in repr(task)]


async def test_closing_does_not_wait_for_a_dead_device(
    controller: BacnetServer, quick: BacnetLink, until: Until, clock: SystemClock
) -> None:
    driver = BacnetDevice("bms", quick, controller.address, POINTS, clock, cov=True)
    await driver.open()
    await until(lambda: live(driver) == 3)
    controller.silence()
    began = time.perf_counter()
    await driver.close()
    assert time.perf_counter() - began < 0.9


async def test_cov_is_off_unless_asked_for(
    controller: BacnetServer, quick: BacnetLink, clock: SystemClock
) -> None:
    driver = BacnetDevice("bms", quick, controller.address, POINTS, clock)
    await driver.open()
    await driver.read()
    await driver.read()
    assert controller.subscriptions == 0
    assert controller.requests == 2
    await driver.close()


async def test_texts_for_addresses_are_refused_at_once(
    controller: BacnetServer, quick: BacnetLink
) -> None:
    address, target = parse_address(controller.address), parse_object("analog-input,1")
    assert isinstance(address, Address)
    assert isinstance(target, ObjectIdentifier)
    texts: list[tuple[Any, Any]] = [(controller.address, target), (address, "analog-input,1")]
    for wrong_address, wrong_target in texts:
        with pytest.raises(SetupError, match="COV needs"):
            await quick.subscribe_cov(wrong_address, wrong_target, 1, 60)
    assert controller.requests == 0


@pytest.mark.parametrize("lifetime_s", [0, 59, 301])
def test_no_subscription_for_ever_and_no_storm(lifetime_s: int) -> None:
    with pytest.raises(SetupError, match="60"):
        CovTiming(lifetime_s=lifetime_s)


def test_retries_grow_and_are_bounded() -> None:
    timing = CovTiming(first_retry_s=1.0, longest_retry_s=60.0)
    assert [timing.retry_s(n) for n in (1, 2, 3, 7, 1000)] == [1.0, 2.0, 4.0, 60.0, 60.0]
