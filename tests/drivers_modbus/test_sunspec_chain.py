"""Chains as devices lay them out: other bases, strange models, other lengths, a moving factor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from drivers.modbus import ModbusLink, open_device
from drivers.modbus_unit import Unit
from drivers.readplan import Function, Limits
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.registers import Bank, SimulatedUnit
from drivers.sunspec_chain import Chain, Ref, read_fields, scan
from drivers.sunspec_models import MODELS
from drivers.types import DeviceRefusedError, Quality
from edge_agent.clock import SystemClock
from tests.drivers_modbus.rig import by_point

COMMON = [1, 66, *[0x4142] * 16, *[0] * 49, 1]
INVERTER = [103, 50, *[0xFFFF] * 50]
FACTORS = (6, 13, 15, 17, 19, 21, 23, 26, 28, 30, 32, 37)
END = [0xFFFF, 0]


def inverter(**fields: int) -> list[int]:
    """Model 103 with every scale factor absent and these fields set to raw numbers."""
    registers = list(INVERTER)
    for offset in FACTORS:
        registers[offset] = 0x8000
    for name, raw in fields.items():
        registers[MODELS[103].fields[name].offset] = raw & 0xFFFF
    return registers


AWAKE = inverter(W=1234, W_SF=1, St=4)


def chain_of(*models: Sequence[int]) -> list[int]:
    return [0x5375, 0x6E53, *COMMON, *(word for model in models for word in model), *END]


@pytest.fixture
async def server() -> AsyncIterator[ModbusServer]:
    server = ModbusServer("127.0.0.1", 0, [])
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def link(server: ModbusServer) -> AsyncIterator[ModbusLink]:
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=0.5, clock=SystemClock())
    yield link
    await link.close()


def serve(server: ModbusServer, base: int, registers: Sequence[int]) -> Bank:
    bank = Bank(base, registers)
    server.units[1] = SimulatedUnit(1, Function.HOLDING, bank)
    return bank


async def walked(link: ModbusLink) -> tuple[Unit, Chain]:
    unit = Unit(link, 1, SystemClock(), min_gap_s=0.0)
    return unit, await scan(unit)


@pytest.mark.parametrize("base", [40000, 0, 50000])
async def test_the_marker_is_found_at_each_base(
    server: ModbusServer, link: ModbusLink, base: int
) -> None:
    serve(server, base, chain_of(AWAKE))
    device = open_device("i", link, 1, "sunspec_inverter", SystemClock())
    assert by_point(await device.read())["ac_power"].value == pytest.approx(12.34)


async def test_unknown_models_are_skipped_by_their_length(
    server: ModbusServer, link: ModbusLink
) -> None:
    strange = [64_001, 7, *[0xABCD] * 7]
    serve(server, 40000, chain_of(strange, [64_002, 0], AWAKE, strange))
    _, chain = await walked(link)
    assert chain.address[103] == 40002 + len(COMMON) + len(strange) + 2
    device = open_device("i", link, 1, "sunspec_inverter", SystemClock())
    assert by_point(await device.read())["ac_power"].value == pytest.approx(12.34)


async def test_a_longer_model_and_a_shorter_common_model_are_taken(
    server: ModbusServer, link: ModbusLink
) -> None:
    longer = [103, 60, *AWAKE[2:], *[7] * 10]
    nameplate = [120, 26, 4, 500, 1, *[0xFFFF] * 23]
    common = [1, 65, *COMMON[2:67]]
    body = [0x5375, 0x6E53, *common, *longer, *nameplate, *END]
    serve(server, 40000, body)
    unit, chain = await walked(link)
    assert set(chain.address) == {1, 103, 120}
    samples = await read_fields(unit, chain, [Ref(120, "WRtg")], Limits())
    assert samples[Ref(120, "WRtg")].value == 5000


async def test_a_shorter_model_lacks_its_tail(server: ModbusServer, link: ModbusLink) -> None:
    shorter = [103, 31, *AWAKE[2:33]]
    serve(server, 40000, chain_of(shorter, [64_001, 4, *[1] * 4]))
    device = open_device("i", link, 1, "sunspec_inverter", SystemClock())
    readings = by_point(await device.read())
    assert readings["ac_power"].value == pytest.approx(12.34)
    assert readings["state"].quality is Quality.NOT_IMPLEMENTED
    assert readings["temperature"].quality is Quality.NOT_IMPLEMENTED


async def test_parts_that_are_not_there_are_not_implemented(
    server: ModbusServer, link: ModbusLink
) -> None:
    trackers = [160, 48, *[0] * 3, 0xFFFF, *[0] * 2, 2, 0]
    trackers[4] = 0
    part = [0] * 9 + [5, 6000, 700, 0, 9, *[0] * 6]
    serve(server, 40000, chain_of([*trackers, *part, *part]))
    unit, chain = await walked(link)
    assert chain.pick((160,), "DCW_2") == Ref(160, "DCW_2")
    assert chain.pick((160,), "DCW_3") is None
    samples = await read_fields(unit, chain, [Ref(160, "DCW_2")], Limits())
    assert samples[Ref(160, "DCW_2")].value == 700


async def test_a_chain_without_end_is_refused(server: ModbusServer, link: ModbusLink) -> None:
    serve(server, 40000, [0x5375, 0x6E53, *COMMON, *[64_001, 0] * 200])
    with pytest.raises(DeviceRefusedError, match="no end"):
        await walked(link)


class Flipping(SimulatedUnit):
    """Changes scale factor and raw number with every request; 12 kW all the time."""

    def refresh(self) -> None:
        exponent = self.requests % 3
        at = 40002 + len(COMMON)
        self.bank.put(at + 14, (round(12_000 / 10**exponent) & 0xFFFF,))
        self.bank.put(at + 15, (exponent & 0xFFFF,))


async def test_value_and_factor_always_belong_together(
    server: ModbusServer, link: ModbusLink
) -> None:
    registers = chain_of(inverter(St=4))
    server.units[1] = Flipping(1, Function.HOLDING, Bank(40000, registers))
    device = open_device("i", link, 1, "sunspec_inverter", SystemClock())
    for _ in range(1000):
        (reading,) = await device.read(("ac_power",))
        assert reading.value == pytest.approx(12.0)
