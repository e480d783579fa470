"""A month's peak priced for who knows the days ahead."""

from __future__ import annotations

from dataclasses import replace

import pytest
from backtest_month import month_case

from edge_agent.backtest.case import DAY, Case
from edge_agent.backtest.foresight import perfect
from edge_agent.backtest.known_month import known_ahead
from models.types import DemandTerm


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return month_case(tmp_path_factory.mktemp("case"), days=16, first_day=14)


def floor_kw(case: Case, step: int) -> float:
    rate = case.loaded.tariff.demand_charges[0]
    term = DemandTerm(id=rate.id, price_per_kw=0.1, peak_so_far_kw=0.0)
    ahead = (case.at(step), case.net_kw[step : case.last])
    (found,) = known_ahead((term,), case.loaded, ahead, (case.battery,))
    assert (found.price_per_kw, found.levels) == (rate.rate_per_kw, ())
    return found.ratchet_kw


def raised(case: Case, first: int, by_kw: float = 400.0) -> Case:
    """With so much more load for two hours."""
    load_kw = case.load_kw.copy()
    load_kw[first : first + 8] += by_kw
    return replace(case, load_kw=load_kw)


def test_no_kw_is_worth_anything_below_what_must_come(case: Case) -> None:
    found_kw = floor_kw(case, case.first)
    assert 0.0 < found_kw <= perfect(case).peak_kw


def test_only_the_days_that_no_plan_sees_count(case: Case) -> None:
    step = case.first
    before_kw = floor_kw(case, step)
    assert floor_kw(raised(case, step + 4), step) == before_kw
    assert floor_kw(raised(case, case.last - DAY // 2), step) > before_kw + 100.0


def test_on_the_last_day_every_kw_is_worth_the_rate(case: Case) -> None:
    assert floor_kw(case, case.last - DAY) == 0.0
