"""A small hotel as a site file, and days of weather and prices it can be played under."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.savings_parts.small_hotel import SmallHotel, load_hotel, site_text
from edge_agent.backtest.building_case import BuildingCase, building_case
from edge_agent.backtest.case import DAY, Span
from edge_agent.backtest.data_file import DataFile
from edge_agent.site.load import LoadedSite

START = datetime(2026, 1, 12, tzinfo=UTC)
INN = SmallHotel(
    id="inn",
    place="timezone: Europe/Berlin, latitude: 49.0, longitude: 8.4, currency: EUR",
    floors=2,
    import_limit_kw=200.0,
    export_limit_kw=0.0,
    draw_kwh=60.0,
    price_per_kwh=0.3,
)
SITE = site_text(INN)


def inn(folder: Path, text: str = SITE) -> LoadedSite:
    """The site as a person wrote it down."""
    return load_hotel(INN, folder, text)


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
