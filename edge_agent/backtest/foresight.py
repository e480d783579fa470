"""The least a case could have cost: one LP that knows every quarter hour of all its months.

Formulated apart from the planner (no rows in common), with HiGHS as SciPy brings it. It sees the
means of quarter hours, so what the meter does inside them makes it a little too good: a bound.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from edge_agent.backtest.case import Case
from edge_agent.backtest.errors import BacktestError
from edge_agent.backtest.foresight_peaks import KINDS, PeakRows
from edge_agent.backtest.outcome import Book, Outcome, settle, start_soc_kwh, stored_value
from models.forecast.history import Floats

HOURS = 0.25
CHARGE, DISCHARGE, BUY, SELL, CURTAIL, SOC = range(KINDS)


def perfect(case: Case) -> Outcome:
    """The cheapest schedule of the whole span; demand charges exact per month."""
    count = case.last - case.first
    peaks = PeakRows(case)
    found = linprog(
        np.concatenate([_costs(case, count), peaks.costs()]),
        A_eq=_balance(case, count, peaks.columns),
        b_eq=_given(case, count),
        A_ub=peaks.matrix(),
        b_ub=np.zeros(peaks.rows),
        bounds=np.concatenate([_bounds(case, count), peaks.bounds()]),
        method="highs-ipm" if count > 40 * 96 else "highs-ds",
    )
    if found.status != 0:
        msg = f"perfect foresight: {found.message}"
        raise BacktestError(msg)
    return _booked(case, found.x[: KINDS * count].reshape(KINDS, count))


def _costs(case: Case, count: int) -> Floats:
    costs = np.zeros((KINDS, count))
    costs[DISCHARGE] = case.battery.wear_cost_per_kwh * HOURS
    costs[BUY] = case.import_price[case.played] * HOURS
    costs[SELL] = -case.export_price[case.played] * HOURS
    costs[SOC, -1] = -stored_value(case)
    return costs.ravel()


def _balance(case: Case, count: int, more: int) -> sparse.csr_array:
    """Power at the bus, then stored energy, per quarter hour."""
    one, none = sparse.eye_array(count), sparse.csr_array((count, count))
    bus = [one, -one, -one, one, one, none]
    step = one - sparse.eye_array(count, k=-1)
    battery = case.battery
    store = [
        -HOURS * battery.charge_efficiency * one,
        HOURS / battery.discharge_efficiency * one,
        *(none, none, none),
        step,
    ]
    peaks = sparse.csr_array((2 * count, more))
    return sparse.csr_array(sparse.hstack([sparse.block_array([bus, store]), peaks]))


def _given(case: Case, count: int) -> Floats:
    stored = np.zeros(count)
    stored[0] = start_soc_kwh(case)
    return np.concatenate([-case.net_kw[case.played], stored])


def _bounds(case: Case, count: int) -> Floats:
    battery, grid = case.battery, case.loaded.site.assets.grid
    low, high = np.zeros((KINDS, count)), np.zeros((KINDS, count))
    high[CHARGE], high[DISCHARGE] = battery.charge_kw, battery.discharge_kw
    # The meter shows what the load is, whatever the limits: the bound must stay feasible.
    high[BUY] = max(grid.import_limit_kw, float(case.net_kw[case.played].max()))
    high[SELL] = max(grid.export_limit_kw, float(-case.net_kw[case.played].min()))
    curtailable = any(pv.limit is not None for pv in case.loaded.site.assets.pv)
    high[CURTAIL] = case.pv_kw[case.played] if curtailable else 0.0
    low[SOC] = battery.soc_min_share * battery.capacity_kwh
    high[SOC] = battery.soc_max_share * battery.capacity_kwh
    return np.stack([low.ravel(), high.ravel()], axis=1)


def _booked(case: Case, values: Floats) -> Outcome:
    book = Book(case)
    played = case.played
    # Where selling pays as much as buying costs, both at once is an equal optimum: netted here.
    both = np.minimum(values[BUY], values[SELL])
    book.import_kwh[played] = (values[BUY] - both) * HOURS
    book.export_kwh[played] = (values[SELL] - both) * HOURS
    book.discharged_kwh[played] = values[DISCHARGE] * HOURS
    book.curtailed_kwh[played] = values[CURTAIL] * HOURS
    book.soc_kwh[played] = values[SOC]
    return settle("perfect", book)
