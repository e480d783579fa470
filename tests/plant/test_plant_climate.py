"""Sun, PV and zones behave as their physics says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.building.hotel import Hotel
from models.building.noise import stream
from models.building.parameters import HotelParameters, PvParameters, ZoneParameters
from models.building.pv import PvPlant
from models.building.sun import clear_sky_w_m2, cos_zenith
from models.building.zone import ZonePlant, cop_cooling, cop_heating

PLACE = (49.0, 8.4)


@pytest.mark.parametrize(
    ("moment", "cosine"),
    [
        (datetime(2025, 6, 21, 11, 28, tzinfo=UTC), 0.902),  # highest: 49.0 - 23.4 = 25.6 degrees
        (datetime(2025, 12, 21, 11, 24, tzinfo=UTC), 0.303),  # highest: 72.4 degrees from zenith
        (datetime(2025, 3, 20, 5, 33, tzinfo=UTC), 0.0),  # equinox: sun rises at six solar time
    ],
)
def test_the_sun_stands_where_it_should(moment: datetime, cosine: float) -> None:
    assert cos_zenith(moment, *PLACE) == pytest.approx(cosine, abs=0.01)


def test_clear_sky_at_noon_in_june_and_by_night() -> None:
    assert 900 < clear_sky_w_m2(0.9) < 950
    assert clear_sky_w_m2(0.0) == 0.0
    assert clear_sky_w_m2(-0.5) == 0.0


@pytest.mark.parametrize("month", [1, 6])
def test_pv_sleeps_by_night_and_stays_below_clear_sky(month: int) -> None:
    hotel = Hotel(HotelParameters(), datetime(2025, month, 10, tzinfo=UTC), 11)
    lit = dark = 0
    for _ in range(24 * 12):
        hotel.advance(hotel.now + timedelta(minutes=5))
        weather, power_kw = hotel.weather, hotel.get("pv.power_kw")
        assert weather.irradiance_w_m2 <= weather.clear_sky_w_m2
        # Ten per cent for modules colder than 25 degC; sensors err by under one.
        assert 0.0 <= power_kw <= 0.2 * weather.clear_sky_w_m2 * 1.10
        if cos_zenith(hotel.now, *PLACE) < 0:
            assert power_kw == 0.0
            dark += 1
        lit += power_kw > 10.0
    assert dark > 80
    assert lit > 30


def settle(pv: PvPlant, sun_w_m2: float, ambient_c: float = 20.0) -> float:
    for _ in range(60):
        pv.step(2.0, sun_w_m2, ambient_c, 2.0)
    return pv.power_kw


def test_pv_limit_holds_and_is_released() -> None:
    pv = PvPlant(PvParameters(), 20.0)
    free_kw = settle(pv, 800.0)
    assert 120.0 < free_kw < 155.0
    pv.limit_kw = 60.0
    assert settle(pv, 800.0) == pytest.approx(60.0, abs=0.01)
    assert pv.dc_kw == pytest.approx(61.1, abs=0.5)
    pv.limit_kw = None
    assert settle(pv, 800.0) == pytest.approx(free_kw, abs=0.01)


def test_heat_costs_pv_power_and_dawn_wakes_it() -> None:
    pv = PvPlant(PvParameters(), 20.0)
    assert settle(pv, 800.0, 35.0) < settle(pv, 800.0, 5.0) - 10.0
    assert settle(pv, 3.0) == 0.0
    assert settle(pv, 8.0) > 0.0


def live(zone: ZonePlant, hours: float, outdoor_c: float, sun_w_m2: float = 0.0) -> None:
    for _ in range(round(hours * 720)):
        zone.step(5.0, outdoor_c, sun_w_m2)


def make_zone(guests: int = 0) -> ZonePlant:
    return ZonePlant(ZoneParameters(name="zone_1", guests=guests), stream(1, "zone"), 12)


def test_a_zone_follows_its_setpoint_and_reverts() -> None:
    zone = make_zone()
    live(zone, 12, 5.0)
    held_c = zone.temperature_c
    assert 21.0 < held_c < 22.0
    zone.commanded_c = 20.0
    live(zone, 6, 5.0)
    assert zone.temperature_c < held_c - 1.0
    lower_kw = zone.power_kw
    zone.commanded_c = None
    assert zone.setpoint_c == 22.0
    live(zone, 24, 5.0)
    assert zone.temperature_c == pytest.approx(held_c, abs=0.3)
    assert zone.power_kw > lower_kw


def test_a_hot_zone_is_cooled() -> None:
    zone = make_zone()
    live(zone, 12, 33.0, 700.0)
    assert zone.thermal_kw < -5.0
    assert zone.power_kw > 1.0
    assert 22.0 < zone.temperature_c < 23.5


def test_unheated_it_loses_heat_as_1_2_kelvin_per_kw_says() -> None:
    parameters = ZoneParameters(name="zone_1", heat_kw=0.0, cool_kw=0.0, guests=0, sun_m2=5.0)
    zone = ZonePlant(parameters, stream(1, "zone"), 0)
    for _ in range(300 * 60):
        zone.step(60.0, 10.0, 1000.0)
    mean_rise_k = (zone.temperature_c + zone.mass_c) / 2 - 10.0
    assert mean_rise_k == pytest.approx(5.0 * 1.2, rel=0.15)


def test_cop_follows_the_weather() -> None:
    assert cop_heating(-10.0) < cop_heating(7.0) < cop_heating(15.0)
    assert cop_cooling(38.0) < cop_cooling(24.0)


def test_guests_sleep_in_and_go_out() -> None:
    hotel = Hotel(HotelParameters(), datetime(2025, 6, 10, 22, tzinfo=UTC), 4)

    def guests(hours: int) -> float:
        hotel.advance(hotel.start + timedelta(hours=hours))
        return sum(hotel.get(f"zone_{number}.occupancy_count") for number in (1, 2, 3))

    assert guests(4) > 2 * guests(13)


def test_discomfort_counts_only_with_guests_in() -> None:
    hotel = Hotel(HotelParameters(), datetime(2025, 1, 10, tzinfo=UTC), 4)
    hotel.set("zone_1.setpoint_c", 16.0)
    hotel.zones["zone_3"].guests = 0
    hotel.advance(hotel.start + timedelta(hours=12))
    kelvin_h = hotel.ledger.discomfort_kelvin_h
    assert kelvin_h["zone_1"] > 1.0
    assert kelvin_h["zone_2"] == 0.0
