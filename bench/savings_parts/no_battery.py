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
from bench.savings_parts.small_hotel import SmallHotel, load_hotel
from edge_agent.backtest.building_case import BuildingCase, building_case
from edge_agent.backtest.building_figures import building_figures, building_lines
from edge_agent.backtest.building_run import pieces, play_building
from edge_agent.backtest.case import WEEK, Span
from edge_agent.backtest.data_file import DataFile
from edge_agent.backtest.engine import executor_of
from edge_agent.backtest.sight import ForecastKind

YEAR = 2019
EVERY_WEEKS = 4
HOTEL = SmallHotel(
    id="hotel",
    place="timezone: Europe/London, latitude: 52.2, longitude: 0.12, currency: GBP",
    floors=3,
    import_limit_kw=600.0,
    export_limit_kw=300.0,
    draw_kwh=80.0,
    price_per_kwh=0.2,
)
"""What a person wrote down of it."""


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
    return building_case(load_hotel(HOTEL, scratch), _data(folder, scratch), span)


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
