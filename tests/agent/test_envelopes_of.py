"""From the site file to the guard: every key reaches the limit it stands for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from plant_site import listed, loaded_with, points_of, set_in
from small_house import FAN_COIL, SETPOINT

from edge_agent.envelope import (
    BatteryEnvelope,
    BmsInputs,
    ConnectionEnvelope,
    Humidity,
    LegionellaCycle,
    LoadEnvelope,
    Pace,
    PvEnvelope,
    SwitchEnvelope,
    TankEnvelope,
    TemperatureWindow,
    ZoneEnvelope,
)
from edge_agent.envelopes_of import envelopes
from edge_agent.site.examples import example_path
from edge_agent.site.load import LoadedSite, load_site

HOTEL_BATTERY = "battery_bms_001.power_setpoint"


BATTERY = ("battery", 0)
ZONE = ("hvac", "zones", 0)
TANK = ("thermal_stores", 0)


def test_the_hotels_battery_listens_to_its_management() -> None:
    loaded = load_site(example_path("hotel.yaml"))
    battery = envelopes(loaded.site, points_of(loaded))[HOTEL_BATTERY]
    assert isinstance(battery, BatteryEnvelope)
    assert battery.bms == BmsInputs(
        voltage="battery_bms_001.voltage",
        current="battery_bms_001.current",
        rated_current_a=200.0,
        temperature="battery_bms_001.temperature",
        alarms="battery_bms_001.alarms",
        contactor="battery_bms_001.state",
        contactor_closed=(3.0, 4.0),
    )


def test_the_hotels_meter_is_seen_phase_by_phase_and_silent_after_its_poll() -> None:
    loaded = load_site(example_path("hotel.yaml"))
    found = envelopes(loaded.site, points_of(loaded))
    connection = ConnectionEnvelope(
        meter="smart_meter_001.power",
        import_limit_kw=600.0,
        export_limit_kw=300.0,
        currents=tuple(f"smart_meter_001.current_l{phase}" for phase in (1, 2, 3)),
        max_current_a=1000.0,
        voltages=tuple(f"smart_meter_001.voltage_l{phase}" for phase in (1, 2, 3)),
        phase_powers=tuple(f"smart_meter_001.power_l{phase}" for phase in (1, 2, 3)),
        silent_after_s=30.0,
    )
    battery, pv = found[HOTEL_BATTERY], found["pv_inverter_001.power_limit"]
    assert isinstance(battery, BatteryEnvelope)
    assert isinstance(pv, PvEnvelope)
    assert (battery.connection, pv.connection) == (connection, connection)
    assert battery.nodes == (connection,)


def test_without_a_word_in_the_file_the_defaults_of_the_guard_hold(tmp_path: Path) -> None:
    loaded = loaded_with(tmp_path)
    found = envelopes(loaded.site, points_of(loaded))
    battery, zone, tank = found[SETPOINT], found[FAN_COIL], found["cellar.setpoint"]
    assert isinstance(battery, BatteryEnvelope)
    plain = BatteryEnvelope(
        point=SETPOINT,
        soc="battery.soc",
        power="battery.power",
        charge_kw=40.0,
        discharge_kw=40.0,
        soc_min_percent=10.0,
        soc_max_percent=95.0,
        charge_limit="battery.charge_limit_kw",
        discharge_limit="battery.discharge_limit_kw",
        connection=battery.connection,
        band_kw=battery.band_kw,
    )
    assert battery == plain
    assert battery.connection.silent_after_s == 6.0
    assert zone == ZoneEnvelope(
        point=FAN_COIL,
        temperature="room.temperature",
        low_c=19.0,
        high_c=25.0,
        comfort_c=(17.0, 27.0),
    )
    assert tank == TankEnvelope(point="cellar.setpoint", temperature="cellar.water", high_c=72.0)


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        (
            {"charge_window_c": [5, 15, 30, 35]},
            "charge_window",
            TemperatureWindow(stop_low_c=5.0, full_low_c=15.0, full_high_c=30.0, stop_high_c=35.0),
        ),
        (
            {"discharge_window_c": [-5, 5, 35, 38]},
            "discharge_window",
            TemperatureWindow(stop_low_c=-5.0, full_low_c=5.0, full_high_c=35.0, stop_high_c=38.0),
        ),
        ({"derate_soc_percent": 5}, "derate_soc_percent", 5.0),
        ({"reserve_percent": 30}, "reserve_percent", 30.0),
        ({"low_soc_percent": 15}, "low_soc_percent", 15.0),
        ({"phase": 2}, "phase", 2),
        ({"fallback_kw": [-5, 3]}, "fallback_kw", (-5.0, 3.0)),
        ({"ramp_kw_per_s": 4}, "pace", Pace(ramp_per_s=4.0)),
        (
            {
                "charge_limit_a": "battery.charge_limit_a",
                "discharge_limit_a": "battery.discharge_limit_a",
                "voltage": "battery.voltage",
                "alarms": "battery.alarms",
                "alarm_mask": 6,
            },
            "bms",
            BmsInputs(
                charge_limit_a="battery.charge_limit_a",
                discharge_limit_a="battery.discharge_limit_a",
                voltage="battery.voltage",
                alarms="battery.alarms",
                alarm_mask=6,
            ),
        ),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_a_battery_key(keys: dict[str, object], field: str, value: object, tmp_path: Path) -> None:
    loaded = loaded_with(tmp_path, set_in(*BATTERY, **keys))
    battery = envelopes(loaded.site, points_of(loaded))[SETPOINT]
    assert getattr(battery, field) == value


@pytest.mark.parametrize(
    ("device_per_s", "wanted_per_s", "ramp_per_s"),
    [(None, None, None), (2.0, None, 2.0), (None, 3.0, 3.0), (2.0, 3.0, 2.0), (3.0, 2.0, 2.0)],
)
def test_the_slower_ramp_holds(
    device_per_s: float | None, wanted_per_s: float | None, ramp_per_s: float | None, tmp_path: Path
) -> None:
    loaded = loaded_with(tmp_path, set_in(*BATTERY, ramp_kw_per_s=wanted_per_s))
    points = points_of(loaded)
    points[SETPOINT] = dataclasses.replace(
        points[SETPOINT], max_rate_per_s=device_per_s, writes_per_day=50
    )
    battery = envelopes(loaded.site, points)[SETPOINT]
    assert isinstance(battery, BatteryEnvelope)
    # Writes a day are counted where they are written, over restarts too.
    assert battery.pace == Pace(ramp_per_s=ramp_per_s, writes_per_day=None)


def test_a_battery_lies_behind_its_circuits(tmp_path: Path) -> None:
    annex = {
        "name": "annex",
        "meter": "chiller.power",
        "import_limit_kw": 30,
        "export_limit_kw": 10,
    }
    cellar = annex | {"name": "cellar", "meter": "meter.power_l1", "max_current_a": 63}
    loaded = loaded_with(
        tmp_path,
        set_in("grid", circuits=[annex, cellar], silent_s=7),
        set_in(*BATTERY, circuits=["cellar", "annex"]),
    )
    battery = envelopes(loaded.site, points_of(loaded))[SETPOINT]
    assert isinstance(battery, BatteryEnvelope)
    assert battery.connection.name == "connection point"
    first, second = battery.circuits
    assert first == ConnectionEnvelope(
        meter="meter.power_l1",
        import_limit_kw=30.0,
        export_limit_kw=10.0,
        currents=battery.connection.currents,
        max_current_a=63.0,
        voltages=battery.connection.voltages,
        phase_powers=battery.connection.phase_powers,
        silent_after_s=8.0,
        name="circuit cellar",
    )
    assert second == ConnectionEnvelope(
        meter="chiller.power",
        import_limit_kw=30.0,
        export_limit_kw=10.0,
        silent_after_s=8.0,
        name="circuit annex",
    )


@pytest.mark.parametrize(
    ("keys", "silent_after_s"),
    [({}, 6.0), ({"cov": True}, 20.0), ({"cov": True, "cov_safety_s": 3}, 8.0)],
    ids=["polled", "tells changes", "tells changes and is asked every 3 s"],
)
def test_a_meter_that_tells_changes_may_be_quiet_for_longer(
    keys: dict[str, object], silent_after_s: float, tmp_path: Path
) -> None:
    def chatty(site: dict[str, Any]) -> None:
        chiller = next(one for one in site["devices"] if one["id"] == "chiller")
        chiller.update(keys)
        site["assets"]["grid"]["meter"] = "chiller.power"

    loaded = loaded_with(tmp_path, chatty)
    battery = envelopes(loaded.site, points_of(loaded))[SETPOINT]
    assert isinstance(battery, BatteryEnvelope)
    assert battery.connection.silent_after_s == silent_after_s


@pytest.mark.parametrize(
    ("gone", "unit", "currents", "voltages"),
    [("voltage_l2", None, 3, 0), ("voltage_l2", "kV", 3, 0), ("current_l2", None, 2, 2)],
    ids=["a voltage is missing", "a voltage in another unit", "a current is missing"],
)
def test_voltages_stand_beside_the_currents_or_not_at_all(
    paper: LoadedSite, gone: str, unit: str | None, currents: int, voltages: int
) -> None:
    points = points_of(paper)
    if unit is None:
        del points[f"meter.{gone}"]
    else:
        points[f"meter.{gone}"] = dataclasses.replace(points[f"meter.{gone}"], unit=unit)
    battery = envelopes(paper.site, points)[SETPOINT]
    assert isinstance(battery, BatteryEnvelope)
    node = battery.connection
    assert (len(node.currents), len(node.voltages)) == (currents, voltages)
    for pair in zip(node.currents, node.voltages, strict=False):
        assert pair[0][-2:] == pair[1][-2:]


def test_a_zone_with_its_humidity(tmp_path: Path) -> None:
    loaded = loaded_with(
        tmp_path,
        set_in(
            *ZONE,
            frost_c=12,
            humidity="cellar.humidity",
            surface="cellar.surface",
            cooling_setback_max_c=24,
            min_hold_s=900,
            comfort={"unoccupied_low_c": 16, "unoccupied_high_c": 28},
        ),
    )
    assert envelopes(loaded.site, points_of(loaded))[FAN_COIL] == ZoneEnvelope(
        point=FAN_COIL,
        temperature="room.temperature",
        low_c=19.0,
        high_c=25.0,
        frost_c=12.0,
        comfort_c=(16.0, 28.0),
        humidity=Humidity(humidity="cellar.humidity", surface="cellar.surface", cooling_c=24.0),
        pace=Pace(hold_s=900.0),
    )


def test_a_tank_with_everything(tmp_path: Path) -> None:
    loaded = loaded_with(
        tmp_path,
        set_in(
            *TANK,
            high_c=71,
            hygiene_c=58,
            frost_c=12,
            circulation_return="cellar.returning",
            return_c=54,
            cycle_running="cellar.cycle",
            legionella={"every_days": 3, "temperature_c": 65, "hold_min": 20},
        ),
    )
    assert envelopes(loaded.site, points_of(loaded))["cellar.setpoint"] == TankEnvelope(
        point="cellar.setpoint",
        temperature="cellar.water",
        high_c=71.0,
        hygiene_c=58.0,
        frost_c=12.0,
        circulation_return="cellar.returning",
        return_c=54.0,
        cycle=LegionellaCycle(every_days=3.0, temperature_c=65.0, hold_min=20.0),
        cycle_running="cellar.cycle",
    )


def test_a_buffer_has_no_hygiene_and_a_watched_tank_no_envelope(tmp_path: Path) -> None:
    loaded = loaded_with(
        tmp_path,
        set_in(*TANK, hygiene_c=None),
        lambda site: site["assets"]["thermal_stores"].append(
            {"id": "watched", "temperature": "cellar.returning"}
        ),
    )
    found = envelopes(loaded.site, points_of(loaded))
    tanks = [one for one in found.values() if isinstance(one, TankEnvelope)]
    assert [(one.point, one.hygiene_c) for one in tanks] == [("cellar.setpoint", None)]


def test_heat_pumps_and_switches(tmp_path: Path) -> None:
    pump = {
        "id": "pump",
        "cap": "cellar.cap",
        "rated_kw": 12,
        "power": "cellar.power",
        "floor_kw": 4.2,
    }
    switch = {
        "id": "trace",
        "point": "cellar.relay",
        "on_value": 0,
        "off_value": 1,
        "min_on_s": 300,
        "min_off_s": 600,
        "power_kw": 3,
        "keep_on_below": {"point": "cellar.returning", "temperature_c": 5},
        "keep_off_above": {"point": "cellar.water", "temperature_c": 60},
    }
    loaded = loaded_with(tmp_path, listed("heat_pumps", pump), listed("switches", switch))
    found = envelopes(loaded.site, points_of(loaded))
    assert found["cellar.cap"] == LoadEnvelope(
        point="cellar.cap", rated_kw=12.0, power="cellar.power", floor_kw=4.2
    )
    assert found["cellar.relay"] == SwitchEnvelope(
        point="cellar.relay",
        on_value=0.0,
        off_value=1.0,
        min_on_s=300.0,
        min_off_s=600.0,
        power_kw=3.0,
        keep_on_below=("cellar.returning", 5.0),
        keep_off_above=("cellar.water", 60.0),
    )


def test_a_load_with_work_may_be_stopped(tmp_path: Path) -> None:
    pump = {"id": "box", "cap": "cellar.cap", "rated_kw": 12, "floor_kw": 4.2}
    work = {"id": "car", "cap": "box", "energy_kwh_per_day": 30}

    def from_nothing(site: dict[str, Any]) -> None:
        site["devices"][-1]["points"]["cap"]["safe"] = [0, 12]

    loaded = loaded_with(
        tmp_path, listed("heat_pumps", pump), listed("shiftable", work), from_nothing
    )
    found = envelopes(loaded.site, points_of(loaded))["cellar.cap"]
    assert found == LoadEnvelope(point="cellar.cap", rated_kw=12.0, floor_kw=4.2, may_stop=True)


def test_batteries_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    loaded = loaded_with(tmp_path)
    kinds = [type(one) for one in envelopes(loaded.site, points_of(loaded)).values()]
    assert kinds == [BatteryEnvelope, ZoneEnvelope, PvEnvelope, TankEnvelope]
