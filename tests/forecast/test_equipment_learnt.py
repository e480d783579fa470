"""Rooms, tanks and batteries identified from the course of a physical plant."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from models.building.battery import BatteryPlant
from models.building.parameters import BatteryParameters, ZoneParameters
from models.building.zone import ZonePlant
from models.forecast.battery_fit import BatteryRecord, fit_battery
from models.forecast.history import Floats, History
from models.forecast.learnt import LearntZone
from models.forecast.tank_fit import TankRecord, draws, fit_tank
from models.forecast.zone_fit import ZoneRecord, fit_zone

START = datetime(2026, 1, 5, tzinfo=UTC)
STEP_S = 60.0
QUARTERS = 96 * 12
CHANCE = random.Random(1)  # noqa: S311 - repeatable, no secret


def outdoor_at(hour: float) -> float:
    return 3.0 + 4.0 * math.sin((hour - 9) / 12 * math.pi) + 4.0 * math.sin(hour / 40)


def room_record(*, control: bool) -> ZoneRecord:
    """Twelve winter days of a floor; with `control`, warm nights and cold afternoons by command."""
    zone = ZonePlant(ZoneParameters(name="floor", guests=0), CHANCE, 0)
    rows = []
    for quarter in range(QUARTERS):
        hour = quarter / 4
        own = 21.0 if 6 <= hour % 24 < 22 else 18.0
        commanded = {True: 23.5, False: 19.0}[hour % 24 < 6] if control and hour % 24 < 17 else own
        zone.commanded_c = commanded
        room, heat = zone.temperature_c, 0.0
        for _ in range(15):
            zone.step(STEP_S, outdoor_at(hour), 0.0)
            heat += zone.thermal_kw / 15
        rows.append((room, outdoor_at(hour), heat))
    table = np.array(rows)
    room_c = History(START, 900, table[:, 0])
    return ZoneRecord(
        id="floor", temperature_c=room_c, outdoor_c=table[:, 1], thermal_kw=table[:, 2]
    )


@pytest.fixture(scope="module")
def floor() -> LearntZone:
    found = fit_zone(room_record(control=False))
    assert found is not None
    return found


def test_a_floor_is_found_with_its_walls(floor: LearntZone) -> None:
    """Air 5 kWh/K, walls 20 kWh/K behind 0.2 K/kW; 1.8 and 3.6 K/kW in parallel are 1.2."""
    assert floor.resistance_k_per_kw == pytest.approx(1.2, rel=0.1)
    assert floor.capacity_kwh_per_k == pytest.approx(5.0, rel=0.25)
    assert floor.mass_resistance_k_per_kw == pytest.approx(0.2, rel=0.25)
    assert floor.mass_capacity_kwh_per_k == pytest.approx(20.0, rel=0.25)
    assert floor.basis.error < 0.2
    assert floor.basis.count == QUARTERS


def test_zone_parameters_do_not_learn_the_control(floor: LearntZone) -> None:
    """The same floor under preheating and setback: the heat is known, so it stays the floor."""
    steered = fit_zone(room_record(control=True))
    assert steered is not None
    assert steered.resistance_k_per_kw == pytest.approx(floor.resistance_k_per_kw, rel=0.05)
    assert steered.capacity_kwh_per_k == pytest.approx(floor.capacity_kwh_per_k, rel=0.2)
    assert steered.mass_resistance_k_per_kw == pytest.approx(
        floor.mass_resistance_k_per_kw, rel=0.25
    )


def test_a_light_room_gets_no_walls() -> None:
    """One resistance of 1.5 K/kW and one capacity of 8 kWh/K, 1 kW of gains."""
    rows, room = [], 20.0
    for quarter in range(QUARTERS):
        hour = quarter / 4
        wanted = 21.0 if 6 <= hour % 24 < 22 else 17.0
        heat = min(15.0, max(0.0, 8.0 * (wanted - room)))
        rows.append((room, outdoor_at(hour), heat))
        keep = math.exp(-0.25 / (1.5 * 8.0))
        room = keep * room + (1 - keep) * (outdoor_at(hour) + 1.5 * (heat + 1.0))
    table = np.array(rows)
    found = fit_zone(
        ZoneRecord(
            id="shed",
            temperature_c=History(START, 900, table[:, 0]),
            outdoor_c=table[:, 1],
            thermal_kw=table[:, 2],
        )
    )
    assert found is not None
    assert found.mass_capacity_kwh_per_k == 0.0
    assert found.resistance_k_per_kw == pytest.approx(1.5, rel=0.02)
    assert found.capacity_kwh_per_k == pytest.approx(8.0, rel=0.02)
    assert found.gains_kw == pytest.approx(1.0, abs=0.1)


def test_a_zone_whose_plant_never_moved_is_not_guessed() -> None:
    record = room_record(control=False)
    still = ZoneRecord(
        id="floor",
        temperature_c=record.temperature_c,
        outdoor_c=record.outdoor_c,
        thermal_kw=np.zeros(QUARTERS),
    )
    assert fit_zone(still) is None


def test_gaps_of_a_zone_are_left_out_not_bridged(floor: LearntZone) -> None:
    record = room_record(control=False)
    thermal = record.thermal_kw.copy()
    thermal[200:500] = np.nan
    found = fit_zone(
        ZoneRecord(
            id="floor",
            temperature_c=record.temperature_c,
            outdoor_c=record.outdoor_c,
            thermal_kw=thermal,
        )
    )
    assert found is not None
    assert found.resistance_k_per_kw == pytest.approx(floor.resistance_k_per_kw, rel=0.15)


def test_a_few_hours_of_a_zone_teach_nothing() -> None:
    record = room_record(control=False)
    few = History(START, 900, record.temperature_c.values[:30])
    short = ZoneRecord(
        id="floor",
        temperature_c=few,
        outdoor_c=record.outdoor_c[:30],
        thermal_kw=record.thermal_kw[:30],
    )
    assert fit_zone(short) is None


def battery_record(
    parameters: BatteryParameters, *, asks_kw: float, plate_kwh: float
) -> BatteryRecord:
    """A fortnight of two cycles a day on the simulated battery, its gauge in whole percents."""
    battery = BatteryPlant(parameters, 22.0)
    rows = []
    for quarter in range(96 * 14):
        hour = quarter / 4 % 24
        asked = asks_kw if hour < 3 or 11 <= hour < 14 else 0.0
        asked = -asks_kw if 6 <= hour < 8 or 17 <= hour < 19 else asked
        gauge, energy = round(100 * battery.soc_share), 0.0
        battery.setpoint_kw = asked
        for _ in range(15):
            battery.step(STEP_S, 22.0)
            energy += battery.power_kw / 15
        rows.append((gauge, energy, asked))
    table = np.array(rows)
    return BatteryRecord(
        id="bat",
        soc_percent=History(START, 900, table[:, 0]),
        power_kw=table[:, 1],
        setpoint_kw=table[:, 2],
        capacity_kwh=plate_kwh,
        charge_kw=125.0,
        discharge_kw=125.0,
    )


def test_an_aged_battery_is_found_to_hold_less_than_its_plate_says() -> None:
    aged = BatteryParameters(capacity_kwh=170.0, charge_kw=80.0, discharge_kw=80.0)
    found = fit_battery(battery_record(aged, asks_kw=60.0, plate_kwh=250.0))
    assert found is not None
    assert found.usable_kwh == pytest.approx(170.0, rel=0.04)
    round_trip = aged.charge_efficiency * aged.discharge_efficiency
    learnt = found.charge_efficiency * found.discharge_efficiency
    assert learnt == pytest.approx(round_trip, abs=0.03)
    assert found.basis.error < 3.0


def test_a_weak_inverter_is_found_where_more_was_asked_for() -> None:
    weak = BatteryParameters(capacity_kwh=250.0, charge_kw=60.0, discharge_kw=70.0)
    found = fit_battery(battery_record(weak, asks_kw=100.0, plate_kwh=250.0))
    assert found is not None
    assert found.charge_kw == pytest.approx(60.0, rel=0.03)
    assert found.discharge_kw == pytest.approx(70.0, rel=0.03)
    assert "charge_kw" not in found.at_bound


def test_hours_out_of_order_do_not_pass_for_a_weak_battery() -> None:
    """One learnt as next to powerless would never be asked again, and so never found sound."""
    sound = battery_record(BatteryParameters(), asks_kw=100.0, plate_kwh=250.0)
    power, asked = sound.power_kw.copy(), sound.setpoint_kw.copy()
    gauge = sound.soc_percent.values.copy()
    power[200:260], asked[200:260], gauge[200:260] = 0.05, 100.0, 50.0
    found = fit_battery(
        replace(
            sound,
            power_kw=power,
            setpoint_kw=asked,
            soc_percent=replace(sound.soc_percent, values=gauge),
        )
    )
    assert found is not None
    assert (found.charge_kw, found.discharge_kw) == (125.0, 125.0)
    assert "charge_kw" in found.at_bound


def test_power_that_was_never_asked_for_stays_the_plates() -> None:
    found = fit_battery(battery_record(BatteryParameters(), asks_kw=50.0, plate_kwh=250.0))
    assert found is not None
    assert (found.charge_kw, found.discharge_kw) == (125.0, 125.0)
    assert {"charge_kw", "discharge_kw"} <= set(found.at_bound)


def test_a_battery_that_stands_still_teaches_nothing() -> None:
    idle = battery_record(BatteryParameters(), asks_kw=0.0, plate_kwh=250.0)
    assert fit_battery(idle) is None


TANK_KWH_PER_K, LOSS_KW_PER_K, AMBIENT_C = 1.163, 0.010, 20.0


def tank(days: int = 12) -> tuple[TankRecord, Floats]:
    """A cubic metre with 12 kW, showers in the morning and dishes at night; what was drawn [kW]."""
    chance = random.Random(5)  # noqa: S311 - repeatable, no secret
    water, on, rows = 56.0, False, []
    for quarter in range(96 * days):
        on = water < 52.0 or (on and water < 60.0)
        hour = quarter / 4 % 24
        drawn = chance.uniform(2.0, 9.0) if 6.5 <= hour < 9 or 19 <= hour < 20.5 else 0.0
        heat = 12.0 if on else 0.0
        rows.append((water + chance.gauss(0.0, 0.02), heat, drawn))
        net = heat - drawn - LOSS_KW_PER_K * (water - AMBIENT_C)
        water += 0.25 * net / TANK_KWH_PER_K
    table = np.array(rows)
    record = TankRecord(
        id="dhw", temperature_c=History(START, 900, table[:, 0]), thermal_kw=table[:, 1]
    )
    return record, table[:, 2]


def test_a_tank_and_what_is_drawn_from_it() -> None:
    record, drawn = tank()
    found = fit_tank(record)
    assert found is not None
    assert found.capacity_kwh_per_k == pytest.approx(TANK_KWH_PER_K, rel=0.05)
    assert found.loss_kw_per_k == pytest.approx(LOSS_KW_PER_K, rel=0.6)
    seen = draws(record, found).values
    assert np.nansum(seen) == pytest.approx(drawn.sum(), rel=0.1)
    assert np.corrcoef(seen[:-1], drawn[:-1])[0, 1] > 0.95


def test_a_tank_never_heated_teaches_nothing() -> None:
    record, _ = tank()
    cold = TankRecord(
        id="dhw", temperature_c=record.temperature_c, thermal_kw=np.zeros(len(record.thermal_kw))
    )
    assert fit_tank(cold) is None


def test_an_unmeasured_heater_leaves_draws_unknown() -> None:
    record, _ = tank()
    found = fit_tank(record)
    assert found is not None
    thermal = record.thermal_kw.copy()
    thermal[100:200] = np.nan
    blind = TankRecord(id="dhw", temperature_c=record.temperature_c, thermal_kw=thermal)
    assert np.isnan(draws(blind, found).values[100:200]).all()
