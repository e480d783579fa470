"""SunSpec devices: what is read, what sleeps, and devices that are others than expected."""

from __future__ import annotations

import pytest

from drivers.modbus import ModbusLink, open_device
from drivers.profile import SunSpecProfile, load_profile
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.sunspec import BatteryUnit, InverterUnit
from drivers.sunspec import SunSpecDevice
from drivers.types import DeviceRefusedError, Driver, Quality, WriteResult
from edge_agent.clock import ManualClock
from tests.drivers_modbus.rig import DictPlant, by_point, set_limit


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


async def test_reading_never_writes(battery: Driver, inverter: Driver, site: ModbusServer) -> None:
    for device in (battery, inverter):
        await device.read()
        await device.identify()
    assert site.write_frames == 0


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
