"""What a PV forecast looks at: the plant's clear-sky power and how clear it has been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import Floats, History
from models.forecast.load_rows import HOUR_S, Past, Rows, neutral
from models.forecast.local_time import DAY_S
from models.forecast.seen import Seen

_DAYS = 5
_WITHIN_H = (1.0, 3.0, 6.0)
_LEAST_SHARE = 0.02
"""Of the plant's largest clear-sky power: below it, a window tells nothing about clouds."""
_CLEAREST = 1.5
_USUAL_S = 10 * DAY_S
_SKY_W_PER_M2 = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class PvPast:
    """Power [kW] with the curtailed quarters left out, the clear-sky power, a weather forecast."""

    past: Past
    """`load` is the power, `outdoor` the global irradiance [W/m2], measured and then foreseen."""
    clear: History
    peak_kw: float
    """About the most it gives: scales what is learnt."""


def pv_seen(view: PvPast, rows: Rows) -> Seen:
    """Simple rules, base (clear sky times usual clearness) and features [kW]; dark windows are 0.

    Clearness is measured over clear-sky energy of the daylight before the origin.
    """
    past, clear = view.past, view.clear.means(rows.starts_s, rows.ends_s)
    origins, place = np.unique(rows.origins_s, return_inverse=True)
    spans = [hours * HOUR_S for hours in _WITHIN_H]
    usual, day, *recent = (
        _clearness(view, origins, span)[place] for span in (_USUAL_S, DAY_S, *spans)
    )
    usual = np.where(np.isfinite(usual), usual, day)
    day = np.where(np.isfinite(day), day, usual)
    base = clear * usual
    days = [past.back(rows, np.full(len(rows), float(back))) for back in range(1, _DAYS + 1)]
    mean = _known_mean(np.column_stack(days))
    newest = np.where(np.isfinite(days[0]), days[0], days[1])
    columns = [
        clear * neutral(day - usual),
        *(clear * neutral(one - usual) for one in recent),
        clear,
        base,
        clear * clear / view.peak_kw,
        neutral(newest - base),
        neutral(mean - base),
        *_weather(view, rows, base, clear),
    ]
    options = {
        "yesterday": newest,
        "mean_day": mean,
        "clear_sky": clear * day,
        "clear_sky_now": clear * np.where(np.isfinite(recent[1]), recent[1], day),
        "persistence": past.load.means(rows.origins_s - HOUR_S, rows.origins_s),
    }
    return _dark_is_zero(Seen(options, base, np.column_stack(columns)), clear <= 0.0)


def _dark_is_zero(seen: Seen, dark: NDArray[np.bool_]) -> Seen:
    return Seen(
        options={name: np.where(dark, 0.0, values) for name, values in seen.options.items()},
        base=np.where(dark, 0.0, seen.base),
        columns=np.where(dark[:, None], 0.0, seen.columns),
    )


def _known_mean(table: Floats) -> Floats:
    known = np.isfinite(table)
    count = known.sum(axis=1)
    total = np.where(known, table, 0.0).sum(axis=1)
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _clearness(view: PvPast, origins: Floats, span_s: float) -> Floats:
    """Measured over clear-sky energy of the daylight in the span before each origin; nan = dark."""
    power, sky = view.past.load, view.clear
    middles = power.middles_s()
    half = power.step_s / 2.0
    clear = sky.means(middles - half, middles + half)
    least = _LEAST_SHARE * view.peak_kw
    lit = np.isfinite(power.values) & (clear > least)
    edges = power.start.timestamp() + power.step_s * np.arange(len(power.values) + 1)
    made, could = (
        np.concatenate(([0.0], np.cumsum(np.where(lit, values, 0.0))))
        for values in (power.values, clear)
    )
    made, could = (
        np.interp(origins, edges, total) - np.interp(origins - span_s, edges, total)
        for total in (made, could)
    )
    enough = could > least
    result: Floats = np.full(len(origins), np.nan)
    result[enough] = np.clip(made[enough] / could[enough], 0.0, _CLEAREST)
    return result


def _weather(view: PvPast, rows: Rows, base: Floats, clear: Floats) -> list[Floats]:
    """Power by the foreseen irradiance, against the base."""
    sky = view.past.outdoor
    if sky is None:
        return []
    share = sky.means(rows.starts_s, rows.ends_s) / _SKY_W_PER_M2
    sky_kw = view.peak_kw * share
    return [neutral(sky_kw - base), neutral(sky_kw * share), neutral(clear * share)]
