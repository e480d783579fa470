"""The traps of the public maps: wrong device, optional registers, zeros, light that is no power."""

from __future__ import annotations

import pytest

from drivers.modbus import open_device
from drivers.modbus_link import ModbusLink
from drivers.profile import RegisterProfile, load_profile
from drivers.profile_identity import WrongDeviceError
from drivers.types import ProfileError, Quality, WriteRequest, WriteResult
from edge_agent.clock import ManualClock
from tests.profiles.conftest import Serve
from tests.profiles.register_server import Device, RegisterServer, chain, common


def em340(code: int = 341) -> Device:
    """The map of the EM340 family with this identification code."""
    registers = {
        0x00: "08FD 0000",
        0x28: "FA24 FFFF",
        0x34: "E240 0001",
        0x42: "0001 0000",
    }
    return Device({4: registers, 3: {0x1103: "0001"}}, singles={4: {0x0B: code}})


@pytest.mark.parametrize(
    ("profile", "code", "said"),
    [
        ("carlo_gavazzi_em24", 341, "it is an EM340, load carlo_gavazzi_em340"),
        ("carlo_gavazzi_em24", 1648, "it is an EM24 Ethernet, load carlo_gavazzi_em340"),
        ("carlo_gavazzi_em24", 340, "engineering sample"),
        ("carlo_gavazzi_em340", 340, "engineering sample"),
        ("carlo_gavazzi_em340", 71, "identification code 71 is none of 331 EM330"),
    ],
)
async def test_another_meter_is_refused_on_every_point(
    profile: str, code: int, said: str, serve: Serve
) -> None:
    driver = await serve(profile, em340(code))
    readings = await driver.read()
    assert len(readings) == len(driver.points)
    for reading in readings:
        assert (reading.value, reading.quality) == (None, Quality.BAD)
        assert said in reading.reason
    with pytest.raises(WrongDeviceError, match="not a Carlo Gavazzi"):
        await driver.identify()


@pytest.mark.parametrize(("code", "model"), [(341, "EM340"), (1651, "EM24 Ethernet")])
async def test_the_right_meter_tells_model_and_serial(code: int, model: str, serve: Serve) -> None:
    device = em340(code)
    device.put(4, 0x5000, "0042 0058 0031 0038 0036 0030 0030")
    driver = await serve("carlo_gavazzi_em340", device)
    identity = await driver.identify()
    assert (identity.manufacturer, identity.model) == ("Carlo Gavazzi", model)
    assert identity.serial == "BX18600"


async def test_a_meter_that_is_swapped_is_noticed(serve: Serve, server: RegisterServer) -> None:
    driver = await serve("carlo_gavazzi_em24", em340(71))
    (reading,) = await driver.read(("power",))
    assert reading.quality is Quality.GOOD
    server.devices[1] = em340()
    server.hang_up()
    readings = [(await driver.read(("power",)))[0] for _ in range(2)]
    assert readings[-1].value is None
    assert "EM340" in readings[-1].reason


async def test_a_silent_meter_is_missing_not_wrong(
    server: RegisterServer, clock: ManualClock
) -> None:
    await server.stop()
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=0.2, clock=clock)
    driver = open_device("dev", link, 1, "carlo_gavazzi_em340", clock)
    assert {reading.quality for reading in await driver.read()} == {Quality.MISSING}
    await link.close()


async def test_the_identification_code_is_asked_once_and_by_itself(serve: Serve) -> None:
    device = em340()
    driver = await serve("carlo_gavazzi_em340", device)
    for _ in range(3):
        readings = {reading.point: reading for reading in await driver.read()}
        assert readings["voltage_l1"].value == pytest.approx(230.1)
    touching = [read for read in device.reads if read[1] <= 0x0B < read[1] + read[2]]
    assert touching.count((4, 0x0B, 1)) == 1
    assert max(count for _, _, count in device.reads) <= 20
    for address in (0x400, 0x402, 0x408, 0x40A):
        assert [r for r in device.reads if r[1] == address] == [(4, address, 2)] * 3


async def test_an_export_counter_that_is_not_there_fails_alone(serve: Serve) -> None:
    profile = load_profile("carlo_gavazzi_em24")
    assert isinstance(profile, RegisterProfile)
    assert profile.span("energy_export").alone
    device = Device(
        {4: {0x00: "08FD 0000", 0x37: "01F4"}}, singles={4: {0x0B: 71}}, holes={0x5C, 0x5D}
    )
    driver = await serve("carlo_gavazzi_em24", device)
    for _ in range(2):
        readings = {reading.point: reading for reading in await driver.read()}
        assert readings.pop("energy_export").quality is Quality.NOT_IMPLEMENTED
        assert {reading.quality for reading in readings.values()} == {Quality.GOOD}
    asked = [read for read in device.reads if read[1] <= 0x5C < read[1] + read[2]]
    assert asked == [(4, 0x5C, 2)]


async def test_measurement_mode_a_makes_the_counters_doubtful(serve: Serve) -> None:
    device = em340()
    device.put(3, 0x1103, "0000")
    driver = await serve("carlo_gavazzi_em340", device)
    readings = {reading.point: reading for reading in await driver.read()}
    for name in ("energy_import", "energy_export"):
        assert readings[name].quality is Quality.UNCERTAIN
        assert "measurement mode: A" in readings[name].reason
    assert readings["power"].quality is Quality.GOOD
    assert [note for note in driver.health.notes if "measurement mode" in note]


@pytest.mark.parametrize(
    ("registers", "point", "value", "quality"),
    [
        ({2616: "0898", 2638: "0000 0000"}, "power_l1", 0.0, Quality.GOOD),
        ({2616: "0000", 2638: "0000 0000"}, "power_l1", None, Quality.NOT_IMPLEMENTED),
        ({2616: "0000", 2638: "0000 9C40"}, "power_l1", 40.0, Quality.GOOD),
        ({}, "energy_import", 0.0, Quality.UNCERTAIN),
        ({}, "power", None, Quality.NOT_IMPLEMENTED),
    ],
)
async def test_a_zero_of_the_gx_needs_a_witness(
    registers: dict[int, str], point: str, value: float | None, quality: Quality, serve: Serve
) -> None:
    driver = await serve("victron_gx_grid", Device({3: registers}))
    (reading,) = await driver.read((point,))
    assert (reading.value, reading.quality) == (value, quality)


@pytest.mark.parametrize(
    ("charge_voltage", "limit", "quality"),
    [("0230", 0.0, Quality.GOOD), ("0000", None, Quality.NOT_IMPLEMENTED)],
)
async def test_a_bms_that_allows_nothing_is_told_from_one_that_says_nothing(
    charge_voltage: str, limit: float | None, quality: Quality, serve: Serve
) -> None:
    device = Device({3: {259: "1481", 305: charge_voltage, 307: "0000"}})
    driver = await serve("victron_gx_battery", device)
    (reading,) = await driver.read(("charge_limit_a",))
    assert (reading.value, reading.quality) == (limit, quality)


async def test_irradiance_from_light_is_never_more_than_uncertain(serve: Serve) -> None:
    driver = await serve("ecowitt_wn90lp", Device({3: {0x160: "0090", 0x165: "1388"}}))
    (reading,) = await driver.read(("solar_irradiance",))
    assert reading.quality is Quality.UNCERTAIN
    assert reading.value == pytest.approx(416.67, abs=0.01)
    assert "estimated" in reading.reason


async def test_a_derived_point_without_its_parts_has_no_value(serve: Serve) -> None:
    driver = await serve("ecowitt_wn90lp", Device({3: {0x160: "0090", 0x165: "FFFF"}}))
    (reading,) = await driver.read(("solar_irradiance",))
    assert (reading.value, reading.quality) == (None, Quality.BAD)
    assert reading.reason.startswith("light: ")


async def test_another_maker_gets_no_command(serve: Serve) -> None:
    control = (124, 24, {2: "1388", 12: "2710 2710", 18: "0000", 25: "FFFE"})
    device = Device({3: chain([common("Somebody"), control])})
    driver = await serve("fronius_gen24", device)
    readings = await driver.read()
    assert {reading.quality for reading in readings} == {Quality.BAD}
    assert "made by Somebody, not by Fronius" in readings[0].reason
    request = WriteRequest(point="power_setpoint", value=1.0, lease_s=60, command_id="c")
    assert (await driver.write(request)).result is WriteResult.REJECTED
    assert (await driver.release("power_setpoint")).result is WriteResult.REJECTED
    assert device.writes == []


def test_a_bacnet_template_is_no_modbus_profile(clock: ManualClock) -> None:
    link = ModbusLink("tcp://127.0.0.1:9", timeout_s=0.1, clock=clock)
    with pytest.raises(ProfileError, match="template for BACnet"):
        open_device("dev", link, 1, "generic_bacnet_zone", clock)
