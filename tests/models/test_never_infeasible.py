"""Adversarial but finite inputs: a plan always comes out, and it has passed the verifier."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.solver import Optimiser
from models.types import (
    BatteryState,
    DemandTerm,
    Forecast,
    Plan,
    Problem,
    PvForecast,
    Series,
    TimeGrid,
    ZoneForecast,
    ZoneState,
)

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Compile

STEP_S = (300,) * 9 + (900,) * 7


class _Chaos:
    """Random problems far outside what a sound site shows."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self._problem = problem
        self._rng = np.random.default_rng(seed)

    def _series(self, low: float, high: float) -> Series:
        return tuple(self._rng.uniform(low, high, len(STEP_S)).tolist())

    def _one_of(self, *choices: float) -> float:
        return float(self._rng.choice(choices))

    def _unless_unknown(self, low: float, high: float) -> float | None:
        return None if self._rng.random() < 0.1 else float(self._rng.uniform(low, high))

    def draw(self) -> Problem:
        site = self._problem.site
        dear = self._one_of(0.05, 0.5, 5.0)
        forecast = Forecast(
            load_kw=self._series(self._one_of(-300, 0), self._one_of(50, 900)),
            outdoor_temp_c=self._series(-35, 48),
            import_price_per_kwh=self._series(self._one_of(-dear, 0), dear),
            export_price_per_kwh=self._series(self._one_of(-dear, 0), self._one_of(0.1, dear)),
            pvs=(PvForecast(id="roof", available_kw=self._series(-50, 400)),),
            zones=tuple(
                ZoneForecast(
                    id=zone.id,
                    gains_kw=self._series(-5, 30),
                    low_c=self._series(15, 27),
                    high_c=self._series(18, 28),
                )
                for zone in site.zones
            ),
            peak_margin_kw=self._series(0, 40) if self._rng.random() < 0.5 else (),
        )
        minutes = 5 * int(self._rng.integers(0, 300))
        state = BatteryState(
            id="bat",
            soc_kwh=self._unless_unknown(-5, 130),
            charge_limit_kw=self._one_of(-3, 0, 20, 500),
            discharge_limit_kw=self._one_of(0, 20, 500),
        )
        term = DemandTerm(
            id="peak",
            price_per_kw=self._one_of(0, 1, 15),
            peak_so_far_kw=float(self._rng.uniform(0, 500)),
            block_s=int(self._one_of(900, 1800, 3600)),
            open_block_kwh=float(self._rng.uniform(0, 100)),
            open_block_elapsed_s=self._one_of(0, 300, 600),
        )
        start = self._problem.grid.start + timedelta(minutes=minutes)
        return replace(
            self._problem,
            grid=TimeGrid(start=start, step_s=STEP_S),
            forecast=forecast,
            batteries=(state,),
            zones=tuple(
                ZoneState(id=zone.id, temperature_c=self._unless_unknown(-10, 60))
                for zone in site.zones
            ),
            demand_terms=(term,),
        )


@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_adversarial_inputs_all_give_a_plan(
    cases: Cases, compiled: Compile, seed: int
) -> None:
    """50 a seed, each hot after the other; a refusal of any kind fails with its reason."""
    hotel = cases.hotel(zones=1)
    chaos = _Chaos(replace(hotel, grid=TimeGrid(start=hotel.grid.start, step_s=STEP_S)), seed)
    first = chaos.draw()
    optimiser = Optimiser(compiled(first))
    for _ in range(50):
        problem = chaos.draw()
        outcome = optimiser.solve(problem, 10.0, problem.grid.start)
        assert isinstance(outcome, Plan), (outcome, problem)
        assert outcome.source.by_solver
