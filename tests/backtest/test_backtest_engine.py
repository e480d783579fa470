"""Runs in processes and on a dask cluster give the same figures; a failing task is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from backtest_month import month_case

from edge_agent.backtest.case import Case
from edge_agent.backtest.engine import executor_of, play_all
from edge_agent.backtest.errors import BacktestError
from edge_agent.backtest.figures import figures, lines, saving_line
from edge_agent.backtest.report import page
from edge_agent.backtest.run import Run
from edge_agent.backtest.sight import ForecastKind
from edge_agent.backtest.tasks import Order


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    case = month_case(tmp_path_factory.mktemp("case"), days=9, first_day=7)
    return Order(case=case, data="month.csv", forecast=ForecastKind.PERFECT)


@pytest.fixture
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        host="127.0.0.1",
        protocol="tcp://",
        dashboard_address=None,
    ) as cluster:
        yield cluster.scheduler_address.removeprefix("tcp://")


def test_processes_play_all_orders_and_tell_how_far_they_are(order: Order) -> None:
    shown: list[float] = []
    other = replace(order, data="again.csv", full=True)
    with executor_of("processes", 2) as executor:
        first, second = play_all([order, other], executor, shown.append)
    assert shown[-1] == 1.0
    assert all(0.0 <= share <= 1.0 for share in shown)
    assert first.outcomes == second.outcomes
    assert set(second.noise) == {0.02, 0.1}
    assert first.noise == {}
    told = figures(first)
    assert told["cost_perfect"] < told["cost"] < told["cost_no_control"]
    assert told["captured"] == told["captured_perfect_forecast"]
    assert told["dearer_months"] == told["higher_peaks"] == 0
    line = saving_line(first)
    for part in ("without control", "perfect foresight", "250 kWh, 125 kW", "9 EUR per kW", "days"):
        assert part in line
    html = page([first, second])
    assert html.count("<svg") == 8
    assert "http" not in html
    assert "<script" not in html
    assert told["peak_kw"] == first.ours.peak_kw > 0
    _a_tariff_without_demand_charge_bills_no_peak(first)


def _a_tariff_without_demand_charge_bills_no_peak(run: Run) -> None:
    """It is told as unknown, not as 0 kW."""
    outcomes = {
        name: replace(one, months=tuple(replace(month, peaks_kw=()) for month in one.months))
        for name, one in run.outcomes.items()
    }
    free = replace(run, outcomes=outcomes)
    assert figures(free)["peak_kw"] is None
    assert figures(free)["peak_no_control_kw"] is None
    row = next(line for line in lines(free) if "SEMDR Edge" in line)
    assert " - " in row


@pytest.mark.slow
def test_a_dask_cluster_plays_the_same(order: Order, scheduler: str) -> None:
    with executor_of(f"dask://{scheduler}") as executor:
        (there,) = play_all([order], executor, lambda _: None)
    with executor_of("processes", 1) as executor:
        (here,) = play_all([order], executor, lambda _: None)
    assert there.outcomes == here.outcomes


def test_a_task_that_fails_is_raised(order: Order) -> None:
    broken = replace(order.case, load_kw=np.full_like(order.case.load_kw, np.nan))
    with (
        executor_of("processes", 1) as executor,
        pytest.raises(BacktestError, match="no load has been measured"),
    ):
        play_all([replace(order, case=broken)], executor, lambda _: None)


@pytest.mark.parametrize("engine", ["threads", "dask://127.0.0.1:1"])
def test_an_engine_that_is_not_there_is_refused(engine: str) -> None:
    with (
        pytest.raises(BacktestError, match=r"neither|no dask scheduler"),
        executor_of(engine, connect_s=1.0),
    ):
        pass


def test_a_port_nobody_listens_on_is_free_for_the_test_above() -> None:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", 1)) != 0


def test_the_case_travels_whole(order: Order) -> None:
    import pickle

    copy: Case = pickle.loads(pickle.dumps(order.case))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(copy.load_kw, order.case.load_kw)
    assert copy.loaded == order.case.loaded
