"""Learns the outdoor temperature's course. Runs in a short-lived child."""

from __future__ import annotations

from models.forecast.bucket_fit import basis, fit_buckets
from models.forecast.learnt import LearntTemperature
from models.forecast.load_rows import Past, Rows
from models.forecast.seen import Seen
from models.forecast.temperature_rows import temperature_seen


def fit_temperature(past: Past) -> LearntTemperature | None:
    """The best method per lead for `past.load`, a temperature [degC]; None with too few days."""

    def view(rows: Rows) -> Seen:
        return temperature_seen(past, rows)

    buckets = fit_buckets(past.load, past.calendar.clock, view)
    if not buckets:
        return None
    return LearntTemperature(basis=basis(past.load, buckets), buckets=buckets)
