"""What peaks cost over months and years: reckoned by hand, billed, bounded and begun anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from edge_agent.backtest.case import DAY, Case, Span, case_of
from edge_agent.backtest.charges import BilledCharge
from edge_agent.backtest.data_file import DataFile
from edge_agent.backtest.foresight import perfect
from edge_agent.backtest.meter import Meter
from edge_agent.backtest.plain_policies import no_control
from edge_agent.backtest.rolling import Policy, Rolling
from edge_agent.backtest.sight import ForecastKind
from edge_agent.site.load import load_site
from edge_agent.site.tariff_schema import DemandCharge, Window

SITE = Path(__file__).parents[2] / "examples" / "hotel_rtp.yaml"
APRIL = datetime(2026, 3, 31, 22, tzinfo=UTC)
"""Midnight of the first of April in Berlin."""
PEAKS_KW = {3: 300.0, 33: 100.0, 64: 240.0, 94: 120.0}
"""By day after the first of April: in April, May, June and July."""
QUIET = Meter(sigma_share=0.0)


def case(charge: DemandCharge, *, days: int = 122, first_day: int = 30) -> Case:
    """50 kW but for an hour at noon on four days; May to July are played, April is the past."""
    load = np.full(days * DAY, 50.0)
    for day, kw in PEAKS_KW.items():
        load[day * DAY + 48 : day * DAY + 52] = kw
    columns = {"load_kw": load, "price_import_per_kwh": np.full(len(load), 0.2)}
    columns["price_export_per_kwh"] = np.zeros(len(load))
    data = DataFile(start=APRIL, columns=columns, ignored=(), step_s=900)
    loaded = load_site(SITE)
    tariff = loaded.tariff.model_copy(update={"demand_charges": (charge,)})
    span = Span(start=APRIL + timedelta(days=first_day))
    return case_of(replace(loaded, tariff=tariff), data, span)


MONTHLY = DemandCharge(id="peak", rate_per_kw=10.0)


@pytest.mark.parametrize(
    ("change", "billed_kw"),
    [
        ({}, [100.0, 240.0, 120.0]),
        ({"ratchet_share": 0.8, "ratchet_months": 11}, [240.0, 240.0, 240.0]),
        ({"ratchet_share": 0.8, "ratchet_months": 1}, [240.0, 240.0, 192.0]),
        ({"ratchet_share": 0.5, "ratchet_months": 2}, [150.0, 240.0, 120.0]),
        ({"months": (6,)}, [0.0, 240.0, 0.0]),
        ({"windows": (Window(start="14:00", end="18:00"),)}, [50.0, 50.0, 50.0]),
        ({"interval_min": 60}, [100.0, 240.0, 120.0]),
    ],
)
def test_months_are_billed_as_reckoned_by_hand(
    change: dict[str, object], billed_kw: list[float]
) -> None:
    played = case(MONTHLY.model_copy(update=change))
    months = no_control(played, QUIET).months
    assert [month.peaks_kw[0] for month in months] == pytest.approx(billed_kw)
    assert [month.demand for month in months] == pytest.approx([10.0 * kw for kw in billed_kw])


def test_a_year_is_paid_for_as_its_peak_rises() -> None:
    months = no_control(
        case(DemandCharge(id="peak", rate_per_kw=10.0, period="year")), QUIET
    ).months
    assert [month.peaks_kw[0] for month in months] == pytest.approx([100.0, 240.0, 240.0])
    assert [month.demand for month in months] == pytest.approx([1000.0, 1400.0, 0.0])


@pytest.mark.slow
def test_the_bound_pays_what_its_outcome_is_billed_and_no_more_than_the_ratchet() -> None:
    """The battery (125 kW, 250 kWh) can take 125 kW off each of the hours at noon."""
    monthly = perfect(case(MONTHLY)).months
    assert [month.peaks_kw[0] for month in monthly] == pytest.approx([50.0, 115.0, 50.0], abs=3)
    held = perfect(case(MONTHLY.model_copy(update={"ratchet_share": 0.8}))).months
    assert [month.peaks_kw[0] for month in held] == pytest.approx([240.0] * 3)
    yearly = perfect(case(DemandCharge(id="peak", rate_per_kw=10.0, period="year")))
    assert sum(month.demand for month in yearly.months) == pytest.approx(1150.0, abs=30)


def test_a_year_in_the_rolling_run_is_kept_as_low_as_the_battery_can(tmp_path: Path) -> None:
    played = case(DemandCharge(id="peak", rate_per_kw=10.0, period="year"), days=5, first_day=2)
    ours = Rolling(played, Policy(forecast=ForecastKind.PERFECT), tmp_path).run(QUIET, _untold)
    assert ours.peak_kw == pytest.approx(perfect(played).peak_kw, abs=3.0)
    assert ours.peak_kw == pytest.approx(175.0, abs=3.0)


@pytest.mark.slow
def test_below_a_ratchet_the_battery_serves_the_prices_alone(tmp_path: Path) -> None:
    """From June's peak of 240 kW on, nothing in July can be billed below 192 kW."""
    held = MONTHLY.model_copy(update={"ratchet_share": 0.8, "ratchet_months": 1})
    played = case(held, days=97, first_day=92)
    ours = Rolling(played, Policy(forecast=ForecastKind.PERFECT), tmp_path).run(QUIET, _untold)
    assert ours.months[0].peaks_kw == pytest.approx((192.0,))
    assert ours.cycles_per_day < 0.05
    free = case(MONTHLY, days=97, first_day=92)
    low = Rolling(free, Policy(forecast=ForecastKind.PERFECT), tmp_path).run(QUIET, _untold)
    assert low.peak_kw < 100.0


def _untold(_share: float) -> None:
    """Nobody watches."""


def test_a_ratchet_looks_back_no_further_than_it_says() -> None:
    charge = BilledCharge(
        id="c",
        rate_per_kw=1.0,
        quarters=1,
        period=np.zeros(1, dtype=np.int64),
        periods=1,
        counted=np.ones(1),
        ratchet_share=0.5,
        ratchet_months=2,
        before_kw=(40.0, 90.0),
    )
    assert charge.ratchet_kw(0, []) == 45.0
    assert charge.ratchet_kw(1, [30.0]) == 20.0
    assert charge.ratchet_kw(2, [30.0, 20.0]) == 15.0
