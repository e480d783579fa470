"""Measured history on an even raster, with gaps that stay gaps, and what a forecast returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from models.types import Reason, Series, TimeGrid

Floats = NDArray[np.float64]
_ENOUGH = 0.5
"""Share of a window that must be measured for its mean to count."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Means over [start + i step, start + (i + 1) step); nan where nothing was measured."""

    start: datetime
    step_s: int
    values: Floats

    def __post_init__(self) -> None:
        """Refuse a naive time and infinite values."""
        if self.start.utcoffset() != timedelta(0):
            msg = f"history needs an aware UTC start, got {self.start!r}"
            raise ValueError(msg)
        if self.step_s <= 0 or np.isinf(self.values).any():
            msg = "history needs a positive step and finite values or nan"
            raise ValueError(msg)

    @property
    def empty(self) -> bool:
        """Whether nothing at all was measured."""
        return not np.isfinite(self.values).any()

    def middles_s(self) -> Floats:
        """Middle of every slot, seconds since the epoch."""
        slots = np.arange(len(self.values), dtype=np.float64)
        middles: Floats = self.start.timestamp() + self.step_s * (slots + 0.5)
        return middles

    def means(self, starts_s: Floats, ends_s: Floats) -> Floats:
        """Mean over each window (seconds since the epoch); nan where less than half is measured."""
        edges = self.start.timestamp() + self.step_s * np.arange(len(self.values) + 1)
        measured = np.isfinite(self.values)
        energy = np.concatenate(([0.0], np.cumsum(np.where(measured, self.values, 0.0))))
        covered = np.concatenate(([0.0], np.cumsum(measured.astype(np.float64))))
        total = np.interp(ends_s, edges, energy) - np.interp(starts_s, edges, energy)
        seen = np.interp(ends_s, edges, covered) - np.interp(starts_s, edges, covered)
        enough = seen * self.step_s >= _ENOUGH * (ends_s - starts_s)
        result: Floats = np.full(len(starts_s), np.nan)
        result[enough] = total[enough] / seen[enough]
        return result

    def mean(self, start: datetime, end: datetime) -> float | None:
        """Mean over one window, None when less than half of it is measured."""
        value = self.means(np.array([start.timestamp()]), np.array([end.timestamp()]))[0]
        return float(value) if np.isfinite(value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One number per step of the grid, and what had to be assumed for it."""

    series: Series
    reasons: tuple[Reason, ...] = ()
    bands: tuple[tuple[float, Series], ...] = ()
    """(share, series): with that probability the truth is below; () = not known."""

    def margin(self, share: float) -> Series:
        """How far the band of `share` lies above the forecast, at least 0; () = not known."""
        for known, band in self.bands:
            if known == share:
                return tuple(
                    max(0.0, high - at) for high, at in zip(band, self.series, strict=True)
                )
        return ()


def windows(grid: TimeGrid, back_s: float = 0.0) -> tuple[Floats, Floats]:
    """Start and end of every step, `back_s` earlier, in seconds since the epoch."""
    ends = grid.start.timestamp() + np.cumsum(np.array(grid.step_s, dtype=np.float64))
    starts = ends - np.array(grid.step_s)
    return starts - back_s, ends - back_s


def lead_h(grid: TimeGrid) -> Floats:
    """Hours from the grid's start to the middle of every step."""
    starts, ends = windows(grid)
    lead: Floats = ((starts + ends) / 2 - grid.start.timestamp()) / 3600.0
    return lead
