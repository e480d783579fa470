"""The hotel as a whole: nothing comes from nowhere, and a seed is a day."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from models.building.hotel import Hotel
from models.building.parameters import HotelParameters

START = datetime(2025, 3, 28, 22, tzinfo=UTC)
COMMANDS = (90.0, -110.0, None, 40.0, -125.0, -125.0, 125.0, 125.0, 0.0)


def busy_hotel(hours: int, seed: int = 5) -> Hotel:
    """A hotel that lived `hours` with changing commands on every device."""
    hotel = Hotel(HotelParameters(), START, seed)
    for hour in range(hours):
        hotel.set("battery.setpoint_kw", COMMANDS[hour % len(COMMANDS)])
        hotel.set("zone_2.setpoint_c", 19.0 + hour % 6)
        hotel.set("pv.limit_kw", 30.0 if hour % 5 == 0 else None)
        hotel.advance(START + timedelta(hours=hour + 1))
    return hotel


def test_48_hours_conserve_energy() -> None:
    hotel = busy_hotel(48)
    assert hotel.balance_error() < 1e-6
    ledger = hotel.ledger
    assert min(ledger.load, ledger.hvac, ledger.pv, ledger.battery_in, ledger.battery_out) > 50
    assert ledger.battery_losses > 0.05 * ledger.battery_in


def test_balance_error_sees_a_leak() -> None:
    hotel = busy_hotel(2)
    hotel.battery.stored_kwh += 0.01
    assert hotel.balance_error() == pytest.approx(0.01, rel=1e-6)
    hotel.ledger.load += 0.5
    assert hotel.balance_error() == pytest.approx(0.5, rel=1e-6)


def test_registers_count_what_the_ledger_counts() -> None:
    hotel = busy_hotel(30)
    parameters = hotel.parameters
    imported = hotel.get("meter.import_kwh") - parameters.import_register_kwh
    exported = hotel.get("meter.export_kwh") - parameters.export_register_kwh
    assert imported == pytest.approx(hotel.ledger.grid_import, abs=1e-6)
    assert exported == pytest.approx(hotel.ledger.grid_export, abs=1e-6)
    assert hotel.get("pv.energy_kwh") == pytest.approx(hotel.ledger.pv, abs=1e-6)


def test_same_seed_same_day_however_it_is_asked() -> None:
    coarse, fine = Hotel(HotelParameters(), START, 7), Hotel(HotelParameters(), START, 7)
    end = START + timedelta(hours=6)
    coarse.advance(end)
    moment = START
    while moment < end:
        moment += timedelta(seconds=37)
        fine.advance(min(moment, end))
        fine.get("meter.power_kw")
    assert [coarse.get(name) for name in coarse.names] == [fine.get(name) for name in fine.names]


def test_another_seed_is_another_day() -> None:
    one, two = Hotel(HotelParameters(), START, 1), Hotel(HotelParameters(), START, 2)
    for hotel in (one, two):
        hotel.advance(START + timedelta(hours=1))
    assert one.ledger.load != two.ledger.load
    assert one.get("weather.temperature_c") != two.get("weather.temperature_c")


def test_load_looks_like_a_hotel() -> None:
    hotel = Hotel(HotelParameters(), datetime(2025, 6, 2, 22, tzinfo=UTC), 3)
    by_hour: list[float] = []
    for hour in range(24):
        before = hotel.ledger.load
        hotel.advance(hotel.start + timedelta(hours=hour + 1))
        by_hour.append(hotel.ledger.load - before)
    night, breakfast, evening = by_hour[3], max(by_hour[6:10]), max(by_hour[17:21])
    assert 60 <= night < 85
    assert night + 40 < breakfast <= 220
    assert night + 50 < evening <= 220


def test_advance_never_goes_back() -> None:
    hotel = busy_hotel(1)
    steps = hotel.steps
    hotel.advance(START)
    assert hotel.steps == steps
    assert hotel.now == START + timedelta(hours=1)


def test_a_naive_start_is_refused() -> None:
    naive = datetime(2025, 1, 1)  # noqa: DTZ001 - the very thing under test
    with pytest.raises(ValueError, match="aware UTC"):
        Hotel(HotelParameters(), naive)


def test_importing_the_plant_is_light() -> None:
    code = (
        "import sys, models.building.hotel\n"
        "print(sorted({'numpy', 'pyomo', 'pandas', 'highspy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
