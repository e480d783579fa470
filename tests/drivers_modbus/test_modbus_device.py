"""A register device: the simulated meter, holes, faults as readings, and writes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from drivers.modbus import ModbusDevice, ModbusLink, open_device
from drivers.profile import RegisterProfile, load_profile
from drivers.readplan import Function, Span
from drivers.simulated.modbus import ModbusServer
from drivers.types import LinkTimeoutError, Quality, Reverts, SetupError, WriteRequest, WriteResult
from edge_agent.clock import ManualClock, SystemClock
from tests.drivers_modbus.rig import DictPlant, RawServer, Request, by_point, honest

PROFILE = """
kind: registers
name: rig
manufacturer: A
model: B
source: https://example.org/map
hardware_tested: false
type: uint16
function: holding
max_block: 20
points:
  a: {address: 0, unit: kW}
  b: {address: 2, unit: kW}
  c: {address: 4, unit: kW}
  d: {address: 6, unit: kW}
  level:
    address: 50
    type: int16
    unit: kW
    scale: 0.1
    write: {release: 0, safe: [-5, 5], limits: [-10, 10], tolerance: 0.05, verify_after_ms: 0}
"""


@pytest.fixture
def device(raw: RawServer, link: ModbusLink, tmp_path: Path, clock: ManualClock) -> ModbusDevice:
    (tmp_path / "rig.yaml").write_text(PROFILE)
    profile = load_profile("rig", tmp_path)
    assert isinstance(profile, RegisterProfile)
    return ModbusDevice("rig", link, 1, profile, clock)


async def test_the_meter_shows_the_plant(
    site: ModbusServer, site_link: ModbusLink, clock: ManualClock, plant: DictPlant
) -> None:
    meter = open_device("m", site_link, 1, "eastron_sdm630", clock)
    await meter.open()
    readings = by_point(await meter.read())
    assert list(readings) == [point.name for point in meter.points]
    expected = {
        "power": 12.5,
        "power_l2": 4.5,
        "voltage_l1": 230.0,
        "current_l3": 18.5,
        "frequency": 50.0,
        "energy_import": 1234.5,
        "energy_export": 10.25,
        "power_factor": 12500 / (230 * 18 + 231 * 20 + 229 * 18.5),
    }
    for name, value in expected.items():
        assert readings[name].value == pytest.approx(value, rel=1e-6)
        assert readings[name].quality is Quality.GOOD
        assert readings[name].at == clock.now()
    assert readings["power"].raw == (0x4643, 0x5000)
    assert site.requests == 2
    assert site.write_frames == 0
    await meter.close()


async def test_what_the_plant_lacks_has_no_value(
    site: ModbusServer, site_link: ModbusLink, clock: ManualClock, plant: DictPlant
) -> None:
    del plant.values["meter.import_kwh"]
    meter = open_device("m", site_link, 1, "eastron_sdm630", clock)
    (reading,) = await meter.read(("energy_import",))
    assert (reading.value, reading.quality) == (None, Quality.BAD)


async def test_a_silent_unit_is_missing_and_a_frozen_one_repeats(
    site: ModbusServer, site_link: ModbusLink, clock: ManualClock, plant: DictPlant
) -> None:
    meter = open_device("m", site_link, 1, "eastron_sdm630", clock)
    site.units[1].frozen = True
    plant.values["meter.power_kw"] = 99.0
    assert by_point(await meter.read())["power"].value == 12.5
    site.units[1].frozen = False
    assert by_point(await meter.read())["power"].value == 99.0
    site.units[1].silent = True
    readings = await meter.read()
    assert len(readings) == len(meter.points)
    assert {reading.quality for reading in readings} == {Quality.MISSING}
    assert "no answer" in readings[0].reason
    with pytest.raises(LinkTimeoutError):
        await meter.identify()
    assert meter.health.failures > 0


async def test_a_unit_nobody_knows_is_missing(
    site: ModbusServer, site_link: ModbusLink, clock: ManualClock
) -> None:
    stranger = open_device("m", site_link, 77, "eastron_sdm630", clock)
    assert {reading.quality for reading in await stranger.read()} == {Quality.MISSING}


async def test_no_server_is_missing(raw: RawServer, device: ModbusDevice) -> None:
    await raw.stop()
    readings = await device.read()
    assert {reading.quality for reading in readings} == {Quality.MISSING}
    assert len(readings) == 5


@pytest.mark.parametrize("fault", ["short", "function"])
async def test_a_wrong_reply_is_bad_and_never_a_value(
    raw: RawServer, device: ModbusDevice, fault: str
) -> None:
    async def wrong(request: Request) -> bytes | None:
        if fault == "short":
            return request.frame(request.registers([1]))
        return request.frame(request.registers([1] * request.count, function=4))

    raw.answer = wrong
    readings = await device.read(("a", "b", "c", "d"))
    assert [(reading.value, reading.quality) for reading in readings] == [(None, Quality.BAD)] * 4


async def test_a_hole_is_found_once_and_remembered(
    raw: RawServer, device: ModbusDevice, clock: ManualClock
) -> None:
    async def hole_at_4(request: Request) -> bytes | None:
        if request.address <= 4 < request.address + request.count:
            return request.refusal(2)
        return await honest(request)

    raw.answer = hole_at_4
    for _ in range(2):
        readings = by_point(await device.read(("a", "b", "c", "d")))
        assert readings["c"].quality is Quality.NOT_IMPLEMENTED
        assert [readings[name].value for name in ("a", "b", "d")] == [0, 2, 6]
    assert device.holes == (Span(Function.HOLDING, 4, 1),)
    asked = len(raw.requests)
    await device.read(("a", "b", "c", "d"))
    assert len(raw.requests) - asked == 2
    raw.answer = honest
    await clock.advance(86_401)
    assert by_point(await device.read(("c",)))["c"].value == 4


async def test_a_gap_that_refuses_is_not_asked_again(raw: RawServer, device: ModbusDevice) -> None:
    async def gap_at_3(request: Request) -> bytes | None:
        if request.address <= 3 < request.address + request.count:
            return request.refusal(2)
        return await honest(request)

    raw.answer = gap_at_3
    for _ in range(2):
        asked = len(raw.requests)
        readings = await device.read(("a", "b", "c", "d"))
        assert [reading.value for reading in readings] == [0, 2, 4, 6]
    assert len(raw.requests) - asked == 2
    assert device.holes == (Span(Function.HOLDING, 3, 1),)


async def test_known_holes_can_be_brought(raw: RawServer, device: ModbusDevice) -> None:
    device.learn([Span(Function.HOLDING, 4, 1)])
    (reading,) = await device.read(("c",))
    assert reading.quality is Quality.NOT_IMPLEMENTED
    assert raw.requests == []


async def test_a_point_nobody_knows_is_a_setup_error(device: ModbusDevice) -> None:
    with pytest.raises(SetupError, match="level"):
        await device.read(("nonsense",))


class Memory:
    """One writable register at 50."""

    def __init__(self, server: RawServer) -> None:
        self.value = 0
        self.deaf = False
        self.stubborn = False
        server.answer = self.answer

    async def answer(self, request: Request) -> bytes | None:
        if request.function == 3:
            return request.frame(request.registers([self.value]))
        if not self.stubborn:
            self.value = struct.unpack(">H", request.pdu[6:8])[0]
        return None if self.deaf else request.frame(request.pdu[:5])


def ask(value: float) -> WriteRequest:
    return WriteRequest(point="level", value=value, lease_s=60, command_id="c1")


async def test_a_write_is_read_back_and_released(raw: RawServer, device: ModbusDevice) -> None:
    memory = Memory(raw)
    (point,) = (point for point in device.points if point.name == "level")
    assert (point.writable, point.reverts, point.safe) == (True, Reverts.NONE, (-5, 5))
    outcome = await device.write(ask(-1.5))
    assert outcome.result is WriteResult.VERIFIED
    assert outcome.readback == pytest.approx(-1.5)
    assert memory.value == 0x10000 - 15
    assert (await device.release("level")).result is WriteResult.VERIFIED
    assert memory.value == 0
    assert device.health.writes == 2


@pytest.mark.parametrize("value", [10.1, -10.1, 5.1, float("nan"), float("inf")])
async def test_out_of_limits_sends_nothing(
    raw: RawServer, device: ModbusDevice, value: float
) -> None:
    assert (await device.write(ask(value))).result is WriteResult.OUT_OF_RANGE
    assert raw.requests == []


async def test_a_write_that_does_not_take_is_a_mismatch(
    raw: RawServer, device: ModbusDevice
) -> None:
    Memory(raw).stubborn = True
    outcome = await device.write(ask(3.0))
    assert (outcome.result, outcome.readback) == (WriteResult.MISMATCH, 0.0)


async def test_after_a_write_without_answer_the_device_is_read_first(
    raw: RawServer, device: ModbusDevice, link: ModbusLink
) -> None:
    memory = Memory(raw)
    memory.deaf = True
    assert (await device.write(ask(3.0))).result is WriteResult.TIMEOUT
    memory.deaf = False
    link._breakers.clear()
    asked = len(raw.requests)
    assert (await device.write(ask(3.0))).result is WriteResult.VERIFIED
    assert [request.function for request in raw.requests[asked:]] == [3, 16, 3]


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (1, WriteResult.NOT_WRITABLE),
        (2, WriteResult.NOT_WRITABLE),
        (3, WriteResult.OUT_OF_RANGE),
        (4, WriteResult.REJECTED),
        (6, WriteResult.REJECTED),
        (11, WriteResult.TIMEOUT),
    ],
)
async def test_refused_writes(
    raw: RawServer, device: ModbusDevice, code: int, result: WriteResult
) -> None:
    async def refuse(request: Request) -> bytes | None:
        return request.refusal(code)

    raw.answer = refuse
    assert (await device.write(ask(3.0))).result is result


async def test_what_is_not_writable_is_not_written(raw: RawServer, device: ModbusDevice) -> None:
    request = WriteRequest(point="a", value=1.0, lease_s=60, command_id="c1")
    assert (await device.write(request)).result is WriteResult.NOT_WRITABLE
    assert (await device.release("a")).result is WriteResult.NOT_WRITABLE
    assert raw.requests == []


async def test_the_last_device_closes_the_link(raw: RawServer, link: ModbusLink) -> None:
    devices = [open_device(f"m{n}", link, n, "eastron_sdm630", SystemClock()) for n in (1, 2)]
    for device in devices:
        await device.open()
        await device.read()
    await devices[0].close()
    await devices[1].read()
    assert raw.accepts == 1
    await devices[1].close()
    await devices[1].read()
    assert raw.accepts == 2
