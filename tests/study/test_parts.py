"""Names, parameters and defaults of the parts; every one solves with its defaults."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

import models.components as parts
from models import CaseStudy, Scenario, StudyError
from models.components import (
    SEMDRHVAC,
    SEMDRPV,
    HotelElectricDemand,
    SEMDRBattery,
    SEMDRElectricDemand,
    SEMDRGrid,
    SEMDRMain,
)

DEFAULTS: dict[type, dict[str, Any]] = {
    SEMDRElectricDemand: {
        "p_el": None,
        "profile": "H0",
        "annual_energy": 2e6,
        "demand_flexibility": 0.05,
        "iot_device_id": None,
        "comfort_penalty": 100.0,
    },
    SEMDRHVAC: {
        "heating_cap": 500.0,
        "cooling_cap": 400.0,
        "cop_heating": 3.5,
        "cop_cooling": 3.0,
        "comfort_deadband": 2.0,
        "thermal_mass_hours": 4.0,
        "temp_sensor_ids": None,
        "occupancy_sensor_ids": None,
        "hvac_control_id": None,
    },
    SEMDRBattery: {
        "E_CAPx": 0.0,
        "allow_new": True,
        "max_cycles_per_day": 1.5,
        "battery_monitor_id": None,
    },
    SEMDRPV: {
        "P_CAPx": 0.0,
        "A_avail_": 500.0,
        "allow_new": True,
        "weather_station_id": None,
        "inverter_monitor_id": None,
    },
    SEMDRGrid: {
        "c_buyPeak": 50.0,
        "selected_tariff": "TOU",
        "maxsell": 500.0,
        "maxbuy": 2000.0,
        "demand_charge": 120.0,
        "smart_meter_id": None,
        "grid_monitor_id": None,
    },
    SEMDRMain: {},
}
TOPICS = {
    "devices/m/electrical/measurement",
    "devices/t1/environmental/measurement",
    "devices/t2/environmental/measurement",
    "devices/o/occupancy/measurement",
    "devices/b/battery/measurement",
    "devices/w/weather/measurement",
    "devices/i/inverter/measurement",
    "devices/m/meter/measurement",
    "devices/q/grid/measurement",
    "semdr/control/m/demand_response",
    "semdr/control/b/demand_response",
    "semdr/control/h/demand_response",
}


@pytest.mark.parametrize("kind", DEFAULTS)
def test_the_seeds_parameters_come_first_with_their_defaults(kind: type[Any]) -> None:
    part = kind()
    due = DEFAULTS[kind]
    assert {name: getattr(part, name) for name in due} == due
    assert [field.name for field in fields(kind)][: len(due)] == list(due)


def test_main_weighs_as_the_seed_does() -> None:
    main = SEMDRMain()
    assert (main.interest, main.alpha, main.k_C, main.k_CE) == (0.04, 0.1, 1.0, 1 / 5e3)
    assert main.co2_price_per_kg == pytest.approx(1000 * 0.1 / 5000 / 0.9)


@pytest.mark.parametrize("kind", ["ElectricDemand", "HVAC", "Battery", "PV", "Grid", "Main"])
def test_hotel_names_are_the_same_classes(kind: str) -> None:
    assert getattr(parts, f"Hotel{kind}") is getattr(parts, f"SEMDR{kind}")


def test_an_unknown_part_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="SEMDRWind"):
        getattr(parts, "SEMDRWind")  # noqa: B009 - the name is the point


@pytest.mark.parametrize(
    "freq", [pytest.param("1min", marks=pytest.mark.slow), "5min", "15min", "30min", "60min", "1h"]
)
def test_every_part_with_its_defaults_in_every_step(freq: str) -> None:
    cs = CaseStudy(name="defaults", freq=freq)
    cs.set_rolling_horizon(horizon_hours=2 if freq == "1min" else 6)
    sc = Scenario(cs=cs, name="all")
    for kind in DEFAULTS:
        sc.add_component(kind())
    result = sc.solve()
    assert result.status in ("optimal", "feasible")
    assert result.table.drop(columns="PV_efficiency_T", errors="ignore").notna().all().all()


def test_an_unknown_step_is_refused_with_those_there_are() -> None:
    with pytest.raises(StudyError, match="'10min' is no step; use one of 1min, 5min, 15min"):
        CaseStudy(freq="10min")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (SEMDRElectricDemand(demand_flexibility=8), "SEMDRElectricDemand.demand_flexibility: 8"),
        (SEMDRElectricDemand(profile="X9"), "SEMDRElectricDemand.profile: 'X9' is not known"),
        (SEMDRBattery(E_CAPx=10, soc_start_percent=0.5), "in percent"),
        (SEMDRGrid(selected_tariff="FIXED"), "must be RTP, TOU or FLAT"),
        (SEMDRMain(alpha=1.0), "SEMDRMain.alpha: 1.0 given; it must be from 0 to below 1"),
        (SEMDRHVAC(zone_temps=[20.0, 21.0]), "given for 1 zones; give one number"),
    ],
)
def test_a_wrong_value_names_thing_and_remedy(part: Any, words: str, make: Any) -> None:
    with pytest.raises(StudyError, match=words.replace(".", r"\.")):
        make(part).solve()


def test_a_scenario_without_grid_says_what_to_add() -> None:
    sc = Scenario(cs=CaseStudy(), name="bare")
    with pytest.raises(StudyError, match=r"scenario bare: 0 grids .* add_component"):
        sc.solve()


def test_a_class_is_no_component() -> None:
    sc = Scenario(cs=CaseStudy(), name="bare")
    with pytest.raises(StudyError, match="SEMDRBattery is no component"):
        sc.add_component(SEMDRBattery)  # type: ignore[arg-type]


def test_every_topic_of_a_site_stands_once() -> None:
    site: list[Any] = [
        HotelElectricDemand(iot_device_id="m"),
        SEMDRHVAC(temp_sensor_ids=["t1", "t2"], occupancy_sensor_ids=["o"], hvac_control_id="h"),
        SEMDRBattery(battery_monitor_id="b"),
        SEMDRPV(weather_station_id="w", inverter_monitor_id="i"),
        SEMDRGrid(smart_meter_id="m", grid_monitor_id="q"),
        SEMDRMain(),
    ]
    found = SEMDRMain().get_system_iot_schema(site)
    topics = found["aws_integration"]["iot_core_topics"]
    assert len(topics) == len(set(topics))
    assert set(topics) == TOPICS
    assert (found["system_name"], found["version"]) == ("SEMDR", "1.0")
    assert found["data_collection"]["aggregation_levels"][-1] == "60min"
    assert set(found["device_schemas"]) == {type(part).__name__ for part in site}


def test_fields_and_units_of_a_battery() -> None:
    found = SEMDRBattery(battery_monitor_id="b").get_iot_data_schema()
    fields_due = ["voltage", "current", "power", "soc", "temperature", "timestamp"]
    assert found["expected_fields"] == fields_due
    assert found["units"]["soc"] == "%"
    assert found["measurement_type"] == "battery_monitoring"
    assert found["alerts"] == {"low_soc": 20.0, "high_temp": 45.0, "over_current_factor": 1.1}


def test_two_of_a_kind_keep_both_schemas() -> None:
    found = SEMDRMain().get_system_iot_schema(
        [SEMDRBattery(battery_monitor_id="a"), SEMDRBattery(battery_monitor_id="b")]
    )
    assert list(found["device_schemas"]) == ["SEMDRBattery", "SEMDRBattery_2"]
