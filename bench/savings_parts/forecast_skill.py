"""How much better the forecasts are than the best simple rule, on measured buildings and weather.

What is learnt is learnt from the past alone and renewed every so many weeks; each forecast sees
nothing after its origin. The best simple rule is chosen afterwards, per series and lead, over the
very hours that are scored. With weather, the measured temperature stands in for a forecast of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.savings_parts.forecast_data import BUILDINGS, Measured, measured_series
from models.forecast.bucket_fit import fit_buckets
from models.forecast.calendar import Calendar, calendar
from models.forecast.clean import without_half_slots
from models.forecast.history import Floats, History
from models.forecast.learnt import LeadBucket
from models.forecast.load import load_seen
from models.forecast.load_rows import HOUR_S, Past, Rows
from models.forecast.local_time import DAY_S
from models.forecast.place import Place
from models.forecast.pv_fit import clear_kw, clear_planes
from models.forecast.pv_rows import PvPast, pv_seen
from models.forecast.seen import Seen, by_buckets
from models.forecast.temperature_rows import temperature_seen

LEADS_H = (1.0, 4.0, 12.0, 24.0)
BUCKETS_H = (1.0, 3.0, 4.0, 9.0, 12.0, 20.0, 24.0)
"""Of the product's buckets those that the scored leads fall in, and their beginnings."""
RENEW_DAYS = 28
PAST_DAYS = 365
SIMPLE = ("persistence", "yesterday", "last_week", "last_week_corrected", "mean_day")
BEDFORD = Place(latitude=52.2, longitude=-0.46)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Errors in percent of the mean of the series, over the same hours."""

    series: str
    lead_h: float
    hours: int
    best_simple: str
    simple_percent: float
    ours_percent: float

    @property
    def ratio(self) -> float:
        """Ours over the best simple rule."""
        return self.ours_percent / self.simple_percent


View = Callable[[History], Callable[[Rows], Seen]]


def forecast_skill(data: Path, *, full: bool = False) -> dict[str, float]:
    """Gains a day ahead as shares of the best simple rule's error, and the worst ratio to it.

    `forecast_worst_ratio` is over every series and lead. Without `full`, every third renewal.
    """
    table = skill_table(data, renew_days=RENEW_DAYS if full else 3 * RENEW_DAYS)
    return figures(table)


def figures(table: list[Skill]) -> dict[str, float]:
    """The named figures of a table."""
    # Over the means of the four buildings: the industrial site has no temperature beside it.
    return {
        "forecast_gain_24h": _gain(table, "with weather"),
        "forecast_gain_24h_no_weather": _gain(table, "without weather"),
        "forecast_worst_ratio": max(row.ratio for row in table),
    }


def skill_table(data: Path, renew_days: int) -> list[Skill]:
    """Every series at every lead."""
    found: list[Skill] = []
    for series in measured_series(data):
        own = _calendar(series)
        for name, view in _views(series, own):
            found += _skills(f"{series.name} {name}".strip(), series, own, view, renew_days)
    return found


def _gain(table: list[Skill], kind: str) -> float:
    names = {f"{building} {kind}" for building in BUILDINGS}
    rows = [row for row in table if row.series in names and row.lead_h == LEADS_H[-1]]
    simple = float(np.mean([row.simple_percent for row in rows]))
    return 1.0 - float(np.mean([row.ours_percent for row in rows])) / simple


def _calendar(series: Measured) -> Calendar:
    first_s = series.history.start.timestamp()
    last_s = first_s + series.history.step_s * len(series.history.values)
    years = range(series.history.start.year - 1, series.history.start.year + 4)
    found = holidays.country_holidays(series.country, years=years) if series.country else {}
    days = tuple(day.isoformat() for day in found)
    return calendar(ZoneInfo(series.zone), first_s - 40 * DAY_S, last_s + 3 * DAY_S, days)


def _views(series: Measured, own: Calendar) -> Iterator[tuple[str, View]]:
    """What the product's forecast of such a series sees of a past."""
    match series.kind:
        case "load":
            yield "without weather", lambda past: lambda rows: load_seen(Past(past, own), rows)
            if series.outdoor is not None:
                yield (
                    "with weather",
                    lambda past: lambda rows: load_seen(Past(past, own, series.outdoor), rows),
                )
        case "temperature":
            yield "", lambda past: lambda rows: temperature_seen(Past(past, own), rows)
        case "sun":
            yield "", lambda past: _sun_view(past, series.history, own)


def _sun_view(past: History, whole: History, own: Calendar) -> Callable[[Rows], Seen]:
    planes = clear_planes(past, BEDFORD)
    # The clear sky is astronomy: it is known ahead.
    clear = History(whole.start, whole.step_s, clear_kw(planes, BEDFORD, whole.middles_s()))
    peak_kw = sum(one.kw_per_kw_m2 for one in planes)
    return lambda rows: pv_seen(PvPast(Past(whole, own), clear, peak_kw), rows)


def _skills(name: str, series: Measured, own: Calendar, view: View, renew_days: int) -> list[Skill]:
    """Learn on the past up to each renewal, forecast until the next, score all of it."""
    whole = History(series.history.start, series.history.step_s, series.history.values)
    ours: dict[float, list[Floats]] = {lead: [] for lead in LEADS_H}
    options: dict[float, list[dict[str, Floats]]] = {lead: [] for lead in LEADS_H}
    actual: list[Floats] = []
    for begin, end in _spans(series, renew_days):
        past = _between(whole, begin - timedelta(days=PAST_DAYS), begin)
        seen_past = view(past)
        buckets = fit_buckets(past, own.clock, seen_past, BUCKETS_H)
        slots = _slots(whole, begin, end)
        actual.append(whole.values[slots])
        # Rows see nothing after their origin, so the whole series may be handed over.
        sight = view(whole) if series.kind != "sun" else seen_past
        for lead in LEADS_H:
            rows = _rows(whole, slots, lead)
            seen = sight(rows)
            ours[lead].append(_with_fallback(seen, rows, buckets))
            options[lead].append(seen.options)
    truth = np.concatenate(actual)
    return [
        _score(name, lead, truth, np.concatenate(ours[lead]), _joined(options[lead]))
        for lead in LEADS_H
    ]


def _with_fallback(seen: Seen, rows: Rows, buckets: tuple[LeadBucket, ...]) -> Floats:
    series = by_buckets(seen, rows, buckets)
    gaps = ~np.isfinite(series)
    result: Floats = np.where(gaps, seen.base, series)
    return result


def _joined(parts: list[dict[str, Floats]]) -> dict[str, Floats]:
    return {
        name: np.concatenate([part[name] for part in parts]) for name in SIMPLE if name in parts[0]
    }


def _score(
    name: str, lead: float, truth: Floats, ours: Floats, options: dict[str, Floats]
) -> Skill:
    common = np.isfinite(truth) & np.isfinite(ours)
    for values in options.values():
        common &= np.isfinite(values)
    level = float(np.mean(np.abs(truth[common])))
    errors = {
        rule: 100.0 * float(np.mean(np.abs(values - truth)[common])) / level
        for rule, values in options.items()
    }
    best = min(errors, key=lambda rule: errors[rule])
    return Skill(
        series=name,
        lead_h=lead,
        hours=int(common.sum()),
        best_simple=best,
        simple_percent=errors[best],
        ours_percent=100.0 * float(np.mean(np.abs(ours - truth)[common])) / level,
    )


def _spans(series: Measured, renew_days: int) -> Iterator[tuple[datetime, datetime]]:
    begin = series.score_from
    end = series.history.start + timedelta(
        seconds=series.history.step_s * len(series.history.values)
    )
    while begin < end:
        until = min(end, begin + timedelta(days=renew_days))
        yield begin, until
        begin = until


def _slots(history: History, begin: datetime, end: datetime) -> slice:
    first, last = (
        max(0, round((moment - history.start).total_seconds() / history.step_s))
        for moment in (begin, end)
    )
    return slice(first, last)


def _between(history: History, begin: datetime, end: datetime) -> History:
    slots = _slots(history, begin, end)
    start = history.start + timedelta(seconds=history.step_s * slots.start)
    return History(start, history.step_s, without_half_slots(history.values[slots]))


def _rows(history: History, slots: slice, lead_h: float) -> Rows:
    places = np.arange(slots.start, slots.stop, dtype=np.float64)
    starts = history.start.timestamp() + history.step_s * places
    ends = starts + history.step_s
    return Rows(ends - lead_h * HOUR_S, starts, ends)


def main() -> int:
    """The table, and the figures as JSON; 0 when they reach the goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the measured series")
    parser.add_argument("--full", action="store_true", help="renew every four weeks")
    words = parser.parse_args()
    began = datetime.now(UTC)
    table = skill_table(words.data, renew_days=RENEW_DAYS if words.full else 3 * RENEW_DAYS)
    print(f"{'series':34s} {'lead h':>6s} {'hours':>6s} {'best rule':>20s} {'%':>6s} {'ours':>6s}")
    for row in table:
        print(
            f"{row.series:34s} {row.lead_h:6.0f} {row.hours:6d} {row.best_simple:>20s} "
            f"{row.simple_percent:6.2f} {row.ours_percent:6.2f} {row.ratio:5.3f}"
        )
    found = figures(table)
    seconds = (datetime.now(UTC) - began).total_seconds()
    print(json.dumps({name: round(value, 4) for name, value in found.items()} | {"s": seconds}))
    good = found["forecast_gain_24h"] >= 0.25 and found["forecast_gain_24h_no_weather"] >= 0.18
    return 0 if good and found["forecast_worst_ratio"] <= 1.02 else 1


if __name__ == "__main__":
    sys.exit(main())
