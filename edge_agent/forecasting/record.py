"""Forecasts as they were made, kept for two days and scored once their hours are past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.forecast.history import History, Outlook
from models.forecast.score import Foreseen, LeadScore, score
from models.types import TimeGrid

EVERY = timedelta(minutes=55)
"""Plans come more often than forecasts need to be kept."""
KEPT = timedelta(hours=49)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesScore:
    """How the forecasts of one series did of late, by lead."""

    series: str
    at: datetime
    leads: tuple[LeadScore, ...]


class ForecastRecord:
    """One forecast an hour of each series."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Foreseen]] = {}

    def note(self, series: str, grid: TimeGrid, outlook: Outlook) -> None:
        """Keep a forecast, unless one was kept within the hour."""
        kept = self._kept.setdefault(series, [])
        if kept and grid.start - kept[-1].grid.start < EVERY:
            return
        kept.append(Foreseen(grid=grid, series=outlook.series, bands=outlook.bands))
        while grid.start - kept[0].grid.start > KEPT:
            kept.pop(0)

    def scores(self, series: str, actual: History, now: datetime) -> SeriesScore:
        """Of the kept forecasts whose hours are all past; no leads before the first of them."""
        over = [one for one in self._kept.get(series, ()) if one.grid.end <= now]
        return SeriesScore(series=series, at=now, leads=score(over, actual))
