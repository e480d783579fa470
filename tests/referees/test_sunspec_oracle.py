"""pysunspec2 as oracle: its tables, its encoding of values, its client against our simulator."""

from __future__ import annotations

import asyncio
import importlib
import math
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.modbus import ModbusLink
from drivers.modbus_unit import Unit
from drivers.readplan import Function, Limits
from drivers.simulated.modbus import ModbusServer, battery_unit, inverter_unit
from drivers.simulated.registers import Bank, SimulatedUnit
from drivers.sunspec_chain import Ref, read_fields, scan
from drivers.sunspec_models import MODELS, PARTS
from drivers.types import Quality
from edge_agent.clock import ManualClock, SystemClock
from tests.drivers_modbus.rig import DictPlant

pytestmark = pytest.mark.referee


def oracle_model(number: int, **more: Any) -> Any:
    """A model of pysunspec2; an error, not a skip, where it is not installed."""
    return importlib.import_module("sunspec2.device").Model(number, **more)


FLAT = sorted(set(MODELS) - {1, 160, 714})
PARTED = {160: "module", 714: "Prt"}
VALUES = {
    "int16": -1234,
    "uint16": 43210,
    "int32": -123_456,
    "uint32": 3_000_000_000,
    "acc32": 4_000_000_000,
    "uint64": 10_000_000_000_000,
    "enum16": 4,
    "bitfield16": 0x4001,
    "bitfield32": 0x4000_0001,
    "float32": 1234.5,
    "sunssf": -2,
    "count": 2,
}


@pytest.mark.parametrize("number", FLAT)
def test_each_field_lies_where_the_oracle_says(number: int) -> None:
    points = oracle_model(number).points
    for name, field in MODELS[number].fields.items():
        definition = points[name].pdef
        factor = definition.get("sf")
        assert (points[name].offset, definition["type"]) == (field.offset, field.type)
        assert (factor if isinstance(factor, str) else None) == field.sf
    assert len(oracle_model(number).get_mb()) <= 2 * (MODELS[number].length + 2)


def filled(number: int) -> Any:
    """A model of the oracle with a number in every point that we know."""
    model = oracle_model(number)
    for name, field in MODELS[number].fields.items():
        model.points[name].value = VALUES[field.type]
    return model


def words_of(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))


def common() -> list[int]:
    model = oracle_model(1)
    for name, text in {"Mn": "Oracle", "Md": "Test", "SN": "42", "Vr": "1"}.items():
        model.points[name].value = text
    return words_of(model.get_mb())


@pytest.fixture
async def server() -> AsyncIterator[ModbusServer]:
    server = ModbusServer("127.0.0.1", 0, [])
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize("number", FLAT)
async def test_values_the_oracle_encodes_are_what_we_read(
    server: ModbusServer, number: int
) -> None:
    words = words_of(filled(number).get_mb())
    registers = [0x5375, 0x6E53, *common(), *words, 0xFFFF, 0]
    server.units[1] = SimulatedUnit(1, Function.HOLDING, Bank(40000, registers))
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=2.0, clock=SystemClock())
    unit = Unit(link, 1, SystemClock(), min_gap_s=0.0)
    chain = await scan(unit)
    assert (chain.identity.manufacturer, chain.identity.serial) == ("Oracle", "42")
    fields = MODELS[number].fields
    refs = [Ref(number, name) for name in fields]
    samples = await read_fields(unit, chain, refs, Limits())
    for name, field in fields.items():
        raw = VALUES[field.type]
        expected = raw / 100 if field.sf is not None else raw
        assert samples[Ref(number, name)].value == pytest.approx(expected), name
        assert samples[Ref(number, name)].quality is Quality.GOOD
    await link.close()


@pytest.mark.parametrize("number", FLAT)
async def test_what_the_oracle_leaves_out_is_not_implemented(
    server: ModbusServer, number: int
) -> None:
    registers = [0x5375, 0x6E53, *common(), *words_of(oracle_model(number).get_mb()), 0xFFFF, 0]
    server.units[1] = SimulatedUnit(1, Function.HOLDING, Bank(40000, registers))
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=2.0, clock=SystemClock())
    unit = Unit(link, 1, SystemClock(), min_gap_s=0.0)
    refs = [Ref(number, name) for name in MODELS[number].fields]
    samples = await read_fields(unit, await scan(unit), refs, Limits())
    assert {sample.quality for sample in samples.values()} == {Quality.NOT_IMPLEMENTED}
    await link.close()


@pytest.mark.parametrize(("number", "group"), PARTED.items())
def test_repeating_parts_lie_where_the_oracle_says(number: int, group: str) -> None:
    counter = {160: "N", 714: "NPrt"}[number]
    model = oracle_model(number, data={counter: PARTS, group: [{} for _ in range(PARTS)]})
    parts = model.groups[group]
    assert len(parts) == PARTS
    for name, field in MODELS[number].fields.items():
        stem, _, part = name.rpartition("_")
        if not part.isdigit():
            assert model.points[name].offset == field.offset
            continue
        point = parts[int(part) - 1].points[stem]
        assert point.offset == field.offset
        assert point.pdef["type"] == field.type


def scanned(port: int, unit: int) -> Any:
    client = importlib.import_module("sunspec2.modbus.client")
    device = client.SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr="127.0.0.1", ipport=port)
    device.scan()
    device.close()
    return device


async def test_the_oracle_reads_our_simulators(server: ModbusServer) -> None:
    values = {
        "battery.soc_percent": 55.25,
        "battery.power_kw": -20.0,
        "battery.voltage_v": 750.1,
        "battery.capacity_kwh": 250.0,
        "battery.charge_limit_kw": 125.0,
        "battery.discharge_limit_kw": 120.0,
        "pv.power_kw": 49.87,
        "pv.dc_power_kw": 51.2,
        "pv.energy_kwh": 1234.567,
        "pv.temperature_c": 41.5,
        "pv.rated_kw": 200.0,
    }
    plant = DictPlant(**{name.replace(".", "__"): value for name, value in values.items()})
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    server.units = {2: battery_unit(plant, 2, clock), 3: inverter_unit(plant, 3, clock)}
    battery = await asyncio.to_thread(scanned, server.port, 2)
    assert battery.models[701][0].W.cvalue == 20_000
    assert battery.models[802][0].SoC.cvalue == pytest.approx(55.25)
    assert battery.models[802][0].V.cvalue == pytest.approx(750.1)
    assert battery.models[704][0].WSetEna.cvalue == 0
    inverter = await asyncio.to_thread(scanned, server.port, 3)
    assert inverter.models[103][0].W.cvalue == 49_870
    assert inverter.models[103][0].TmpCab.cvalue == pytest.approx(41.5)
    assert inverter.models[103][0].A.cvalue is None
    assert inverter.models[120][0].WRtg.cvalue == 200_000
    assert not math.isnan(inverter.models[103][0].WH.cvalue)
