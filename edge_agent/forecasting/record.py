"""Forecasts as they were made, in small files for two days, and scored once their hours are past.

The worker writes, the fitting child reads: a restart of either loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from edge_agent.plain_json import Json, JsonError
from models.forecast.history import History, Outlook
from models.forecast.score import Foreseen, LeadScore, score
from models.types import TimeGrid

FOLDER = "foreseen"
LOAD, OUTDOOR = "load", "outdoor temperature"
"""Names of what is foreseen; see `pv_name`."""
UNITS: Mapping[str, str] = MappingProxyType({OUTDOOR: "K"})
"""Of errors that are no shares of the mean."""
EVERY = timedelta(minutes=55)
"""Plans come more often than forecasts need to be kept."""
KEPT = timedelta(hours=49)
DIGITS = 3
DRAFT = "next.tmp"
"""Always the same, so that power cuts leave no more than one behind."""


def pv_name(asset_id: str) -> str:
    """Of a PV plant."""
    return f"pv {asset_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """One file: all series foreseen at one moment."""

    start: datetime
    step_s: tuple[int, ...]
    series: dict[str, tuple[float, ...]]
    bands: dict[str, tuple[tuple[float, tuple[float, ...]], ...]]


_KEPT = Json(_Kept)


class ForecastRecord:
    """One file an hour with all series."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, grid: TimeGrid, outlooks: Mapping[str, Outlook]) -> bool:
        """Keep what was foreseen, unless something was within the hour; whether it was kept.

        A disk that refuses is no reason to go without a plan.
        """
        start_s = round(grid.start.timestamp())
        kept = self._starts()
        if kept and abs(start_s - kept[-1]) < EVERY.total_seconds():
            return False
        text = _KEPT.dump_json(
            _Kept(
                start=grid.start,
                step_s=grid.step_s,
                series={name: _short(one.series) for name, one in outlooks.items()},
                bands={
                    name: tuple((share, _short(band)) for share, band in one.bands)
                    for name, one in outlooks.items()
                },
            )
        )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / DRAFT
            draft.write_bytes(text)
            draft.replace(self._path(start_s))
            for old in kept:
                # What is dated ahead was kept before the clock was set back.
                if not start_s - KEPT.total_seconds() <= old <= start_s:
                    self._path(old).unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def scores(self, series: str, actual: History, now: datetime) -> tuple[LeadScore, ...]:
        """Of the kept forecasts, window by window as far as `actual` goes."""
        first_s = (now - KEPT).timestamp()
        kept = [self._read(at) for at in self._starts() if first_s <= at <= now.timestamp()]
        return score(
            [
                Foreseen(
                    grid=TimeGrid(start=one.start, step_s=one.step_s),
                    series=one.series[series],
                    bands=one.bands.get(series, ()),
                )
                for one in kept
                if one is not None and series in one.series
            ],
            actual,
        )

    def _starts(self) -> list[int]:
        """Seconds since 1970 at which the kept forecasts start, in order."""
        return sorted(int(one.stem) for one in self._folder.glob("*.json") if one.stem.isdigit())

    def _path(self, start_s: int) -> Path:
        return self._folder / f"{start_s}.json"

    def _read(self, start_s: int) -> _Kept | None:
        try:
            return _KEPT.validate_json(self._path(start_s).read_bytes())
        except (OSError, JsonError):
            return None


def _short(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(value, DIGITS) for value in values)
