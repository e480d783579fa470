"""SunSpec devices: reading, sleeping, commanding as a lease, reverting and releasing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from drivers.modbus import ModbusLink, open_device
from drivers.profile import SunSpecProfile, load_profile
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.sunspec import BatteryUnit, InverterUnit
from drivers.sunspec import SunSpecDevice
from drivers.types import (
    DeviceRefusedError,
    Driver,
    Quality,
    Reverts,
    WriteRequest,
    WriteResult,
)
from edge_agent.clock import ManualClock
from tests.drivers_modbus.rig import DictPlant, by_point


@pytest.fixture
async def battery(site_link: ModbusLink, clock: ManualClock) -> AsyncIterator[Driver]:
    device = open_device("bat", site_link, 2, "sunspec_storage", clock)
    await device.open()
    yield device
    await device.close()


@pytest.fixture
async def inverter(site_link: ModbusLink, clock: ManualClock) -> AsyncIterator[Driver]:
    device = open_device("inv", site_link, 3, "sunspec_inverter", clock)
    await device.open()
    yield device
    await device.close()


@pytest.fixture
def battery_unit(site: ModbusServer) -> BatteryUnit:
    unit = site.units[2]
    assert isinstance(unit, BatteryUnit)
    return unit


@pytest.fixture
def inverter_unit(site: ModbusServer) -> InverterUnit:
    unit = site.units[3]
    assert isinstance(unit, InverterUnit)
    return unit


def set_power(value: float, lease_s: float = 60.0) -> WriteRequest:
    return WriteRequest(point="power_setpoint", value=value, lease_s=lease_s, command_id="c")


def set_limit(value: float, lease_s: float = 60.0) -> WriteRequest:
    return WriteRequest(point="power_limit", value=value, lease_s=lease_s, command_id="c")


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it did not come about")


async def test_the_battery_shows_the_plant(
    battery: Driver, site: ModbusServer, clock: ManualClock
) -> None:
    await clock.advance(7)
    readings = by_point(await battery.read())
    assert list(readings) == [point.name for point in battery.points]
    assert {name: reading.value for name, reading in readings.items()} == pytest.approx(
        {
            "soc": 55.25,
            "power": -20.0,
            "voltage": 750.1,
            "current": -26.6,
            "temperature": -3.2,
            "charge_limit_kw": 125.0,
            "discharge_limit_kw": 120.0,
            "charge_limit_a": 166.6,
            "discharge_limit_a": 160.0,
            "alarms": 0.0,
            "heartbeat": 7.0,
            "state": 3.0,
            "power_setpoint": None,
        }
    )
    assert readings["power_setpoint"].quality is Quality.MISSING
    assert "no command" in readings["power_setpoint"].reason
    before = site.requests
    await battery.read()
    assert site.requests - before == 3
    assert {point.name for point in battery.points if point.alive} == {"heartbeat"}


async def test_the_inverter_shows_the_plant(inverter: Driver) -> None:
    readings = by_point(await inverter.read())
    values = {name: reading.value for name, reading in readings.items()}
    assert values == pytest.approx(
        {
            "ac_power": 49.87,
            "dc_power": 51.2,
            "efficiency": 100 * 49.87 / 51.2,
            "temperature": 41.5,
            "energy": 1234.567,
            "state": 4.0,
            "power_limit": None,
        }
    )


async def test_identity_comes_from_the_common_model(battery: Driver) -> None:
    identity = await battery.identify()
    assert (identity.manufacturer, identity.serial) == ("SEMDR", "BAT0002")


async def test_a_sleeping_inverter_is_asleep_not_zero(inverter: Driver, plant: DictPlant) -> None:
    plant.values["pv.power_kw"] = plant.values["pv.dc_power_kw"] = 0.0
    readings = by_point(await inverter.read())
    for name in ("ac_power", "dc_power", "efficiency"):
        assert (readings[name].value, readings[name].quality) == (None, Quality.ASLEEP)
    assert readings["state"].value == 2
    assert readings["temperature"].value == 41.5
    (alone,) = await inverter.read(("ac_power",))
    assert alone.quality is Quality.ASLEEP


@pytest.mark.parametrize(
    ("name", "quality"), [("pv.dc_power_kw", Quality.NOT_IMPLEMENTED), ("", Quality.GOOD)]
)
async def test_efficiency_needs_both_powers(
    inverter: Driver, plant: DictPlant, name: str, quality: Quality
) -> None:
    plant.values.pop(name, None)
    (reading,) = await inverter.read(("efficiency",))
    assert reading.quality is quality


async def test_a_broken_scale_factor_is_bad(inverter: Driver, inverter_unit: InverterUnit) -> None:
    inverter_unit.image.set_raw(103, W_SF=-0x8000)
    inverter_unit.frozen = True
    (reading,) = await inverter.read(("ac_power",))
    assert (reading.value, reading.quality) == (None, Quality.BAD)
    assert reading.raw[-1] == 0x8000


async def test_a_scale_factor_that_jumps_never_shows_in_a_value(
    inverter: Driver, inverter_unit: InverterUnit
) -> None:
    inverter_unit.frozen = True
    for turn in range(50):
        exponent = turn % 3
        inverter_unit.image.set_raw(103, W_SF=exponent, W=round(12_000 / 10**exponent))
        (reading,) = await inverter.read(("ac_power",))
        assert reading.value == pytest.approx(12.0)


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


async def test_reading_never_writes(battery: Driver, inverter: Driver, site: ModbusServer) -> None:
    for device in (battery, inverter):
        await device.read()
        await device.identify()
    assert site.write_frames == 0


async def test_measurements_cannot_be_written(battery: Driver, site: ModbusServer) -> None:
    request = WriteRequest(point="soc", value=5.0, lease_s=60, command_id="c")
    assert (await battery.write(request)).result is WriteResult.NOT_WRITABLE
    assert (await battery.release("soc")).result is WriteResult.NOT_WRITABLE
    assert site.requests == 0


async def test_a_device_without_the_models_says_so(
    site_link: ModbusLink, clock: ManualClock
) -> None:
    profile = load_profile("sunspec_inverter")
    assert isinstance(profile, SunSpecProfile)
    device = SunSpecDevice("x", site_link, 2, profile, clock)
    assert {reading.quality for reading in await device.read()} == {Quality.NOT_IMPLEMENTED}
    assert (await device.write(set_limit(1.0))).result is WriteResult.REJECTED


async def test_a_device_that_is_no_sunspec_device_is_refused(
    site_link: ModbusLink, clock: ManualClock
) -> None:
    device = open_device("x", site_link, 1, "sunspec_storage", clock)
    with pytest.raises(DeviceRefusedError):
        await device.identify()
    readings = await device.read()
    assert all(reading.value is None for reading in readings)


async def test_after_a_reconnect_the_chain_is_kept_for_the_same_serial_number(
    battery: Driver, site: ModbusServer, battery_unit: BatteryUnit
) -> None:
    await battery.read()
    await site.stop()
    await site.start()
    before = site.requests
    assert by_point(await battery.read())["soc"].value == 55.25
    await battery.read()
    assert site.requests - before <= 8
    assert site.accepts == 2
    battery_unit.image.bank.put(battery_unit.image.address[1] + 50, (0x4142,))
    await site.stop()
    await site.start()
    await battery.read()
    await battery.read()
    assert "another device answers" in battery.health.notes[0]
