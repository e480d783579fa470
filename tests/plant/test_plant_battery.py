"""The battery keeps its own limits whatever it is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.building.battery import BatteryPlant
from models.building.parameters import BatteryParameters

PARAMETERS = BatteryParameters()
SETPOINTS = st.one_of(st.none(), st.floats(-400, 400))
HOLDS = st.lists(st.tuples(SETPOINTS, st.integers(1, 120)), min_size=1, max_size=20)


def run(battery: BatteryPlant, setpoint_kw: float | None, seconds: float) -> None:
    battery.setpoint_kw = setpoint_kw
    for _ in range(round(seconds / 2)):
        battery.step(2.0, 20.0)


@settings(max_examples=40, deadline=None)
@given(start=st.floats(0.0, 1.0), holds=HOLDS)
def test_never_outside_its_limits(start: float, holds: list[tuple[float | None, int]]) -> None:
    battery = BatteryPlant(BatteryParameters(initial_soc_share=start), 20.0)
    for setpoint_kw, steps in holds:
        battery.setpoint_kw = setpoint_kw
        for _ in range(steps):
            below = battery.soc_share
            limits = (-battery.discharge_limit_kw, battery.charge_limit_kw)
            battery.step(20.0, 20.0)
            assert limits[0] - 1e-9 <= battery.power_kw <= limits[1] + 1e-9
            assert 0.0 <= battery.soc_share <= max(start, PARAMETERS.soc_max_share) + 1e-9
            if below >= PARAMETERS.soc_min_share and battery.power_kw < 0:
                floor_kwh = PARAMETERS.soc_min_share * PARAMETERS.capacity_kwh
                assert battery.stored_kwh >= floor_kwh - PARAMETERS.standby_kw
            assert battery.loss_kw >= 0.0
            assert 600.0 < battery.voltage_v < 900.0


def test_ramps_to_the_setpoint() -> None:
    battery = BatteryPlant(PARAMETERS, 20.0)
    run(battery, 100.0, 2)
    assert battery.power_kw == pytest.approx(60.0)
    run(battery, 100.0, 2)
    assert battery.power_kw == pytest.approx(100.0)


def test_released_it_idles_and_slowly_drains() -> None:
    battery = BatteryPlant(PARAMETERS, 20.0)
    run(battery, 80.0, 60)
    run(battery, None, 60)
    assert battery.power_kw == 0.0
    before_kwh = battery.stored_kwh
    run(battery, None, 3600)
    assert battery.stored_kwh == pytest.approx(before_kwh - PARAMETERS.standby_kw, abs=1e-6)


def test_a_round_trip_loses_what_the_efficiencies_say() -> None:
    battery = BatteryPlant(BatteryParameters(standby_kw=0.0), 20.0)
    start_kwh = battery.stored_kwh
    run(battery, 50.0, 3600)
    gained_kwh = battery.stored_kwh - start_kwh
    assert gained_kwh == pytest.approx(50.0 * PARAMETERS.charge_efficiency, rel=0.001)
    charged_kwh = battery.stored_kwh
    run(battery, None, 10)
    run(battery, -50.0, 1800)
    taken_kwh = charged_kwh - battery.stored_kwh
    assert taken_kwh == pytest.approx(25.0 / PARAMETERS.discharge_efficiency, rel=0.001)


def test_the_bms_throttles_near_full_and_near_empty() -> None:
    full = BatteryPlant(BatteryParameters(initial_soc_share=0.95), 20.0)
    run(full, 125.0, 60)
    assert 50.0 < full.power_kw < 65.0
    run(full, 125.0, 6 * 3600)
    assert full.power_kw < 2.0
    assert full.soc_share <= 0.98
    empty = BatteryPlant(BatteryParameters(initial_soc_share=0.06), 20.0)
    run(empty, -125.0, 30)
    assert -65.0 < empty.power_kw < -50.0


def test_work_warms_it_and_heat_derates_it() -> None:
    battery = BatteryPlant(PARAMETERS, 20.0)
    run(battery, 125.0, 1800)
    assert 23.0 < battery.temperature_c < 30.0
    battery.temperature_c = 47.0
    assert battery.discharge_limit_kw == pytest.approx(62.5)


def test_voltage_rises_with_charge_and_with_current() -> None:
    low, high = (
        BatteryPlant(BatteryParameters(initial_soc_share=share), 20.0) for share in (0.2, 0.9)
    )
    assert high.voltage_v > low.voltage_v
    resting_v = low.voltage_v
    run(low, 100.0, 10)
    assert low.voltage_v > resting_v + 5.0
    run(low, -100.0, 10)
    assert low.voltage_v < resting_v - 5.0
    assert low.current_a < -100.0
