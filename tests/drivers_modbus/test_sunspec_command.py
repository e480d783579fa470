"""SunSpec devices: commanding as a lease, reading back, reverting and releasing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from waiting import until

from drivers.modbus import ModbusLink, open_device
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.sunspec import BatteryUnit, InverterUnit
from drivers.types import Driver, Quality, Reverts, WriteRequest, WriteResult
from edge_agent.clock import ManualClock
from tests.drivers_modbus.rig import DictPlant, by_point, set_limit, set_power


async def test_charging_is_commanded_verified_and_released(
    battery: Driver, site: ModbusServer, battery_unit: BatteryUnit, plant: DictPlant
) -> None:
    await battery.read()
    outcome = await battery.write(set_power(30.0))
    assert outcome.result is WriteResult.VERIFIED
    assert outcome.readback == pytest.approx(30.0)
    assert plant.commands["battery.setpoint_kw"] == pytest.approx(30.0)
    image = battery_unit.image
    assert [image.raw(704, n) for n in ("WSet", "WSetMod", "WSetRvrtTms", "WSetEna")] == [
        -30_000,
        1,
        60,
        1,
    ]
    assert site.write_frames == 3
    assert by_point(await battery.read())["power_setpoint"].value == pytest.approx(30.0)
    point = next(point for point in battery.points if point.writable)
    assert (point.reverts, point.limits) == (Reverts.TIMER, (-120.0, 125.0))
    released = await battery.release("power_setpoint")
    assert (released.result, released.readback) == (WriteResult.VERIFIED, 0.0)
    assert plant.commands["battery.setpoint_kw"] is None
    assert image.raw(704, "WSetEna") == 0


class TappedBattery(BatteryUnit):
    """Notes which registers of model 704 each frame takes, and may ignore some fields."""

    def __init__(self, plant: DictPlant, clock: ManualClock) -> None:
        self.frames: list[tuple[int, int]] = []
        self.ignores: dict[str, int] = {}
        super().__init__(plant, 9, clock)

    def commanded(self, first: int, end: int) -> None:
        base = self.image.address[704]
        self.frames.append((first - base, end - base))
        self.image.set_raw(704, **self.ignores)
        super().commanded(first, end)


@pytest.fixture
async def tapped(plant: DictPlant, clock: ManualClock) -> AsyncIterator[TappedBattery]:
    unit = TappedBattery(plant, clock)
    yield unit
    await unit.stop()


@pytest.fixture
async def tapped_battery(tapped: TappedBattery, clock: ManualClock) -> AsyncIterator[Driver]:
    server = ModbusServer("127.0.0.1", 0, [tapped])
    await server.start()
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=0.5, clock=clock)
    yield open_device("bat", link, 9, "sunspec_storage", clock)
    await link.close()
    await server.stop()


async def test_the_order_on_the_wire_is_value_timer_enable(
    tapped: TappedBattery, tapped_battery: Driver
) -> None:
    await tapped_battery.write(set_power(-10.0))
    await tapped_battery.release("power_setpoint")
    assert tapped.frames == [(23, 26), (30, 33), (22, 23), (24, 26), (22, 23)]


@pytest.mark.parametrize(
    ("ignores", "said"),
    [
        ({"WSetEna": 0}, "WSetEna stands at 0"),
        ({"WSetRvrtTms": 0}, "WSetRvrtTms stands at 0"),
        ({"WSetRvrtTms": 600}, "WSetRvrtTms stands at 600"),
        ({"WSet": -7000}, "wrote 10, 7.0 stands"),
    ],
    ids=["enable", "no timer", "longer timer", "value"],
)
async def test_what_was_acknowledged_but_not_applied_is_a_mismatch(
    tapped: TappedBattery, tapped_battery: Driver, ignores: dict[str, int], said: str
) -> None:
    tapped.ignores = ignores
    outcome = await tapped_battery.write(set_power(10.0))
    assert outcome.result is WriteResult.MISMATCH
    assert said in outcome.reason


async def test_a_release_that_does_not_take_is_a_mismatch(
    tapped: TappedBattery, tapped_battery: Driver
) -> None:
    await tapped_battery.write(set_power(10.0))
    tapped.ignores = {"WSetEna": 1}
    assert (await tapped_battery.release("power_setpoint")).result is WriteResult.MISMATCH


async def test_a_lease_that_is_not_refreshed_reverts_in_plant_time(
    battery: Driver, plant: DictPlant, clock: ManualClock
) -> None:
    await battery.write(set_power(30.0, lease_s=60))
    await clock.advance(40)
    await battery.write(set_power(20.0, lease_s=60))
    await clock.advance(59)
    assert plant.commands["battery.setpoint_kw"] == pytest.approx(20.0)
    await clock.advance(1)
    await until(lambda: plant.commands["battery.setpoint_kw"] is None)
    assert by_point(await battery.read())["power_setpoint"].quality is Quality.MISSING


async def test_the_timer_of_another_owner_is_overwritten(
    battery: Driver, battery_unit: BatteryUnit
) -> None:
    battery_unit.image.set_raw(704, WSetRvrtTms=0, WSetEnaRvrt=1, WSetMod=0)
    assert (await battery.write(set_power(5.0, lease_s=89.2))).result is WriteResult.VERIFIED
    assert battery_unit.image.raw(704, "WSetRvrtTms") == 90
    assert battery_unit.image.raw(704, "WSetEnaRvrt") == 0


@pytest.mark.parametrize("value", [125.2, -120.2, float("nan")])
async def test_out_of_range_sends_no_frame(
    battery: Driver, site: ModbusServer, value: float
) -> None:
    await battery.read()
    before = site.requests
    assert (await battery.write(set_power(value))).result is WriteResult.OUT_OF_RANGE
    assert site.requests == before


async def test_limits_are_asked_for_before_a_first_write(
    battery: Driver, site: ModbusServer
) -> None:
    assert (await battery.write(set_power(500.0))).result is WriteResult.OUT_OF_RANGE
    assert site.write_frames == 0


@pytest.mark.parametrize("lease_s", [0.0, -1.0])
async def test_a_lease_without_end_is_refused(
    battery: Driver, site: ModbusServer, lease_s: float
) -> None:
    assert (await battery.write(set_power(5.0, lease_s))).result is WriteResult.OUT_OF_RANGE
    assert site.write_frames == 0


async def test_a_timer_of_16_bits_takes_no_longer_lease(
    inverter: Driver, site: ModbusServer
) -> None:
    assert (await inverter.write(set_limit(5.0, 70_000))).result is WriteResult.OUT_OF_RANGE
    assert site.write_frames == 0


async def test_a_device_without_a_timer_is_not_commanded(
    battery: Driver, battery_unit: BatteryUnit, site: ModbusServer
) -> None:
    battery_unit.image.set_raw(704, WSetRvrtTms=0xFFFF_FFFF)
    outcome = await battery.write(set_power(5.0))
    assert outcome.result is WriteResult.REJECTED
    assert "never revert" in outcome.reason
    assert site.write_frames == 0


async def test_local_control_wins(
    battery: Driver, battery_unit: BatteryUnit, plant: DictPlant, site: ModbusServer
) -> None:
    await battery.write(set_power(5.0))
    battery_unit.local = True
    assert plant.commands["battery.setpoint_kw"] is None
    before = site.write_frames
    assert (await battery.write(set_power(5.0))).result is WriteResult.OVERRIDDEN_LOCALLY
    assert site.write_frames == before
    battery_unit.local = False
    assert (await battery.write(set_power(5.0))).result is WriteResult.VERIFIED


async def test_a_device_that_goes_silent_leaves_the_outcome_open(
    battery: Driver, battery_unit: BatteryUnit
) -> None:
    await battery.read()
    battery_unit.silent = True
    assert (await battery.write(set_power(5.0))).result is WriteResult.TIMEOUT
    assert (await battery.release("power_setpoint")).result is WriteResult.TIMEOUT


async def test_the_limit_is_a_share_of_the_nameplate(
    inverter: Driver, inverter_unit: InverterUnit, plant: DictPlant, clock: ManualClock
) -> None:
    outcome = await inverter.write(set_limit(33.3, lease_s=120))
    assert outcome.result is WriteResult.VERIFIED
    assert outcome.readback == pytest.approx(33.3)
    assert plant.commands["pv.limit_kw"] == pytest.approx(33.3)
    image = inverter_unit.image
    assert [image.raw(123, n) for n in ("WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena")] == [
        1665,
        120,
        1,
    ]
    readings = by_point(await inverter.read())
    assert readings["power_limit"].value == pytest.approx(33.3)
    assert readings["state"].value == 5
    await clock.advance(120)
    await until(lambda: plant.commands["pv.limit_kw"] is None)


async def test_releasing_the_limit_writes_full_power(
    inverter: Driver, inverter_unit: InverterUnit, plant: DictPlant
) -> None:
    await inverter.write(set_limit(0.0))
    assert plant.commands["pv.limit_kw"] == 0.0
    outcome = await inverter.release("power_limit")
    assert outcome.result is WriteResult.VERIFIED
    assert outcome.readback == pytest.approx(200.0)
    assert inverter_unit.image.raw(123, "WMaxLimPct") == 10_000
    assert plant.commands["pv.limit_kw"] is None


async def test_measurements_cannot_be_written(battery: Driver, site: ModbusServer) -> None:
    request = WriteRequest(point="soc", value=5.0, lease_s=60, command_id="c")
    assert (await battery.write(request)).result is WriteResult.NOT_WRITABLE
    assert (await battery.release("soc")).result is WriteResult.NOT_WRITABLE
    assert site.requests == 0
