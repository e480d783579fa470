"""Rules of thumb: units that cannot be mistaken, and answers worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from math import log

import pytest

from models import StudyError
from models.casestudy.signals import (
    calculate_hvac_flexibility,
    generate_demand_response_signal,
    optimize_battery_dispatch,
)
from models.components import SEMDRHVAC, SEMDRBattery, SEMDRElectricDemand

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
BATTERY = SEMDRBattery(E_CAPx=100, battery_monitor_id="b1")


def test_a_reduction_stays_within_the_flexibility() -> None:
    demand = SEMDRElectricDemand(demand_flexibility=0.08, iot_device_id="m1")
    asked = generate_demand_response_signal(demand, 500.0, 0.05, 30, NOW)
    assert asked["target_reduction_kw"] == pytest.approx(25.0)
    assert generate_demand_response_signal(demand, 500.0, 0.5, 30, NOW)[
        "target_reduction_kw"
    ] == pytest.approx(40.0)
    assert asked["topic"] == "semdr/control/m1/demand_response"
    assert asked["timestamp"] == "2026-01-15T12:00:00Z"
    with pytest.raises(StudyError, match="target_reduction: 30 given; it must be a share"):
        generate_demand_response_signal(demand, 500.0, 30, 30, NOW)


def test_heating_can_be_left_off_until_the_room_is_at_its_edge() -> None:
    hvac = SEMDRHVAC(heating_cap=100, resistance_k_per_kw=0.5, gains_kw=0.0, cop_heating=4.0)
    found = calculate_hvac_flexibility(hvac, current_temp=22.0, setpoint=22.0, outdoor_temp=2.0)
    assert found["flexibility_kw"] == pytest.approx(20 / 0.5 / 4.0)
    assert found["duration_minutes"] == pytest.approx(4 * 60 * log(20 / 18))
    none = calculate_hvac_flexibility(hvac, current_temp=19.9, setpoint=22.0, outdoor_temp=2.0)
    assert (none["flexibility_kw"], none["comfort_impact"]) == (0.0, "none left")


def test_cooling_too() -> None:
    hvac = SEMDRHVAC(cooling_cap=100, resistance_k_per_kw=0.5, gains_kw=10.0)
    found = calculate_hvac_flexibility(hvac, current_temp=23.0, setpoint=23.0, outdoor_temp=30.0)
    assert found["flexibility_kw"] == pytest.approx((7 / 0.5 + 10) / 3.0)
    assert found["duration_minutes"] == pytest.approx(4 * 60 * log(12 / 10))


@pytest.mark.parametrize(
    ("soc", "price", "coming", "action", "power"),
    [
        (50, 0.10, [0.30, 0.20], "charge", 50.0),
        (50, 0.30, [0.10, 0.20], "discharge", 50.0),
        (50, 0.20, [0.20, 0.21], "hold", 0.0),
        (95, 0.10, [0.30], "hold", 0.0),
        (10, 0.30, [0.10], "hold", 0.0),
        (12, 0.30, [0.10], "discharge", 2 * 0.95 * 4),
        (50, 0.30, [], "hold", 0.0),
    ],
)
def test_dispatch_of_a_quarter_hour(
    soc: float, price: float, coming: list[float], action: str, power: float
) -> None:
    found = optimize_battery_dispatch(BATTERY, soc, price, coming)
    assert found["action"] == action
    assert found["power_kw"] == pytest.approx(power)


@pytest.mark.parametrize("soc", [0.2, 0.9, 1.0, 101, -1])
def test_a_share_is_refused_where_percent_is_due(soc: float) -> None:
    with pytest.raises(StudyError, match="in percent"):
        optimize_battery_dispatch(BATTERY, soc, 0.2, [0.3])
