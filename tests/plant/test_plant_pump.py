"""The pool's pump and the light building of years: switched, timed, and without free energy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.building.hotel import Hotel
from models.building.house import House, HouseParameters, Minute
from models.building.parameters import (
    HotelParameters,
    PumpParameters,
    TankParameters,
    ZoneParameters,
)
from models.building.pump import PumpPlant
from models.building.tank import KWH_PER_L_K

MORNING = datetime(2026, 6, 15, 7, 55, tzinfo=UTC)
"""Five minutes before the timer begins in Berlin."""


@pytest.mark.parametrize(
    ("begin_h", "end_h", "at_h", "runs"),
    [
        (10.0, 14.0, 9.99, False),
        (10.0, 14.0, 10.0, True),
        (10.0, 14.0, 14.0, False),
        (22.0, 2.0, 23.0, True),
        (22.0, 2.0, 1.5, True),
        (22.0, 2.0, 2.0, False),
    ],
)
def test_the_timer_runs_it_in_its_hours(
    begin_h: float, end_h: float, at_h: float, *, runs: bool
) -> None:
    pump = PumpPlant(PumpParameters(own_from_h=begin_h, own_until_h=end_h))
    pump.minute(at_h)
    pump.step(60.0)
    assert pump.power_kw == (4.0 if runs else 0.0)


def test_a_command_rules_over_the_timer_until_it_is_released() -> None:
    pump = PumpPlant(PumpParameters())
    pump.minute(11.0)
    for commanded, power_kw in ((False, 0.0), (True, 4.0), (None, 4.0)):
        pump.commanded = commanded
        pump.step(3600.0)
        assert pump.power_kw == power_kw
    assert pump.run_h == 2.0


def test_the_hotel_pays_for_its_pump() -> None:
    hotel = Hotel(HotelParameters(pool_pump=PumpParameters()), MORNING, 1)
    assert hotel.get("pool_pump.on") == 0.0
    hotel.advance(MORNING + timedelta(minutes=15))
    assert hotel.get("pool_pump.on") == 1.0
    assert hotel.ledger.switched == pytest.approx(4.0 * 10 / 60, abs=0.01)
    hotel.set("pool_pump.on", 0.0)
    hotel.advance(MORNING + timedelta(minutes=30))
    assert hotel.get("pool_pump.power_kw") == 0.0
    assert hotel.ledger.switched == pytest.approx(4.0 * 10 / 60, abs=0.01)
    assert hotel.balance_error() < 1e-6


def house() -> House:
    """One floor, one tank, one pump at six in the morning."""
    return House(
        HouseParameters(
            zones=(ZoneParameters(name="floor"),),
            tanks={"water": TankParameters()},
            pumps={"pool": PumpParameters()},
        ),
        seed=4,
        hour=6,
    )


def test_the_water_of_a_house_holds_what_was_given_and_not_drawn_or_lost() -> None:
    one = house()
    tank = one.tanks["water"]
    start_c, out_kwh = tank.temperature_c, 0.0
    for minute in range(360):
        before_c = tank.temperature_c
        one.minute(Minute(6 + minute / 60, 5.0, 0.0))
        room_c = 16.0 + 0.35 * 5.0
        lost_kw = tank.parameters.loss_w_per_k * (before_c - room_c) / 1000
        out_kwh += (tank.draw_kw + lost_kw) / 60
    kept_kwh = (tank.temperature_c - start_c) * tank.parameters.volume_l * KWH_PER_L_K
    assert one.energy_kwh["water"] - out_kwh == pytest.approx(kept_kwh, abs=1e-6)
    assert out_kwh > 20


def test_guests_and_draws_come_alike_whatever_is_commanded() -> None:
    left, steered = house(), house()
    steered.zones["floor"].commanded_c = 17.0
    steered.tanks["water"].commanded_c = 70.0
    for minute in range(120):
        for one in (left, steered):
            one.minute(Minute(6 + minute / 60, 0.0, 0.0))
    assert left.zones["floor"].guests == steered.zones["floor"].guests
    assert left.tanks["water"].draw_kw == steered.tanks["water"].draw_kw
    assert left.guest_kelvin_h["floor"] == 0.0
    assert steered.guest_kelvin_h["floor"] > 0.1
