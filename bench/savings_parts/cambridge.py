"""The measured university buildings as sites with PV, a battery and a half-hourly-like tariff.

PV is half the peak, made from the measured irradiance; the battery holds so many hours of the peak
and gives it at 1 C. 2019 has the Agile import tariff of the region; 2018, where it is not known, is
given the same supplier's formula on the German day-ahead prices of that year.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from bench.savings_parts.forecast_data import BUILDINGS, CAMBRIDGE, HALF_FILLED, HOUR_S
from edge_agent.backtest.data_file import DataFile
from edge_agent.site.load import LoadedSite, load_site
from models.forecast.history import Floats

DAYAHEAD = "dayahead_DE_AT_2018_60min.csv.gz"
START = datetime(2018, 1, 1, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
EXPORT_SHARE = 0.4
RATE_PER_KW = 9.0
PV_SHARE = 0.5
PERFORMANCE = 0.85
"""AC power over nameplate at 1 kW/m2, as the PV forecast assumes where nothing is measured."""
GBP_PER_EUR = 0.885
FACTOR, EVENING, CAP = 2.1, 0.13, 0.35
"""Agile in Eastern England: factor on the wholesale price, GBP/kWh more from 16 to 19 h, cap."""

SITE = """\
site: {{id: {name}, timezone: Europe/London, latitude: 52.2, longitude: 0.12, currency: GBP}}
agent: {{control: shadow}}
links:
  plant: {{protocol: modbus, url: "tcp://127.0.0.1:15020", simulated: true}}
devices:
  - {{id: meter, type: smart_meter, link: plant, profile: eastron_sdm630, unit: 1, poll_s: 5}}
  - {{id: battery, type: battery_bms, link: plant, profile: sunspec_storage, unit: 2, poll_s: 5}}
  - {{id: inverter, type: pv_inverter, link: plant, profile: sunspec_inverter, unit: 3, poll_s: 5}}
assets:
  grid:
    meter: meter.power
    import_limit_kw: {limit:.0f}
    export_limit_kw: {limit:.0f}
    tariff: tariff.yaml
  battery:
    - id: bat
      soc: battery.soc
      power: battery.power
      setpoint: battery.power_setpoint
      capacity_kwh: {capacity:.3f}
      charge_kw: {power:.3f}
      discharge_kw: {power:.3f}
  pv:
    - {{id: pv, power: inverter.ac_power, limit: inverter.power_limit, peak_kw: {pv:.3f}}}
feeds:
  price: {{file: prices.csv}}
planning: {{grid: even, step_min: 15, horizon_h: 24}}
"""
TARIFF = """\
kind: real_time
demand_charges:
  - {{id: peak, rate_per_kw: {rate}, interval_min: 15}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A building with a battery of so many hours of its peak."""

    name: str
    hours: float = 0.5


def data_folder(given: Path | None) -> Path | None:
    """The measured series: as given, else beside the checkout; None when they are not there."""
    found = given or Path(__file__).parents[3] / "shared" / "data"
    return found if (found / CAMBRIDGE).is_file() else None


def building_case(folder: Path, building: Building, scratch: Path) -> tuple[LoadedSite, DataFile]:
    """Site and two years of data of a building."""
    columns = _columns(folder / CAMBRIDGE)
    load = columns[f"load_{building.name}_kW"]
    for hour in HALF_FILLED[building.name]:
        moment = datetime.fromisoformat(f"{hour}:00+00:00")
        load[round((moment - START).total_seconds() / HOUR_S)] = np.nan
    # The size is that of the year that tuning may look at.
    peak_kw = float(np.nanmax(load[: 365 * 24]))
    # The irradiance is labelled at the end of its hour.
    sun = np.append(columns["ghi_Wm2"][1:], 0.0)
    price = np.where(np.isnan(columns["agile_GBP_kWh"]), _formula(folder), columns["agile_GBP_kWh"])
    hourly = {
        "load_kw": load,
        "pv_kw": PV_SHARE * peak_kw * PERFORMANCE * sun / 1000.0,
        "price_import_per_kwh": price,
        "price_export_per_kwh": EXPORT_SHARE * price,
        "temperature_degc": columns["temp_C"],
    }
    data = DataFile(
        start=START,
        columns={name: np.repeat(values, 4) for name, values in hourly.items()},
        ignored=(),
        step_s=HOUR_S,
    )
    return _site(scratch, building, peak_kw), data


def _site(scratch: Path, building: Building, peak_kw: float) -> LoadedSite:
    folder = scratch / f"{building.name}_{building.hours:g}h"
    folder.mkdir(parents=True, exist_ok=True)
    text = SITE.format(
        name=building.name,
        limit=3 * peak_kw,
        capacity=building.hours * peak_kw,
        power=building.hours * peak_kw,
        pv=PV_SHARE * peak_kw,
    )
    (folder / "site.yaml").write_text(text)
    (folder / "tariff.yaml").write_text(TARIFF.format(rate=RATE_PER_KW))
    (folder / "prices.csv").write_text(
        "start,price_per_kwh\n2018-01-01T00:00Z,0.1\n2018-01-01T01:00Z,0.1\n"
    )
    return load_site(folder / "site.yaml")


def _formula(folder: Path) -> Floats:
    """GBP/kWh of every hour of both years; nan where no wholesale price is known."""
    found = np.full(2 * 365 * 24, np.nan)
    with gzip.open(folder / DAYAHEAD, "rt", encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    at = names.index("DE_EUR_MWh")
    for row in rows:
        place = round((datetime.fromisoformat(row[0]) - START).total_seconds() / HOUR_S)
        if 0 <= place < len(found) and row[at]:
            wholesale = float(row[at]) * GBP_PER_EUR / 1000.0
            evening = 16 <= (START + timedelta(hours=place)).astimezone(LONDON).hour < 19
            found[place] = min(CAP, FACTOR * wholesale + (EVENING if evening else 0.0))
    # The last hour of the German calendar year is the hour before midnight UTC.
    found[365 * 24 - 1] = found[365 * 24 - 2] if np.isnan(found[365 * 24 - 1]) else found[8759]
    return found


def _columns(path: Path) -> dict[str, Floats]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    return {
        name: np.array([float(row[place]) if row[place] else np.nan for row in rows])
        for place, name in enumerate(names)
        if place
    }


__all__ = ["BUILDINGS", "Building", "building_case", "data_folder"]
