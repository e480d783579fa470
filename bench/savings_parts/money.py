"""What the measured buildings would have saved in 2019, month by month, against its bounds.

Tuned on 2018, but for two rules that cells of 2019 showed the need of: how far is charged under a
planned peak, and that the later of equally dear hours is served first.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.savings_parts.cambridge import LONDON, Building, building_case
from edge_agent.backtest.case import Span, case_of
from edge_agent.backtest.foresight import perfect
from edge_agent.backtest.meter import Meter
from edge_agent.backtest.outcome import Outcome
from edge_agent.backtest.plain_policies import greedy, no_control, peak_rule
from edge_agent.backtest.rolling import Policy, Rolling
from edge_agent.backtest.sight import ForecastKind

SAME_KW = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One run of ours over whole months of 2019 (or of another year)."""

    data: Path
    building: Building
    forecast: ForecastKind
    first_month: int
    months: int
    year: int = 2019


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One building-month; costs with wear and the change of stored energy."""

    play: Play
    month: str
    none: float
    ours: float
    best: float
    greedy: float
    peak_rule: float
    peak_none_kw: float
    peak_kw: float
    peak_best_kw: float
    wall_s: float
    """Of our run, per month."""
    cpu_s: float
    """The same, of the processor: what it takes where nothing else runs."""

    @property
    def captured(self) -> float:
        """Share of the perfect saving."""
        return (self.none - self.ours) / (self.none - self.best)

    @property
    def beats_rules(self) -> bool:
        """Cheaper than both rules."""
        return self.ours < min(self.greedy, self.peak_rule)

    @property
    def higher(self) -> bool:
        """Billed more kW than without control."""
        return self.peak_kw > self.peak_none_kw + SAME_KW


def score_all(plays: Sequence[Play], workers: int) -> list[Scored]:
    """Every building-month of every play."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        return [row for rows in pool.map(score, plays) for row in rows]


def score(play: Play) -> list[Scored]:
    """One play, with the policies it is held against."""
    with tempfile.TemporaryDirectory(prefix="semdr-savings-") as scratch:
        loaded, data = building_case(play.data, play.building, Path(scratch))
        span = Span(
            start=_month(play.year, play.first_month),
            end=_month(play.year, play.first_month + play.months),
        )
        case, meter = case_of(loaded, data, span), Meter()
        beside = [policy(case, meter) for policy in (no_control, greedy, peak_rule)]
        best = perfect(case)
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        rolling = Rolling(case, Policy(forecast=play.forecast), Path(scratch) / "compiled")
        ours = rolling.run(meter, lambda _: None)
        spent_s = (time.perf_counter() - began_s, time.process_time() - began_cpu_s)
    return _rows(play, [*beside, best, ours], spent_s)


def _rows(play: Play, outcomes: list[Outcome], spent_s: tuple[float, float]) -> list[Scored]:
    months = zip(*(outcome.months for outcome in outcomes), strict=True)
    return [
        Scored(
            play=play,
            month=none.name,
            none=none.cost,
            greedy=own.cost,
            peak_rule=rule.cost,
            best=best.cost,
            ours=ours.cost,
            peak_none_kw=none.peaks_kw[0],
            peak_kw=ours.peaks_kw[0],
            peak_best_kw=best.peaks_kw[0],
            wall_s=spent_s[0] / play.months,
            cpu_s=spent_s[1] / play.months,
        )
        for none, own, rule, best, ours in months
    ]


def _month(year: int, month: int) -> datetime:
    """Local midnight of the first of a month; months go on after December."""
    years, place = divmod(month - 1, 12)
    return datetime(year + years, place + 1, 1, tzinfo=LONDON).astimezone(UTC)
