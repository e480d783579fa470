"""A raw server, a plant with a meter, a battery and an inverter, and the simulators around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from drivers.modbus import ModbusLink, open_device
from drivers.simulated.modbus import ModbusServer, battery_unit, inverter_unit, sdm630_unit
from drivers.simulated.sunspec import BatteryUnit, InverterUnit
from drivers.types import Driver
from edge_agent.clock import ManualClock, SystemClock
from tests.drivers_modbus.rig import DictPlant, RawServer


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    server = RawServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def raw_rtu() -> AsyncIterator[RawServer]:
    server = RawServer(rtu=True)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def link(raw: RawServer) -> AsyncIterator[ModbusLink]:
    link = ModbusLink(f"tcp://127.0.0.1:{raw.port}", timeout_s=0.15, clock=SystemClock())
    yield link
    await link.close()


@pytest.fixture
async def rtu_link(raw_rtu: RawServer) -> AsyncIterator[ModbusLink]:
    url = f"rtu+tcp://127.0.0.1:{raw_rtu.port}"
    link = ModbusLink(url, timeout_s=0.15, clock=SystemClock())
    yield link
    await link.close()


@pytest.fixture
def plant() -> DictPlant:
    values = {
        "meter.power_kw": 12.5,
        "meter.power_l1_kw": 4.0,
        "meter.power_l2_kw": 4.5,
        "meter.power_l3_kw": 4.0,
        "meter.voltage_l1_v": 230.0,
        "meter.voltage_l2_v": 231.0,
        "meter.voltage_l3_v": 229.0,
        "meter.current_l1_a": 18.0,
        "meter.current_l2_a": 20.0,
        "meter.current_l3_a": 18.5,
        "meter.frequency_hz": 50.0,
        "meter.import_kwh": 1234.5,
        "meter.export_kwh": 10.25,
        "battery.soc_percent": 55.25,
        "battery.power_kw": -20.0,
        "battery.voltage_v": 750.1,
        "battery.current_a": -26.6,
        "battery.temperature_c": -3.2,
        "battery.capacity_kwh": 250.0,
        "battery.charge_limit_kw": 125.0,
        "battery.discharge_limit_kw": 120.0,
        "pv.power_kw": 49.87,
        "pv.dc_power_kw": 51.2,
        "pv.energy_kwh": 1234.567,
        "pv.temperature_c": 41.5,
        "pv.rated_kw": 200.0,
    }
    return DictPlant(**{name.replace(".", "__"): value for name, value in values.items()})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
async def site(plant: DictPlant, clock: ManualClock) -> AsyncIterator[ModbusServer]:
    units = [
        sdm630_unit(plant, 1),
        battery_unit(plant, 2, clock),
        inverter_unit(plant, 3, clock),
    ]
    server = ModbusServer("127.0.0.1", 0, units)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def site_link(site: ModbusServer, clock: ManualClock) -> AsyncIterator[ModbusLink]:
    link = ModbusLink(f"tcp://127.0.0.1:{site.port}", timeout_s=0.15, clock=clock)
    yield link
    await link.close()


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


@pytest.fixture(name="battery_unit")
def the_battery_unit(site: ModbusServer) -> BatteryUnit:
    unit = site.units[2]
    assert isinstance(unit, BatteryUnit)
    return unit


@pytest.fixture(name="inverter_unit")
def the_inverter_unit(site: ModbusServer) -> InverterUnit:
    unit = site.units[3]
    assert isinstance(unit, InverterUnit)
    return unit
