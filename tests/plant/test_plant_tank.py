"""The hot-water tank and what others do to the hotel: energy, cycles, phases, the BMS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.clock import ManualClock
from edge_agent.demo.hotel_acts import LOOK_LINE, answer, set_line
from edge_agent.demo.hotel_faults import CommandError
from edge_agent.demo.hotel_plant import LivePlant
from models.building.hotel import Hotel
from models.building.parameters import HotelParameters, TankParameters
from models.building.tank import KWH_PER_L_K, TankPlant

START = datetime(2026, 6, 15, 6, tzinfo=UTC)
PARAMETERS = HotelParameters(tank=TankParameters(), relays=("operator.dimming",))
ROOM_C = 20.0


def hotel() -> Hotel:
    return Hotel(PARAMETERS, START, 3)


def live(minutes: float, one: Hotel) -> None:
    one.advance(one.now + timedelta(minutes=minutes))


def test_what_the_heater_gives_is_in_the_water_drawn_or_lost() -> None:
    tank = TankPlant(TankParameters())
    tank.minute(7)
    start_c, given_kwh, taken_kwh = tank.temperature_c, 0.0, 0.0
    for _ in range(3600):
        loss_kw = tank.parameters.loss_w_per_k * (tank.temperature_c - ROOM_C) / 1000.0
        tank.step(2.0, ROOM_C)
        given_kwh += tank.power_kw * 2.0 / 3600.0
        taken_kwh += (loss_kw + tank.draw_kw) * 2.0 / 3600.0
    stored_kwh = (tank.temperature_c - start_c) * tank.parameters.volume_l * KWH_PER_L_K
    assert given_kwh - taken_kwh == pytest.approx(stored_kwh, abs=1e-6)
    assert given_kwh > 5


def test_a_day_with_hot_water_comes_from_somewhere() -> None:
    one = hotel()
    live(24 * 60, one)
    assert one.balance_error() < 1e-6
    drawn_kwh = TankParameters().daily_draw_kwh
    assert drawn_kwh * 0.95 < one.ledger.hot_water < drawn_kwh * 1.15


def test_a_cycle_reaches_its_temperature_and_ends() -> None:
    one = hotel()
    one.set("tank.cycle", 1.0)
    live(60, one)
    assert one.tank is not None
    assert not one.tank.cycle_running
    assert one.tank.longest_hot_s >= TankParameters().cycle_hold_s


def test_a_lower_command_interrupts_a_cycle() -> None:
    one = hotel()
    one.set("tank.cycle", 1.0)
    one.set("tank.setpoint_c", 62.0)
    live(60, one)
    assert one.get("tank.cycle") == 1.0
    assert one.get("tank.temperature_c") < 64


def test_one_phase_alone_is_loaded() -> None:
    loaded, plain = hotel(), hotel()
    loaded.set("around.single_phase_kw", 30.0)
    live(1, loaded)
    live(1, plain)
    grown_kw = [
        one - other
        for one, other in zip(
            loaded.meter.phase_powers_kw, plain.meter.phase_powers_kw, strict=True
        )
    ]
    assert grown_kw == pytest.approx([30.0, 0.0, 0.0])
    assert loaded.balance_error() < 1e-9


def test_the_bms_lowers_one_direction_alone() -> None:
    one = hotel()
    one.set("battery.bms_discharge_cap_kw", 0.0)
    assert one.get("battery.discharge_limit_kw") == 0.0
    assert one.get("battery.charge_limit_kw") == PARAMETERS.battery.charge_kw
    one.set("battery.setpoint_kw", -80.0)
    live(1, one)
    assert one.battery.power_kw == 0.0
    one.set("battery.bms_discharge_cap_kw", None)
    live(1, one)
    assert one.battery.power_kw == -80.0
    assert one.extremes.battery_out_kw == 80.0


async def test_acts_and_testimony_by_lines() -> None:
    clock = ManualClock(START)
    plant = LivePlant(hotel(), clock)
    assert answer(set_line("operator.dimming", 1.0), plant) is not None
    assert plant.get("operator.dimming") == 1.0
    assert answer(set_line("battery.setpoint_kw", 40.0), plant) is not None
    await clock.advance(60)
    told = answer(LOOK_LINE, plant)
    assert told is not None
    assert told["look"]["battery_kw"] == 40.0
    assert told["look"]["commanded"]["battery.setpoint_kw"] == 40.0
    assert told["look"]["commanded"]["zone_1.setpoint_c"] is None


def test_what_is_no_act_is_left_to_others_and_nonsense_refused() -> None:
    plant = LivePlant(hotel(), ManualClock(START))
    for line in ("silence", "[]", '{"do": "freeze", "unit": 1}', '{"do": "set", "point": 3}'):
        assert answer(line, plant) is None
    with pytest.raises(CommandError, match=r"meter\.power_kw"):
        answer(set_line("meter.power_kw", 1.0), plant)
