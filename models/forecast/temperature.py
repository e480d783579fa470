"""Outdoor temperature: a weather forecast freed of bias, else what was learnt, else yesterday."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.forecast.bands import band_series
from models.forecast.calendar import Calendar
from models.forecast.history import Floats, History, Outlook, windows
from models.forecast.learnt import LearntTemperature
from models.forecast.load_rows import HOUR_S, Past, Rows
from models.forecast.local_time import DAY_S
from models.forecast.seasonal import days_back, fading, present_error, recent_mean
from models.forecast.seen import by_buckets
from models.forecast.temperature_rows import temperature_seen
from models.types import Reason, ReasonCode, TimeGrid

MOST_BIAS_K = 5.0
"""A forecast further off than this is not corrected by more: it may be of another place."""


@dataclass(frozen=True, slots=True, eq=False)
class TemperatureSight:
    """What was learnt and the site's calendar."""

    learnt: LearntTemperature
    calendar: Calendar


def forecast_temperature(
    history: History,
    grid: TimeGrid,
    sight: TemperatureSight | None = None,
    weather: History | None = None,
) -> Outlook | None:
    """Temperature per step [degC]; None when there is neither weather nor a measurement of late.

    `weather` is a forecast on its own raster, from hours before now on where it can: their
    difference to the measurements is its bias. Steps it does not cover are foreseen without it.
    """
    own = _own(history, grid, sight)
    if weather is None:
        return own
    outside = corrected_weather(weather, history, grid)
    gaps = ~np.isfinite(outside)
    if gaps.all():
        return own
    if not gaps.any():
        return Outlook(series=tuple(outside.tolist()))
    if own is None:
        return None
    series = np.where(gaps, own.series, outside)
    text = f"outdoor temperature: {int(gaps.sum())} of {len(grid)} steps lack a weather forecast"
    reason = Reason(code=ReasonCode.INPUT_MISSING, text=text, degrades=False)
    return Outlook(series=tuple(series.tolist()), reasons=(*own.reasons, reason))


def corrected_weather(weather: History, measured: History, grid: TimeGrid) -> Floats:
    """The forecast per step [degC] plus its bias lately, that of now fading; nan = none."""
    series = weather.means(*windows(grid))
    now_s = grid.start.timestamp()
    bias = _bias(weather, measured, now_s, DAY_S)
    if bias is None:
        return series
    present = _bias(weather, measured, now_s, 3 * HOUR_S)
    corrected: Floats = series + bias
    if present is not None:
        corrected = corrected + (present - bias) * fading(grid)
    return corrected


def _bias(weather: History, measured: History, now_s: float, span_s: float) -> float | None:
    """Mean of measured minus forecast over the hours before now that both have; bounded."""
    ends = now_s - np.arange(0.0, span_s, HOUR_S)
    missed = measured.means(ends - HOUR_S, ends) - weather.means(ends - HOUR_S, ends)
    known = missed[np.isfinite(missed)]
    return float(np.clip(known.mean(), -MOST_BIAS_K, MOST_BIAS_K)) if len(known) else None


def _own(history: History, grid: TimeGrid, sight: TemperatureSight | None) -> Outlook | None:
    plain = _seasonal(history, grid)
    if sight is None or plain is None or recent_mean(history, grid) is None:
        return plain
    starts, ends = windows(grid)
    rows = Rows(np.full(len(starts), grid.start.timestamp()), starts, ends)
    seen = temperature_seen(Past(history, sight.calendar), rows)
    series = by_buckets(seen, rows, sight.learnt.buckets)
    gaps = ~np.isfinite(series)
    reasons = plain.reasons if gaps.any() else ()
    series = np.where(gaps, plain.series, series)
    bands = band_series(series, rows, sight.learnt.buckets)
    return Outlook(series=tuple(series.tolist()), reasons=reasons, bands=bands)


def _seasonal(history: History, grid: TimeGrid) -> Outlook | None:
    """Yesterday or the day before with the present error; the last value held where neither is."""
    if history.empty:
        return None
    base = days_back(history, grid, 1.0)
    base = np.where(np.isfinite(base), base, days_back(history, grid, 2.0))
    error = present_error(history, grid, {1.0: 1.0})
    seasonal = base + (error or 0.0) * fading(grid)
    recent = recent_mean(history, grid)
    gaps = ~np.isfinite(seasonal)
    reasons: list[Reason] = []
    if recent is None:
        if gaps.any():
            return None
        text = "outdoor temperature: nothing measured in the last hours, yesterday stands alone"
        reasons.append(Reason(code=ReasonCode.INPUT_STALE, text=text))
    elif gaps.any():
        seasonal = np.where(gaps, recent, seasonal)
        text = (
            f"outdoor temperature: {int(gaps.sum())} of {len(grid)} steps have no yesterday, "
            "the last value is held"
        )
        reasons.append(Reason(code=ReasonCode.ASSUMED, text=text, degrades=False))
    return Outlook(series=tuple(seasonal.tolist()), reasons=tuple(reasons))
