"""Registers written by hand from the public sources, and the values they must read as."""

from __future__ import annotations

import pytest

from drivers.profile import RegisterProfile, load_profile, profile_names
from drivers.types import Quality
from tests.profiles.conftest import Serve
from tests.profiles.register_server import Device, chain, common

Expected = dict[str, tuple[float | None, Quality]]
GOOD, BAD, UNCERTAIN = Quality.GOOD, Quality.BAD, Quality.UNCERTAIN

VECTORS: dict[str, tuple[Device, Expected]] = {
    "eastron_sdm630": (
        Device({4: {0x34: "449A 5000", 0x46: "4248 0000", 0x48: "7FC0 0000"}}),
        {"power": (1.2345, GOOD), "frequency": (50.0, GOOD), "energy_import": (None, BAD)},
    ),
    "carlo_gavazzi_em24": (
        Device(
            {4: {0x00: "08FD 0000", 0x28: "FA24 FFFF", 0x37: "01F4", 0x42: "E240 0001"}},
            singles={4: {0x0B: 71}},
        ),
        {
            "voltage_l1": (230.1, GOOD),
            "power": (-0.150, GOOD),
            "frequency": (50.0, GOOD),
            "energy_import": (12345.6, GOOD),
        },
    ),
    "carlo_gavazzi_em340": (
        Device(
            {
                4: {
                    0x00: "08FD 0000",
                    0x02: "0000 7FFF",
                    0x28: "FA24 FFFF",
                    0x31: "FC18",
                    0x33: "01F4",
                    0x34: "E240 0001",
                    0x400: "3039 0000 0259 0000",
                },
                3: {0x1103: "0001"},
            },
            singles={4: {0x0B: 341}},
        ),
        {
            "voltage_l1": (230.1, GOOD),
            "voltage_l2": (None, BAD),
            "power": (-0.150, GOOD),
            "power_factor": (-1.0, GOOD),
            "frequency": (50.0, GOOD),
            "energy_import": (12345.6, GOOD),
            "energy_import_precise": (12345.601, GOOD),
        },
    ),
    "schneider_iem3155": (
        Device({3: {0x0BF3: "4148 0000", 0x0C83: "0000 0000 4996 02D2", 0x0C25: "4248 0000"}}),
        {
            "power": (12.5, GOOD),
            "energy_import": (1_234_567.89, GOOD),
            "frequency": (50.0, GOOD),
        },
    ),
    "janitza_umg604": (
        Device({3: {19000: "4366 199A", 19026: "C61C 4000", 19068: "4B80 0000"}}),
        {
            "voltage_l1": (230.1000061, GOOD),
            "power": (-10.0, GOOD),
            "energy_import": (16_777.216, GOOD),
        },
    ),
    "sma_inverter": (
        Device({4: {30775: "0000 3039"}, 3: {30513: "0000 0000 4996 02D2"}}),
        {"ac_power": (12.345, GOOD), "energy": (1_234_567.89, GOOD)},
    ),
    "sma_battery": (
        Device(
            {
                4: {30775: "FFFF B1E0", 30843: "0000 61A8", 30849: "0000 00FA"},
                3: {30845: "0000 0037"},
            }
        ),
        {
            "power": (20.0, GOOD),
            "current": (25.0, UNCERTAIN),
            "temperature": (25.0, GOOD),
            "soc": (55.0, GOOD),
        },
    ),
    "victron_gx_battery": (
        Device(
            {
                3: {
                    256: "FFFF FFE0",
                    259: "1481",
                    261: "FFF6",
                    266: "0280",
                    305: "0230",
                    307: "0000",
                    308: "07D0",
                    1282: "0009",
                }
            }
        ),
        {
            "power": (-0.032, GOOD),
            "voltage": (52.49, GOOD),
            "current": (-1.0, GOOD),
            "soc": (64.0, GOOD),
            "charge_limit_a": (0.0, GOOD),
            "discharge_limit_a": (200.0, GOOD),
            "state": (9.0, GOOD),
        },
    ),
    "victron_gx_grid": (
        Device({3: {2616: "08FC", 2618: "08FC", 2620: "08FC", 2638: "0000 9C40 FFFF FFE0"}}),
        {
            "power_l1": (40.0, GOOD),
            "power_l2": (-0.032, GOOD),
            "power_l3": (0.0, GOOD),
            "power": (39.968, GOOD),
            "voltage_l1": (230.0, GOOD),
        },
    ),
    "victron_gx_system": (
        Device({3: {884: "0000 9C40 0000 0001 0000 0001", 840: "01F4", 843: "0040", 844: "0002"}}),
        {
            "pv_output_l1": (40.0, GOOD),
            "pv_on_output": (40.002, GOOD),
            "soc": (64.0, GOOD),
            "battery_voltage": (50.0, GOOD),
            "battery_state": (2.0, GOOD),
            "pv_grid_l1": (0.0, UNCERTAIN),
        },
    ),
    "lufft_ws_umb": (
        Device({4: {27: "162E", 31: "FFE0", 35: "7FFF", 10: "8005", 48: "FFFF", 50: "0064"}}),
        {
            "solar_irradiance": (567.8, GOOD),
            "temperature": (-3.2, GOOD),
            "dew_point": (None, BAD),
            "humidity": (None, BAD),
            "rain_sum": (None, BAD),
            "rain_rate": (1.0, GOOD),
        },
    ),
    "ecowitt_wn90lp": (
        Device(
            {3: {0x160: "0090", 0x165: "1388 FFFF 0267 0032", 0x16C: "FFFF 2786"}},
        ),
        {
            "light": (50_000.0, GOOD),
            "solar_irradiance": (416.66667, UNCERTAIN),
            "uv_index": (None, BAD),
            "temperature": (21.5, GOOD),
            "humidity": (50.0, GOOD),
            "rain_sum": (6553.5, GOOD),
            "pressure": (1011.8, GOOD),
        },
    ),
    "sunspec_inverter": (
        Device({3: chain([common("Somebody"), (103, 50, {14: "137B 0001", 38: "0004"})])}),
        {"ac_power": (49.87, GOOD), "state": (4.0, GOOD)},
    ),
    "sunspec_storage": (
        Device(
            {
                3: chain(
                    [
                        common("Somebody"),
                        (701, 153, {10: "F63C", 116: "0001"}),
                        (
                            802,
                            62,
                            {11: "157C", 56: "FFFE", 22: "0003", 26: "0000 0004", 45: "07D0 0FA0",
                             62: "FFFF"},
                        ),
                    ]
                )
            }
        ),
        {
            "power": (25.0, GOOD),
            "soc": (55.0, GOOD),
            "state": (3.0, GOOD),
            "alarms": (4.0, GOOD),
            "charge_limit_a": (200.0, GOOD),
            "discharge_limit_a": (400.0, GOOD),
        },
    ),
    "fronius_gen24": (
        Device(
            {
                3: chain(
                    [
                        common("Fronius"),
                        (103, 50, {14: "137B 0000", 38: "0004"}),
                        (160, 88, {4: "0000", 8: "0004", 21: "03E8", 41: "01F4", 61: "0FA0",
                                   81: "0000"}),
                        (
                            124,
                            24,
                            {2: "1388", 5: "0002", 8: "1770", 11: "0004", 12: "F63C", 13: "2710",
                             17: "0001", 18: "0000", 22: "FFFE", 25: "FFFE"},
                        ),
                    ]
                )
            }
        ),
        {
            "ac_power": (4.987, GOOD),
            "pv_power": (1.5, GOOD),
            "power": (4.0, GOOD),
            "soc": (60.0, GOOD),
            "charge_limit_kw": (5.0, GOOD),
            "discharge_window": (-25.0, GOOD),
            "charge_window": (100.0, GOOD),
            "state": (4.0, GOOD),
        },
    ),
}  # fmt: skip


def test_every_modbus_profile_has_a_vector() -> None:
    modbus = {name for name in profile_names() if load_profile(name).kind != "bacnet"}
    assert set(VECTORS) == modbus


@pytest.mark.parametrize("name", VECTORS)
async def test_hand_written_registers_read_as_the_source_says(name: str, serve: Serve) -> None:
    device, expected = VECTORS[name]
    driver = await serve(name, device)
    readings = {reading.point: reading for reading in await driver.read()}
    assert list(readings) == [point.name for point in driver.points]
    for point, (value, quality) in expected.items():
        reading = readings[point]
        assert reading.quality is quality, reading
        assert reading.value == (None if value is None else pytest.approx(value, rel=1e-7))
    assert device.writes == []


@pytest.mark.parametrize(
    ("name", "registers", "point", "quality"),
    [
        ("sma_inverter", {4: {30775: "8000 0000"}}, "ac_power", Quality.ASLEEP),
        ("sma_battery", {4: {30775: "8000 0000"}}, "power", Quality.BAD),
        ("carlo_gavazzi_em24", {4: {0x00: "0000 7FFF"}}, "voltage_l1", Quality.BAD),
        ("lufft_ws_umb", {4: {31: "7FFF"}}, "temperature", Quality.BAD),
        ("lufft_ws_umb", {4: {31: "7FFB"}}, "temperature", Quality.BAD),
        ("ecowitt_wn90lp", {3: {0x167: "FFFF"}}, "temperature", Quality.BAD),
        ("eastron_sdm630", {4: {0x34: "7FC0 0000"}}, "power", Quality.BAD),
        ("schneider_iem3155", {3: {0x0BF3: "FFC0 0000"}}, "power", Quality.BAD),
    ],
)
async def test_what_the_device_has_not_is_no_number(
    name: str, registers: dict[int, dict[int, str]], point: str, quality: Quality, serve: Serve
) -> None:
    device = Device(registers)
    if name == "ecowitt_wn90lp":
        device.put(3, 0x160, "0090")
    driver = await serve(name, device)
    (reading,) = await driver.read((point,))
    assert (reading.value, reading.quality) == (None, quality)


async def test_wire_addresses_are_one_below_a_document_that_counts_from_one(serve: Serve) -> None:
    device = Device()
    driver = await serve("schneider_iem3155", device)
    await driver.read(("power",))
    assert device.reads == [(3, 3059, 2)]


async def test_two_neighbouring_janitza_counters_are_two_watt_hours_apart(serve: Serve) -> None:
    device = Device({3: {19068: "4B80 0000"}})
    driver = await serve("janitza_umg604", device)
    (before,) = await driver.read(("energy_import",))
    device.put(3, 19068, "4B80 0001")
    (after,) = await driver.read(("energy_import",))
    assert before.value is not None
    assert after.value == pytest.approx(before.value + 0.002, abs=1e-9)
    assert "16.78 MWh" in load_profile("janitza_umg604").note


@pytest.mark.parametrize("name", [n for n in VECTORS if n.startswith("victron")])
def test_victron_powers_of_sixteen_bits_are_never_read(name: str) -> None:
    profile = load_profile(name)
    assert isinstance(profile, RegisterProfile)
    narrow = {258, 842, 850, *range(808, 823), *range(2600, 2603)}
    used = {profile.span(point).address for point in profile.points}
    assert used.isdisjoint(narrow)
