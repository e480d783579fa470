"""The plant by name: everything promised is there, alive, and refuses nonsense."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta

import pytest

from drivers.simulated.plant import Plant
from models.building.hotel import Hotel
from models.building.noise import MeanReverting, SensorNoise, stream
from models.building.parameters import HotelParameters

START = datetime(2025, 6, 10, 10, tzinfo=UTC)
PHASES = ("l1", "l2", "l3")
PROMISED = {
    *(f"meter.{name}" for name in ("power_kw", "frequency_hz", "import_kwh", "export_kwh")),
    "meter.power_factor",
    *(f"meter.power_{line}_kw" for line in PHASES),
    *(f"meter.voltage_{line}_v" for line in PHASES),
    *(f"meter.current_{line}_a" for line in PHASES),
    *(f"battery.{name}" for name in ("soc_percent", "power_kw", "voltage_v", "current_a")),
    *(f"battery.{name}" for name in ("temperature_c", "capacity_kwh", "setpoint_kw")),
    *(f"battery.{name}" for name in ("charge_limit_kw", "discharge_limit_kw")),
    *(f"pv.{name}" for name in ("power_kw", "dc_power_kw", "energy_kwh", "temperature_c")),
    *("pv.rated_kw", "pv.limit_kw", "hvac.power_kw"),
    *(f"zone_{n}.{name}" for n in (1, 2, 3) for name in ("temperature_c", "occupancy_count")),
    *(f"zone_{n}.{name}" for n in (1, 2, 3) for name in ("power_kw", "setpoint_c")),
    *(f"weather.{name}" for name in ("temperature_c", "irradiance_w_m2")),
    *(f"weather.{name}" for name in ("humidity_percent", "wind_m_s")),
}
AT_REST = {
    *("battery.power_kw", "battery.current_a", "battery.capacity_kwh", "battery.setpoint_kw"),
    *("battery.charge_limit_kw", "battery.discharge_limit_kw", "pv.rated_kw", "pv.limit_kw"),
    *(f"zone_{n}.{name}" for n in (1, 2, 3) for name in ("setpoint_c", "occupancy_count")),
    "meter.export_kwh",
}


def hotel_at(start: datetime = START) -> Hotel:
    return Hotel(HotelParameters(), start, 9)


def test_it_is_a_plant_with_every_promised_name() -> None:
    plant: Plant = hotel_at()
    hotel = hotel_at()
    assert set(hotel.names) == PROMISED
    assert all(math.isfinite(plant.get(name)) for name in PROMISED)


def test_what_lives_moves_within_half_a_minute() -> None:
    hotel = hotel_at()
    before = {name: hotel.get(name) for name in hotel.names}
    hotel.advance(START + timedelta(seconds=30))
    still = {name for name in hotel.names if hotel.get(name) == before[name]}
    assert still <= AT_REST


def test_asking_twice_gives_the_same() -> None:
    hotel = hotel_at()
    assert [hotel.get(name) for name in hotel.names] == [hotel.get(name) for name in hotel.names]


def test_the_meter_is_consistent_in_itself() -> None:
    hotel = hotel_at()
    for _ in range(50):
        hotel.advance(hotel.now + timedelta(minutes=7))
        lines = [hotel.get(f"meter.power_{line}_kw") for line in PHASES]
        assert hotel.get("meter.power_kw") == pytest.approx(sum(lines))
        assert hotel.get("meter.power_kw") == pytest.approx(hotel.meter.power_kw, abs=1.0)
        for line, power_kw in zip(PHASES, lines, strict=True):
            volt, ampere = (
                hotel.get(f"meter.voltage_{line}_v"),
                hotel.get(f"meter.current_{line}_a"),
            )
            assert 215 < volt < 245
            assert volt * ampere / 1000 >= abs(power_kw) * 0.99
        assert 49.8 < hotel.get("meter.frequency_hz") < 50.2
        assert -1.0 <= hotel.get("meter.power_factor") <= 1.0


@pytest.mark.parametrize(
    ("name", "value", "released"),
    [
        ("battery.setpoint_kw", -40.0, 0.0),
        ("pv.limit_kw", 25.0, 200.0),
        ("zone_3.setpoint_c", 19.5, 22.0),
    ],
)
def test_commands_stand_until_released(name: str, value: float, released: float) -> None:
    hotel = hotel_at()
    hotel.set(name, value)
    assert hotel.get(name) == value
    hotel.set(name, None)
    assert hotel.get(name) == released


def test_a_released_battery_returns_to_rest_and_the_meter_sees_it() -> None:
    hotel = hotel_at()
    hotel.set("battery.setpoint_kw", 100.0)
    hotel.advance(START + timedelta(minutes=1))
    assert hotel.get("battery.power_kw") == pytest.approx(100.0, rel=0.01)
    loaded_kw = hotel.get("meter.power_kw")
    hotel.set("battery.setpoint_kw", None)
    hotel.advance(START + timedelta(minutes=1, seconds=20))
    assert hotel.get("battery.power_kw") == 0.0
    assert hotel.get("meter.power_kw") < loaded_kw - 60.0


def test_unknown_names_and_nonsense_are_refused() -> None:
    hotel = hotel_at()
    with pytest.raises(KeyError):
        hotel.get("meter.nothing")
    with pytest.raises(KeyError):
        hotel.set("meter.power_kw", 1.0)
    with pytest.raises(ValueError, match="finite"):
        hotel.set("battery.setpoint_kw", math.nan)


def test_noise_has_the_spread_it_promises() -> None:
    sensor = SensorNoise(3, "x")
    white = [sensor.at(index) for index in range(4000)]
    assert sum(white) / 4000 == pytest.approx(0.0, abs=0.06)
    assert sum(value**2 for value in white) / 4000 == pytest.approx(1.0, abs=0.08)
    neighbours = itertools.pairwise(white)
    assert sum(a * b for a, b in neighbours) / 4000 == pytest.approx(0.0, abs=0.06)
    walk = MeanReverting(stream(3, "walk"), spread=2.0, memory_s=10.0, step_s=1.0)
    values = [walk.step() for _ in range(20_000)]
    assert (sum(value**2 for value in values) / 20_000) ** 0.5 == pytest.approx(2.0, rel=0.1)
