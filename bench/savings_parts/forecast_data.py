"""The measured series that forecasts are scored on, from a folder of gzip-compressed CSV files."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from models.forecast.history import Floats, History

CAMBRIDGE = "cambridge_2018_2019_60min.csv.gz"
INDUSTRY = "draf_demo_load_2020_15min.csv.gz"
BUILDINGS = ("b0", "b25", "b31", "b35")
HALF_FILLED = {
    "b0": ("2018-01-01T00", "2019-01-01T00", "2018-04-01T00", "2019-01-22T01"),
    "b25": ("2018-01-01T00", "2019-01-01T00", "2018-06-03T00", "2019-10-06T00"),
    "b31": (
        *("2018-01-01T00", "2019-01-01T00", "2018-05-27T00", "2018-06-03T00"),
        *("2018-08-05T00", "2019-10-06T00"),
    ),
    "b35": ("2018-01-01T00", "2019-01-01T00"),
}
"""Hours whose source holds only half of them; they are neither learnt nor scored."""
HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One series, the calendar it follows, and from when on it is scored."""

    name: str
    kind: Literal["load", "temperature", "sun"]
    history: History
    zone: str
    country: str
    score_from: datetime
    outdoor: History | None = None
    """Temperature beside a load."""


def measured_series(data: Path) -> Iterator[Measured]:
    """Four university buildings and their weather, and an industrial site."""
    yield from _cambridge(data / CAMBRIDGE)
    yield _industry(data / INDUSTRY)


def _cambridge(path: Path) -> Iterator[Measured]:
    start = datetime(2018, 1, 1, tzinfo=UTC)
    scored = datetime(2019, 1, 1, tzinfo=UTC)
    columns = _columns(path)
    outdoor = History(start, HOUR_S, columns["temp_C"])
    for building in BUILDINGS:
        values = columns[f"load_{building}_kW"]
        for hour in HALF_FILLED[building]:
            moment = datetime.fromisoformat(f"{hour}:00+00:00")
            values[round((moment - start).total_seconds() / HOUR_S)] = np.nan
        yield Measured(
            name=building,
            kind="load",
            history=History(start, HOUR_S, values),
            zone="Europe/London",
            country="GB",
            score_from=scored,
            outdoor=outdoor,
        )
    # The column is labelled at the end of its hour.
    sun = History(start, HOUR_S, np.append(columns["ghi_Wm2"][1:], np.nan))
    yield _weather("temperature", outdoor, scored)
    yield _weather("sun", sun, scored)


def _weather(kind: Literal["temperature", "sun"], history: History, scored: datetime) -> Measured:
    return Measured(
        name=kind,
        kind=kind,
        history=history,
        zone="Europe/London",
        country="",
        score_from=scored,
    )


def _industry(path: Path) -> Measured:
    """Local clock without summer time: its own hours are taken as they are."""
    return Measured(
        name="industry",
        kind="load",
        history=History(datetime(2020, 1, 1, tzinfo=UTC), 900, _columns(path)["load_kW"]),
        zone="UTC",
        country="",
        score_from=datetime(2020, 8, 28, tzinfo=UTC),
    )


def _columns(path: Path) -> dict[str, Floats]:
    """Every column but the first, nan where empty."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    return {
        name: np.array([float(row[place]) if row[place] else np.nan for row in rows])
        for place, name in enumerate(names)
        if place
    }
