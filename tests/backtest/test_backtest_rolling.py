"""A few days played by the agent's own decisions."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from backtest_month import month_case

from edge_agent.backtest.case import DAY, Case
from edge_agent.backtest.foresight import perfect
from edge_agent.backtest.meter import Meter
from edge_agent.backtest.outcome import Outcome
from edge_agent.backtest.plain_policies import no_control
from edge_agent.backtest.rolling import Policy, Rolling
from edge_agent.backtest.sight import ForecastKind, OwnSight
from edge_agent.site.tariff_schema import Window


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return month_case(tmp_path_factory.mktemp("case"), days=16, first_day=14)


def played(case: Case, kind: ForecastKind, cache: Path) -> tuple[Outcome, list[float]]:
    shares: list[float] = []
    outcome = Rolling(case, Policy(forecast=kind), cache).run(Meter(), shares.append)
    return outcome, shares


def captured(case: Case, outcome: Outcome) -> float:
    none, best = no_control(case, Meter()).cost, perfect(case).cost
    return (none - outcome.cost) / (none - best)


@pytest.mark.parametrize(("kind", "least"), [("perfect", 0.93), ("perfect-day", 0.9), ("own", 0.4)])
def test_it_saves_much_of_what_there_is_and_raises_no_peak(
    case: Case, cache: Path, kind: str, least: float
) -> None:
    outcome, shares = played(case, ForecastKind(kind), cache)
    assert least < captured(case, outcome) <= 1.0
    assert outcome.peak_kw < no_control(case, Meter()).peak_kw
    assert shares == sorted(shares)
    assert math.isclose(shares[-1], 1.0)
    assert outcome.notes == ()
    assert outcome.week is not None
    assert max(outcome.week.import_kw) == pytest.approx(outcome.peak_kw, abs=0.01)


def test_a_charge_of_the_evening_alone_spends_the_battery_in_the_evening(
    case: Case, cache: Path
) -> None:
    tariff = case.loaded.tariff
    evening = Window(start="17:00", end="20:00")
    (charge,) = (one.model_copy(update={"windows": (evening,)}) for one in tariff.demand_charges)
    tariff = tariff.model_copy(update={"demand_charges": (charge,)})
    windowed = replace(case, loaded=replace(case.loaded, tariff=tariff))
    outcome, _ = played(windowed, ForecastKind.PERFECT, cache)
    assert captured(windowed, outcome) > 0.75


def test_the_same_seed_gives_the_same_bill(case: Case, cache: Path) -> None:
    day = replace(case, last=case.first + DAY)
    first, _ = played(day, ForecastKind.PERSISTENCE, cache)
    again, _ = played(day, ForecastKind.PERSISTENCE, cache)
    assert first == again


def test_own_forecasts_see_nothing_of_what_comes(case: Case) -> None:
    step = case.first
    changed = replace(case, measured_kw=case.measured_kw.copy(), pv_kw=case.pv_kw.copy())
    changed.measured_kw[step + 4 :] = 500.0
    changed.pv_kw[step + 4 :] = 0.0
    for at in (step, step + 4):
        truth, blind = OwnSight(case).ahead(at), OwnSight(changed).ahead(at)
        np.testing.assert_allclose(truth.load_kw, blind.load_kw)
        np.testing.assert_allclose(truth.pv_kw, blind.pv_kw)
        np.testing.assert_allclose(truth.margin_kw, blind.margin_kw)
    # One more hour in which all was different must show.
    late = OwnSight(changed)
    late.ahead(step)
    assert not np.allclose(late.ahead(step + 8).load_kw, OwnSight(case).ahead(step + 8).load_kw)
