"""A month of a hotel, 96 steps a day, planned anew every hour with perfect 24 h forecasts.

Load with a peak of 250 kW, battery 250 kWh / 125 kW, 9 per kW and month, seed fixed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from models.compiled import compile_site
from models.solver import Optimiser
from models.types import (
    Battery,
    BatteryState,
    DemandTerm,
    Forecast,
    Grid,
    Plan,
    Problem,
    Series,
    SiteModel,
    TimeGrid,
)

START = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 30
STEPS_A_DAY = 96
RATE_PER_KW = 9.0
REPLAN = 4
SITE = SiteModel(
    grid=Grid(import_limit_kw=600, export_limit_kw=300),
    batteries=(Battery(id="bat", capacity_kwh=250, charge_kw=125, discharge_kw=125),),
    demand_charges=("peak",),
)
CarriedRate = Callable[[int], float]
"""Money per kW for the horizon that begins at a step of the month."""


@dataclass(frozen=True)
class Month:
    """Load [kW] and price per kWh, a day longer than the month so that horizons stay full."""

    load_kw: Series
    price: Series


def month(seed: int = 6) -> Month:
    """Morning and evening peaks, weekends, noise; prices with a midday dip and an evening peak."""
    rng = np.random.default_rng(seed)
    steps = (DAYS + 1) * STEPS_A_DAY
    hour = np.arange(steps) % STEPS_A_DAY / 4
    day = np.arange(steps) // STEPS_A_DAY

    def hump(centre: float, width: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.exp(-(((hour - centre) / width) ** 2))

    busy = rng.uniform(0.75, 1.1, DAYS + 1)[day] * np.where(day % 7 >= 5, 1.1, 1.0)
    shape = 70 + 60 * hump(8, 1.5) + 40 * hump(13, 2.5) + 100 * hump(19.5, 2.0)
    noise = np.convolve(rng.normal(0, 12, steps + 3), np.ones(4) / 4, "valid")
    load = np.maximum(30, shape * busy + noise)
    load *= 250 / load[: DAYS * STEPS_A_DAY].max()
    level = rng.uniform(0.8, 1.25, DAYS + 1)[day]
    price = (0.22 + 0.06 * hump(8, 2) - 0.09 * hump(13, 2.5) + 0.12 * hump(19.5, 2)) * level
    return Month(tuple(load.tolist()), tuple((price + rng.normal(0, 0.008, steps)).tolist()))


def bill(given: Month, grid_kw: Series) -> float:
    """Energy and peak of the month, by block means of import."""
    count = DAYS * STEPS_A_DAY
    energy = sum(
        price * max(0.0, kw) / 4
        for price, kw in zip(given.price[:count], grid_kw[:count], strict=True)
    )
    return energy + RATE_PER_KW * max(0.0, *grid_kw[:count])


def perfect(given: Month) -> float:
    """Bill and wear of the plan that knows the whole month."""
    count = DAYS * STEPS_A_DAY
    grid = TimeGrid(start=START, step_s=(900,) * count)
    problem = _problem(
        given, grid, (0, 125.0), DemandTerm(id="peak", price_per_kw=RATE_PER_KW, peak_so_far_kw=0)
    )
    plan = _solve(Optimiser(compile_site(SITE, grid.step_s)), problem, 120.0)
    return bill(given, plan.grid_kw) + plan.cost.wear


def rolled(given: Month, rate: CarriedRate) -> float:
    """Bill and wear of a month in which each hour carries out the first hour of a new plan."""
    step_s = (900,) * STEPS_A_DAY
    optimiser = Optimiser(compile_site(SITE, step_s))
    soc, peak, wear = 125.0, 0.0, 0.0
    carried_out: list[float] = []
    for step in range(0, DAYS * STEPS_A_DAY, REPLAN):
        grid = TimeGrid(start=START + timedelta(minutes=15 * step), step_s=step_s)
        term = DemandTerm(id="peak", price_per_kw=rate(step), peak_so_far_kw=peak)
        plan = _solve(optimiser, _problem(given, grid, (step, soc), term), 10.0)
        carried_out += plan.grid_kw[:REPLAN]
        peak = max(peak, *carried_out[-REPLAN:])
        battery = plan.batteries[0]
        wear += sum(0.03 * max(0.0, -kw) / 4 for kw in battery.power_kw[:REPLAN])
        soc = battery.soc_kwh[REPLAN - 1]
    return bill(given, tuple(carried_out)) + wear


def rate_over_days_left(step: int) -> float:
    """The monthly rate spread over the days the billing period still has."""
    return RATE_PER_KW / (DAYS - step // STEPS_A_DAY)


def _problem(given: Month, grid: TimeGrid, at: tuple[int, float], term: DemandTerm) -> Problem:
    """The horizon that begins at a step of the month with so much in store."""
    first, soc = at
    cells = slice(first, first + len(grid))
    none = (0.0,) * len(grid)
    return Problem(
        grid=grid,
        site=SITE,
        forecast=Forecast(
            load_kw=given.load_kw[cells],
            outdoor_temp_c=none,
            import_price_per_kwh=given.price[cells],
            export_price_per_kwh=none,
        ),
        batteries=(BatteryState(id="bat", soc_kwh=soc),),
        demand_terms=(term,),
    )


def _solve(optimiser: Optimiser, problem: Problem, budget_s: float) -> Plan:
    outcome = optimiser.solve(problem, budget_s, problem.grid.start)
    assert isinstance(outcome, Plan), outcome
    return outcome
