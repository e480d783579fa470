"""What a forecast of the outdoor temperature looks at: the last days and the last hours."""

from __future__ import annotations

import numpy as np

from models.forecast.calendar import harmonics
from models.forecast.candidates import FORGETTING_H
from models.forecast.history import Floats
from models.forecast.load_rows import HOUR_S, Past, Rows, neutral
from models.forecast.local_time import DAY_S
from models.forecast.seen import Seen

_DAYS = (1.0, 2.0, 3.0, 4.0, 5.0)
_HARMONICS = 2


def temperature_seen(past: Past, rows: Rows) -> Seen:
    """Simple rules, base (yesterday, else the newest day before) and features [K]."""
    days, base, mean = _earlier(past, rows)
    origins, place = np.unique(rows.origins_s, return_inverse=True)
    at = Rows(origins, origins, origins)
    hour, three, day = (at.before(0, span) for span in (HOUR_S, 3 * HOUR_S, DAY_S))
    last = past.load.means(hour.starts_s, hour.ends_s)
    _, hour_base, hour_mean = _earlier(past, hour)
    error, mean_error = (last - hour_base)[place], (last - hour_mean)[place]
    error_3h = (past.load.means(three.starts_s, three.ends_s) - _earlier(past, three)[1])[place]
    today = past.load.means(day.starts_s, day.ends_s)
    error_24h = (today - _earlier(past, day)[1])[place]
    now, fade = last[place], np.exp(-rows.lead_h / FORGETTING_H)
    waves = harmonics(past.calendar.clock.hours((rows.starts_s + rows.ends_s) / 2), _HARMONICS)
    level = neutral(today[place] - now)
    columns = [
        *(neutral(column - base) for column in days[1:]),
        *(neutral(part) for part in (error, error_3h, error_24h, mean_error, now - base)),
        level,
        np.ones(len(rows)),
        *waves,
        *(wave * level for wave in waves),
    ]
    options = {
        "persistence": now,
        "yesterday": base,
        "yesterday_corrected": base + error * fade,
        "mean_day": mean,
        "mean_day_corrected": mean + mean_error * fade,
    }
    return Seen(options=options, base=base, columns=np.column_stack(columns))


def _earlier(past: Past, rows: Rows) -> tuple[list[Floats], Floats, Floats]:
    """Each of the last days, the newest known of them, and their mean; nan where none is."""
    days = [past.back(rows, np.full(len(rows), back)) for back in _DAYS]
    newest = days[0]
    for older in days[1:]:
        newest = np.where(np.isfinite(newest), newest, older)
    table = np.column_stack(days)
    known = np.isfinite(table)
    count = known.sum(axis=1)
    total = np.where(known, table, 0.0).sum(axis=1)
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return days, newest, mean
