"""People and other masters at a SunSpec battery, and the heartbeat that says we are there."""

from __future__ import annotations

from functools import partial

import pytest
from waiting import until

from drivers.simulated.modbus import ModbusServer
from drivers.simulated.sunspec import BatteryUnit
from drivers.types import Driver, WriteOutcome, WriteRequest, WriteResult
from edge_agent.clock import ManualClock
from tests.drivers_modbus.rig import DictPlant


@pytest.fixture
def unit(site: ModbusServer) -> BatteryUnit:
    unit = site.units[2]
    assert isinstance(unit, BatteryUnit)
    return unit


async def command(device: Driver, value: float, lease_s: float = 60.0) -> WriteOutcome:
    request = WriteRequest(point="power_setpoint", value=value, lease_s=lease_s, command_id="c")
    return await device.write(request)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"WSet": -7000}, "WSet to -7000"),
        ({"WSetEna": 0}, "WSetEna to 0"),
        ({"WSet": 0, "WSetEna": 0}, "WSetEna to 0"),
    ],
    ids=["value", "enable", "both"],
)
async def test_what_somebody_else_changed_is_left_alone(
    battery: Driver,
    unit: BatteryUnit,
    site: ModbusServer,
    clock: ManualClock,
    change: dict[str, int],
    said: str,
) -> None:
    assert (await command(battery, 5.0)).result is WriteResult.VERIFIED
    await clock.advance(30)
    unit.image.set_raw(704, **change)
    before = site.write_frames
    outcome = await command(battery, 5.0)
    assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
    assert said in outcome.reason
    released = await battery.release("power_setpoint")
    assert (released.result, released.reason) == (
        WriteResult.VERIFIED,
        "left as somebody else has set it",
    )
    assert site.write_frames == before


@pytest.mark.parametrize("change", [{"WSet": -7000}, {"WSetEna": 0}], ids=["value", "enable"])
async def test_a_release_looks_who_has_set_what_stands(
    battery: Driver, unit: BatteryUnit, site: ModbusServer, change: dict[str, int]
) -> None:
    await command(battery, 5.0)
    unit.image.set_raw(704, **change)
    before = site.write_frames
    released = await battery.release("power_setpoint")
    assert released.result is WriteResult.VERIFIED
    assert released.reason.startswith("left as somebody else has set it")
    assert site.write_frames == before
    assert (await command(battery, 4.0)).result is WriteResult.VERIFIED


async def test_a_device_under_local_control_has_the_point_back(
    battery: Driver, unit: BatteryUnit, site: ModbusServer
) -> None:
    await command(battery, 5.0)
    unit.local = True
    before = site.write_frames
    assert (await battery.release("power_setpoint")).result is WriteResult.VERIFIED
    assert site.write_frames == before


class Coarse(BatteryUnit):
    """Takes its setpoint in steps of 10 W."""

    def commanded(self, first: int, end: int) -> None:
        self.image.set_raw(704, WSet=10 * round(self.image.raw(704, "WSet") / 10))
        super().commanded(first, end)


async def test_a_device_that_rounds_is_nobody_else(
    battery: Driver, site: ModbusServer, plant: DictPlant, clock: ManualClock
) -> None:
    site.units[2] = Coarse(plant, 2, clock)
    for value in (5.003, 5.003, -3.004):
        outcome = await command(battery, value)
        assert (outcome.result, outcome.readback) == (WriteResult.VERIFIED, round(value, 2))
        await clock.advance(30)


async def test_a_refresh_and_a_new_value_are_no_override(
    battery: Driver, clock: ManualClock
) -> None:
    for value in (5.0, 5.0, -3.0, -3.0):
        assert (await command(battery, value)).result is WriteResult.VERIFIED
        await clock.advance(30)


async def test_a_lease_that_ran_out_is_no_override(battery: Driver, clock: ManualClock) -> None:
    await command(battery, 5.0, lease_s=60)
    await clock.advance(61)
    assert (await command(battery, 5.0)).result is WriteResult.VERIFIED


async def test_after_a_release_the_next_command_takes_hold(
    battery: Driver, unit: BatteryUnit
) -> None:
    await command(battery, 5.0)
    assert (await battery.release("power_setpoint")).result is WriteResult.VERIFIED
    unit.image.set_raw(704, WSet=-9000)
    assert (await command(battery, 5.0)).result is WriteResult.VERIFIED


def beats(unit: BatteryUnit) -> float:
    return unit.image.raw(802, "CtrlHb")


def counts_to(unit: BatteryUnit, count: int) -> bool:
    return beats(unit) == count


async def test_the_heartbeat_counts_while_a_lease_is_held(
    battery: Driver, unit: BatteryUnit, site: ModbusServer, clock: ManualClock
) -> None:
    unit.image.set_raw(802, CtrlHb=41)
    unit.image.allow(802, "CtrlHb")
    await battery.read()
    assert site.write_frames == 0
    await command(battery, 5.0, lease_s=10)
    await until(lambda: beats(unit) == 42)
    for second in range(43, 46):
        await until(lambda: clock.sleepers >= 1)
        await clock.advance(1)
        await until(partial(counts_to, unit, second))
    await clock.advance(20)
    stopped = beats(unit)
    for _ in range(3):
        await clock.advance(1)
        await battery.read()
    assert beats(unit) <= stopped + 1
    assert battery.health.failures == 0


@pytest.mark.parametrize("end", ["release", "close", "local"])
async def test_the_heartbeat_ends_with_the_command(
    battery: Driver, unit: BatteryUnit, clock: ManualClock, end: str
) -> None:
    unit.image.set_raw(802, CtrlHb=0)
    unit.image.allow(802, "CtrlHb")
    await command(battery, 5.0, lease_s=600)
    await until(lambda: beats(unit) == 1)
    if end == "release":
        await battery.release("power_setpoint")
    elif end == "close":
        await battery.close()
    else:
        unit.local = True
        await command(battery, 5.0)
    for _ in range(3):
        await clock.advance(1)
        await battery.read()
    assert beats(unit) == 1


async def test_a_device_without_a_heartbeat_gets_none(
    battery: Driver, site: ModbusServer, clock: ManualClock
) -> None:
    await command(battery, 5.0)
    for _ in range(3):
        await clock.advance(1)
        await battery.read()
    assert site.write_frames == 3
