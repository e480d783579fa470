"""A month of the example hotel as a data file, and as a case ready to be played."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
from rolling_month import START, STEPS_A_DAY, month

from edge_agent.backtest.case import Case, Span, case_of
from edge_agent.backtest.data_file import read_data_file
from edge_agent.site.load import load_site

SITE = Path(__file__).parents[2] / "examples" / "hotel_rtp.yaml"
HEADER = "time,load_kw,pv_kw,price_import_per_kwh,price_export_per_kwh,temperature_degc"


def write_days(path: Path, days: int) -> Path:
    """Quarter hours of load, sun and prices from 1 June 2026 UTC on."""
    given = month()
    lines = [HEADER]
    for step in range(days * STEPS_A_DAY):
        at = START + timedelta(minutes=15 * step)
        hour = step % STEPS_A_DAY / 4
        sun_kw = max(0.0, 120 * float(np.cos((hour - 12) / 7 * np.pi / 2)))
        price = given.price[step]
        lines.append(
            f"{at.isoformat()},{given.load_kw[step]:.3f},{sun_kw:.3f},{price:.5f},0.08,20.0"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def month_case(folder: Path, *, days: int, first_day: int = 0) -> Case:
    """The days from `first_day` on are played, those before are the site's past."""
    data = read_data_file(write_days(folder / "month.csv", days))
    return case_of(load_site(SITE), data, Span(start=START + timedelta(days=first_day)))
