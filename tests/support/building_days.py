"""A small hotel as a site file, and days of weather and prices it can be played under."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from edge_agent.backtest.building_case import BuildingCase, building_case
from edge_agent.backtest.case import DAY, Span
from edge_agent.backtest.data_file import DataFile
from edge_agent.site.load import LoadedSite, load_site

START = datetime(2026, 1, 12, tzinfo=UTC)
SITE = """\
site: {id: inn, timezone: Europe/Berlin, latitude: 49.0, longitude: 8.4, currency: EUR}
agent: {control: shadow}
links:
  plant: {protocol: modbus, url: "tcp://127.0.0.1:15020", simulated: true}
  bms: {protocol: bacnet, listen: "127.0.0.1/8:47830", device_id: 3056, simulated: true}
devices:
  - {id: meter, type: smart_meter, link: plant, profile: eastron_sdm630, unit: 1, poll_s: 5}
  - id: rooms
    type: controller
    link: bms
    address: "127.0.0.1:47831"
    points:
      warmth_1: {object: "analog-input,1", unit: degC}
      warmth_2: {object: "analog-input,2", unit: degC}
      setpoint_1: {object: "analog-value,1", unit: degC, access: rw, safe: [19, 25]}
      setpoint_2: {object: "analog-value,2", unit: degC, access: rw, safe: [19, 25]}
      water: {object: "analog-input,9", unit: degC}
      water_setpoint: {object: "analog-value,9", unit: degC, access: rw, safe: [60, 75]}
      pump: {object: "binary-output,1", access: rw, safe: [0, 1]}
assets:
  grid: {meter: meter.power, import_limit_kw: 200, export_limit_kw: 0, tariff: tariff.yaml}
  hvac:
    zones:
      - id: floor_1
        temperature: rooms.warmth_1
        setpoint: rooms.setpoint_1
        guest: true
        comfort: &comfort {low_c: 20, high_c: 24, droop_k: 0.7}
        resistance_k_per_kw: 1.2
        capacity_kwh_per_k: 25
        gains_kw: 4
        heat_kw: 60
        cool_kw: 50
      - id: floor_2
        temperature: rooms.warmth_2
        setpoint: rooms.setpoint_2
        guest: true
        comfort: *comfort
        resistance_k_per_kw: 1.2
        capacity_kwh_per_k: 25
        gains_kw: 4
        heat_kw: 60
        cool_kw: 50
  thermal_stores:
    - id: hot_water
      temperature: rooms.water
      setpoint: rooms.water_setpoint
      volume_l: 500
      loss_w_per_k: 4
      heater_kw: 36
      daily_draw_kwh: 60
      legionella: {every_days: 7, temperature_c: 70, hold_min: 30}
  switches:
    - {id: relay, point: rooms.pump, power_kw: 4, min_on_s: 1800, min_off_s: 900}
  shiftable:
    - {id: pool_pump, switch: relay, run_h_per_day: 4}
planning: {grid: even, step_min: 15, horizon_h: 24}
"""


def inn(folder: Path, text: str = SITE) -> LoadedSite:
    """The site as a person wrote it down."""
    (folder / "inn.yaml").write_text(text, encoding="utf-8")
    (folder / "tariff.yaml").write_text("kind: flat\nprice_per_kwh: 0.3\n", encoding="utf-8")
    return load_site(folder / "inn.yaml")


def winter(days: int) -> DataFile:
    """Around freezing, some sun; nights cheap, evenings dear."""
    hour = np.arange(days * DAY) / 4 % 24
    day = np.arange(days * DAY) // DAY
    dear = (hour >= 16) & (hour < 20)
    cheap = (hour < 5) | ((hour >= 11) & (hour < 14))
    return DataFile(
        start=START,
        columns={
            "load_kw": np.full(days * DAY, np.nan),
            "temperature_degc": 1.0 + 3.0 * np.cos((hour - 14) / 12 * np.pi) + day % 3,
            "ghi_w_m2": np.maximum(
                0.0, 250.0 * np.cos(np.clip((hour - 12) / 4, -1, 1) * np.pi / 2)
            ),
            "price_import_per_kwh": np.where(dear, 0.45, np.where(cheap, 0.15, 0.25)),
        },
        ignored=(),
        step_s=900,
    )


def winter_case(folder: Path, days: int, text: str = SITE) -> BuildingCase:
    """The inn on so many days after two in which it swings in."""
    span = Span(start=START + timedelta(days=2))
    return building_case(inn(folder, text), winter(days + 2), span)
