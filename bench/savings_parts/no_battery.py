"""Heat, cold, hot water and a pool pump of the simulated hotel in 2019, with and without us.

Weather and Agile prices are those of that year; the hotel is physics that the planner's figures
differ from. There is no battery and no PV.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bench.savings_parts.cambridge import LONDON, Building
from bench.savings_parts.cambridge import building_case as measured_case
from bench.savings_parts.forecast_data import measured_series
from edge_agent.backtest.building_case import BuildingCase, building_case
from edge_agent.backtest.building_figures import building_figures, building_lines
from edge_agent.backtest.building_run import pieces, play_building
from edge_agent.backtest.case import WEEK, Span
from edge_agent.backtest.data_file import DataFile
from edge_agent.backtest.engine import executor_of
from edge_agent.backtest.sight import ForecastKind
from edge_agent.site.load import LoadedSite, load_site

YEAR = 2019
EVERY_WEEKS = 4
ZONE = """\
      - id: floor_{n}
        temperature: rooms.temperature_{n}
        setpoint: rooms.setpoint_{n}
        guest: true
        comfort: {{low_c: 20, high_c: 24, droop_k: 0.7}}
        resistance_k_per_kw: 1.2
        capacity_kwh_per_k: 25
        gains_kw: 4
        heat_kw: 60
        cool_kw: 50
"""
POINTS = """\
      temperature_{n}: {{object: "analog-input,{n}", unit: degC}}
      setpoint_{n}: {{object: "analog-value,{n}", unit: degC, access: rw, safe: [19, 25]}}
"""
SITE = """\
site: {{id: hotel, timezone: Europe/London, latitude: 52.2, longitude: 0.12, currency: GBP}}
agent: {{control: shadow}}
links:
  plant: {{protocol: modbus, url: "tcp://127.0.0.1:15020", simulated: true}}
  bms: {{protocol: bacnet, listen: "127.0.0.1/8:47830", device_id: 3056, simulated: true}}
devices:
  - {{id: meter, type: smart_meter, link: plant, profile: eastron_sdm630, unit: 1, poll_s: 5}}
  - id: rooms
    type: controller
    link: bms
    address: "127.0.0.1:47831"
    points:
{points}
      water: {{object: "analog-input,9", unit: degC}}
      water_setpoint: {{object: "analog-value,9", unit: degC, access: rw, safe: [60, 75]}}
      pool_pump: {{object: "binary-output,1", access: rw, safe: [0, 1]}}
assets:
  grid: {{meter: meter.power, import_limit_kw: 600, export_limit_kw: 300, tariff: tariff.yaml}}
  hvac:
    zones:
{zones}
  thermal_stores:
    - id: hot_water
      temperature: rooms.water
      setpoint: rooms.water_setpoint
      volume_l: 500
      loss_w_per_k: 4
      heater_kw: 36
      daily_draw_kwh: 80
      legionella: {{every_days: 7, temperature_c: 70, hold_min: 30}}
  switches:
    - {{id: pool_relay, point: rooms.pool_pump, power_kw: 4, min_on_s: 1800, min_off_s: 900}}
  shiftable:
    - {{id: pool_pump, switch: pool_relay, run_h_per_day: 4}}
planning: {{grid: even, step_min: 15, horizon_h: 24}}
"""
TARIFF = "kind: flat\nprice_per_kwh: 0.2\n"
FLOORS = (1, 2, 3)


def no_battery(folder: Path, *, full: bool, workers: int) -> dict[str, Any]:
    """The figures; every fourth week of the year, or with `full` all of it."""
    with tempfile.TemporaryDirectory(prefix="semdr-building-") as scratch:
        case = hotel_case(folder, Path(scratch))
    began_s = time.perf_counter()
    with executor_of("processes", workers) as executor:
        run = play_building(
            case, _spans(case, full=full), ForecastKind.OWN, executor, lambda _: None
        )
    print("\n".join(building_lines(case, run, ForecastKind.OWN)), file=sys.stderr)
    return {
        "no_battery_saving_share": run.saving_share,
        "no_battery_saving_is": "the whole year" if full else "every fourth week of the year",
        "no_battery_guest_kelvin_h": run.ours.guest_kelvin_h,
        "no_battery_guest_kelvin_h_thermostat": run.usual.guest_kelvin_h,
        "no_battery_s": time.perf_counter() - began_s,
        "no_battery": building_figures(case, run, ForecastKind.OWN),
    }


def hotel_case(folder: Path, scratch: Path) -> BuildingCase:
    """The hotel under the weather and the prices of the year; what is before only settles it."""
    span = Span(
        start=datetime(YEAR, 1, 1, tzinfo=LONDON).astimezone(UTC),
        end=datetime(YEAR + 1, 1, 1, tzinfo=LONDON).astimezone(UTC),
    )
    return building_case(hotel_site(scratch), _data(folder, scratch), span)


def hotel_site(scratch: Path) -> LoadedSite:
    """What a person wrote down of the hotel: three floors, a tank, a pool."""
    points = "".join(POINTS.format(n=floor) for floor in FLOORS)
    zones = "".join(ZONE.format(n=floor) for floor in FLOORS)
    text = SITE.format(points=points.rstrip("\n"), zones=zones.rstrip("\n"))
    (scratch / "hotel.yaml").write_text(text, encoding="utf-8")
    (scratch / "tariff.yaml").write_text(TARIFF, encoding="utf-8")
    return load_site(scratch / "hotel.yaml")


def _data(folder: Path, scratch: Path) -> DataFile:
    """Weather and prices of both years; prices of 2018 are the tariff's formula."""
    _, measured = measured_case(folder, Building(name="b0"), scratch)
    sun = next(one.history.values for one in measured_series(folder) if one.name == "sun")
    columns = {
        "load_kw": np.full(len(measured), np.nan),
        "temperature_degc": measured.columns["temperature_degc"],
        "ghi_w_m2": np.repeat(np.nan_to_num(sun), 4),
        "price_import_per_kwh": measured.columns["price_import_per_kwh"],
    }
    return DataFile(start=measured.start, columns=columns, ignored=(), step_s=measured.step_s)


def _spans(case: BuildingCase, *, full: bool) -> list[tuple[int, int]]:
    if full:
        return pieces(case)
    return [
        span for span in pieces(case, WEEK) if (span[0] - case.first) // WEEK % EVERY_WEEKS == 0
    ]
