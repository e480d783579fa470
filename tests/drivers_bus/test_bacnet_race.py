"""Somebody writes between our frame and the look at it: told apart from what a device rounds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from drivers.bacnet import BacnetDevice
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_point import BacnetPoint
from drivers.simulated.bacnet import BacnetServer
from drivers.simulated.plant import Plant
from drivers.types import WriteOutcome, WriteRequest, WriteResult
from edge_agent.clock import SystemClock

AV, OURS = "analog-value,7", 13
POINTS = (BacnetPoint(name="setpoint", object=AV, unit="degC", writable=True),)


@pytest.fixture
async def driver(
    listen: Callable[[], str], controller: BacnetServer, clock: SystemClock
) -> AsyncIterator[BacnetDevice]:
    link = BacnetLink(listen(), 3060, timeout_s=0.5, clock=clock)
    await link.open()
    yield BacnetDevice("fcu", link, controller.address, POINTS, clock)
    await link.close()


async def write(driver: BacnetDevice, value: float) -> WriteOutcome:
    return await driver.write(
        WriteRequest(point="setpoint", value=value, lease_s=60.0, command_id="c")
    )


@pytest.mark.parametrize("held_before", [21.0, None])
async def test_a_person_in_the_very_moment_of_our_write_wins(
    driver: BacnetDevice, controller: BacnetServer, plant: Plant, held_before: float | None
) -> None:
    if held_before is not None:
        assert (await write(driver, held_before)).result is WriteResult.VERIFIED
    controller.meddling = [(AV, OURS, 19.0)]
    outcome = await write(driver, 22.0)
    assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
    assert "our slot 13 holds 19, put there by somebody else" in outcome.reason
    assert plant.get("zone_1.setpoint_c") == 19.0
    writes = controller.writes
    assert (await write(driver, 22.0)).result is WriteResult.OVERRIDDEN_LOCALLY
    assert "left alone" in (await driver.release("setpoint")).reason
    assert (controller.slot(AV, OURS), controller.writes) == (19.0, writes)


async def test_what_the_device_makes_of_a_value_is_ours_and_is_given_back(
    driver: BacnetDevice, controller: BacnetServer
) -> None:
    controller.meddling = [(AV, OURS, 24.0)] * 3
    for asked in (30.0, 31.0):
        outcome = await write(driver, asked)
        assert (outcome.result, outcome.readback) == (WriteResult.MISMATCH, 24.0)
    assert (await driver.release("setpoint")).result is WriteResult.VERIFIED
    assert controller.slot(AV, OURS) is None
