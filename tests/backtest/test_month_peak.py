"""The floor of a month's peak, and how a planned peak is carried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from dead_time_rig import NOON, flat_plan

from edge_agent.fastloop.riding import aimed, ridden_kw
from edge_agent.month_peak import (
    EASE,
    LEAST_DAYS,
    MOST_DAYS,
    floor_days,
    floor_kw,
    held_peak_kw,
    with_floor,
)
from models.types import Battery, DemandTerm, Plan

BATTERY = Battery(id="bat", capacity_kwh=100.0, charge_kw=50.0, discharge_kw=50.0)
USABLE_KWH = 0.85 * 100.0 * 0.95


@pytest.mark.parametrize(("left", "days"), [(0.1, LEAST_DAYS), (9.2, 10), (31.0, MOST_DAYS)])
def test_as_many_days_are_looked_at_as_the_month_has_left(left: float, days: int) -> None:
    assert floor_days(left) == days


def test_the_floor_is_a_share_of_the_highest_held_day_and_0_without_any() -> None:
    assert floor_kw([80.0, None, 100.0]) == pytest.approx(EASE * 100.0)
    assert floor_kw([None, None]) == 0.0


@pytest.mark.parametrize(
    ("net_kw", "held_kw"),
    [
        ([100.0] * 96, 100.0 - USABLE_KWH / 24),  # energy is what there is too little of
        ([20.0] * 95 + [100.0], 50.0),  # the rating is
        ([-5.0] * 96, 0.0),
        ([100.0] * 8 + [0.0] * 80 + [100.0] * 8, 100.0 - USABLE_KWH / 2),  # filled in between
    ],
)
def test_a_held_day(net_kw: list[float], held_kw: float) -> None:
    assert held_peak_kw(BATTERY, net_kw) == pytest.approx(held_kw, abs=0.05)


def test_a_term_takes_the_whole_rate_above_the_higher_floor() -> None:
    term = DemandTerm(id="peak", price_per_kw=0.3, peak_so_far_kw=10.0, ratchet_kw=70.0)
    assert with_floor(term, 9.0, 60.0).ratchet_kw == 70.0
    assert with_floor(term, 9.0, 80.0).billed_kw == 80.0
    assert with_floor(term, 9.0, 80.0).price_per_kw == 9.0


def riding(import_kw: float, peak_kw: float) -> Plan:
    plan = flat_plan(-20.0, peak_kw)
    return replace(plan, grid_kw=(import_kw,) * len(plan.grid))


@pytest.mark.parametrize(
    ("import_kw", "margin_kw", "power_kw"),
    [(100.0, 0.0, 0.0), (99.2, 0.0, 0.0), (92.0, 8.0, 0.0), (92.0, 0.0, -20.0)],
)
def test_giving_for_the_peak_alone_is_left_to_the_loop(
    import_kw: float, margin_kw: float, power_kw: float
) -> None:
    plan = riding(import_kw, 100.0)
    assert ridden_kw(plan, NOON, -20.0, 120.0, (margin_kw,) * len(plan.grid)) == power_kw


@pytest.mark.parametrize(("load_kw", "power_kw"), [(70.0, 15.0), (90.0, 10.0), (130.0, 0.0)])
def test_charging_goes_no_further_than_the_planned_import(load_kw: float, power_kw: float) -> None:
    assert ridden_kw(riding(100.0, 100.0), NOON, 15.0, load_kw) == power_kw
    assert ridden_kw(riding(80.0, 100.0), NOON, 15.0, load_kw) == 15.0


def test_moments_without_a_plan_are_left_as_they_are() -> None:
    plan = riding(100.0, 100.0)
    assert ridden_kw(plan, NOON + timedelta(days=9), -20.0, 50.0) == -20.0
    assert ridden_kw(flat_plan(-20.0, None), NOON, -20.0, 50.0) == -20.0


def test_the_loops_margin_is_put_on_planned_peaks() -> None:
    assert aimed(riding(100.0, 100.0), 0.5).peaks_kw == (100.5,)
