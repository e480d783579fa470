"""A building's span played with and without us, in pieces that may be played anywhere."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from edge_agent.backtest.building_bill import Bill, bill_of, merged
from edge_agent.backtest.building_case import SETTLE, BuildingCase
from edge_agent.backtest.building_planned import Planned
from edge_agent.backtest.building_play import played, settled
from edge_agent.backtest.building_thermostat import USUAL, Settings, Thermostats
from edge_agent.backtest.case import DAY
from edge_agent.backtest.sight import ForecastKind

PIECE = 28 * DAY
Span = tuple[int, int]
"""First and last + 1 quarter hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingRun:
    """The building with its thermostats, with tighter ones, and with us."""

    usual: Bill
    tight: Bill
    """Thermostats at the very edges that our plans keep to: what foresight adds shows beside it."""
    ours: Bill
    unplanned: int
    """Hours without a plan."""
    days: float
    """That were played."""

    @property
    def saving_share(self) -> float:
        """Of the usual cost."""
        return _share(self.usual.cost, self.ours.cost)

    @property
    def foresight_share(self) -> float:
        """Of the cost with thermostats at the edges of the same band."""
        return _share(self.tight.cost, self.ours.cost)


def pieces(case: BuildingCase, length: int = PIECE) -> list[Span]:
    """The played span cut up; each piece begins with the building as thermostats leave it."""
    begins = list(range(case.first, case.last, length))
    if len(begins) > 1 and case.last - begins[-1] < SETTLE:
        del begins[-1]
    return list(pairwise([*begins, case.last]))


def play_building(
    case: BuildingCase,
    spans: Sequence[Span],
    forecast: ForecastKind,
    executor: Executor,
    shown: Callable[[float], None],
) -> BuildingRun:
    """All pieces, as far as the executor has hands; `shown` is told the share that is done."""
    futures = [executor.submit(play_piece, case, span, forecast) for span in spans]
    for count, future in enumerate(as_completed(futures), start=1):
        future.result()
        shown(count / len(futures))
    return together([future.result() for future in futures])


def play_piece(case: BuildingCase, span: Span, forecast: ForecastKind) -> BuildingRun:
    """One piece; runs in whatever process it is sent to."""
    case = replace(case, first=span[0], last=span[1])
    usual = Thermostats(case)
    begun = settled(case, usual)
    cycled = dict(usual.cycled)
    base = played(case, usual, copy.deepcopy(begun))
    edges = Thermostats(case, band_edges(case), "tight")
    tight = played(case, edges, copy.deepcopy(begun))
    with tempfile.TemporaryDirectory(prefix="semdr-building-") as cache:
        ours = Planned(case, forecast, Path(cache), cycled)
        planned = played(case, ours, begun)
    return BuildingRun(
        usual=bill_of(usual.name, base),
        tight=bill_of(edges.name, tight, base),
        ours=bill_of(ours.name, planned, base),
        unplanned=ours.unplanned,
        days=(span[1] - span[0]) / DAY,
    )


def band_edges(case: BuildingCase) -> Settings:
    """Thermostats as economical as the plan may be, day and night."""
    zones = case.loaded.site.assets.hvac.zones
    if not zones:
        return USUAL
    bands_c = [zone.comfort.planned_c for zone in zones]
    low_c, high_c = max(low for low, _ in bands_c), min(high for _, high in bands_c)
    return replace(USUAL, heat_day_c=low_c, heat_night_c=low_c, cool_c=high_c)


def together(runs: Iterable[BuildingRun]) -> BuildingRun:
    """The run of all its pieces."""
    found = list(runs)
    return BuildingRun(
        usual=merged(one.usual for one in found),
        tight=merged(one.tight for one in found),
        ours=merged(one.ours for one in found),
        unplanned=sum(one.unplanned for one in found),
        days=sum(one.days for one in found),
    )


def _share(before: float, after: float) -> float:
    return (before - after) / before if before else 0.0
