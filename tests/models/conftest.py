from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.affine import CompiledSite
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
    Pv,
    PvForecast,
    Series,
    ShiftableState,
    SiteModel,
    ThermalStoreForecast,
    ThermalStoreState,
    TimeGrid,
    Zone,
    ZoneForecast,
    ZoneState,
    graded_grid,
)

START = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
BATTERY = Battery(
    id="bat",
    capacity_kwh=100,
    charge_kw=50,
    discharge_kw=50,
    charge_efficiency=0.9,
    discharge_efficiency=0.9,
    soc_min_share=0.1,
    soc_max_share=0.9,
    wear_cost_per_kwh=0.02,
)
ZONE = Zone(id="room", resistance_k_per_kw=2, capacity_kwh_per_k=5, heat_kw=20, cool_kw=20)

Solve = Callable[[Problem], Plan]
Compile = Callable[[Problem], CompiledSite]


class Cases:
    """Small problems to work by hand."""

    start = START
    battery = BATTERY
    zone = ZONE

    def plain(self, prices: Series, load: Series, step_s: int = 3600, **site: Any) -> Problem:
        """Load and import price per step behind a wide connection; `site` adds equipment."""
        steps = len(load)
        grid = TimeGrid(start=START, step_s=(step_s,) * steps)
        model = SiteModel(grid=Grid(import_limit_kw=1000, export_limit_kw=1000), **site)
        return Problem(
            grid=grid,
            site=model,
            forecast=Forecast(
                load_kw=load,
                outdoor_temp_c=(30.0,) * steps,
                import_price_per_kwh=prices,
                export_price_per_kwh=(0.0,) * steps,
                pvs=tuple(PvForecast(id=pv.id, available_kw=(0.0,) * steps) for pv in model.pvs),
                zones=tuple(
                    ZoneForecast(
                        id=zone.id,
                        gains_kw=(1.0,) * steps,
                        low_c=(20.0,) * steps,
                        high_c=(24.0,) * steps,
                    )
                    for zone in model.zones
                ),
                thermal_stores=tuple(
                    ThermalStoreForecast(id=each.id, draw_kw=(0.0,) * steps)
                    for each in model.thermal_stores
                ),
            ),
            batteries=tuple(BatteryState(id=each.id, soc_kwh=50.0) for each in model.batteries),
            zones=tuple(ZoneState(id=each.id, temperature_c=23.0) for each in model.zones),
            thermal_stores=tuple(
                ThermalStoreState(id=each.id, temperature_c=50.0) for each in model.thermal_stores
            ),
            shiftables=tuple(ShiftableState(id=each.id) for each in model.shiftables),
            demand_terms=tuple(
                DemandTerm(id=charge, price_per_kw=10.0, peak_so_far_kw=0.0)
                for charge in model.demand_charges
            ),
        )

    def outside(self, problem: Problem, **series: Any) -> Problem:
        """The same problem under another forecast."""
        return replace(problem, forecast=replace(problem.forecast, **series))

    def hotel(
        self, later: timedelta = timedelta(0), zones: int = 2, horizon_h: float = 24
    ) -> Problem:
        """A summer day on the graded grid: battery, PV, zones and a demand charge all at work."""
        grid = graded_grid(START + later, horizon_h)
        hours = [moment.hour + moment.minute / 60 for moment in grid.starts]
        rooms = tuple(replace(ZONE, id=f"room_{index}") for index in range(zones))

        def wave(mean: float, swing: float, shift_h: float, period_h: float = 24.0) -> Series:
            return tuple(
                mean + swing * math.sin((hour - shift_h) / period_h * 2 * math.pi) for hour in hours
            )

        site = SiteModel(
            grid=Grid(import_limit_kw=400, export_limit_kw=100),
            batteries=(BATTERY,),
            pvs=(Pv(id="roof", peak_kw=150),),
            zones=rooms,
            demand_charges=("peak",),
        )
        forecast = Forecast(
            load_kw=wave(100, 40, 8),
            outdoor_temp_c=wave(25, 8, 9),
            import_price_per_kwh=wave(0.25, 0.1, 5, 12),
            export_price_per_kwh=(0.08,) * len(hours),
            pvs=(PvForecast(id="roof", available_kw=tuple(map(_sunny, hours))),),
            zones=tuple(
                ZoneForecast(
                    id=room.id,
                    gains_kw=(1.5,) * len(hours),
                    low_c=(20.0,) * len(hours),
                    high_c=(24.0,) * len(hours),
                )
                for room in rooms
            ),
        )
        return Problem(
            grid=grid,
            site=site,
            forecast=forecast,
            batteries=(BatteryState(id="bat", soc_kwh=50.0),),
            zones=tuple(ZoneState(id=room.id, temperature_c=23.0) for room in rooms),
            demand_terms=(DemandTerm(id="peak", price_per_kw=6.0, peak_so_far_kw=90.0),),
        )


def _sunny(hour: float) -> float:
    return 140.0 * max(0.0, math.sin((hour - 6) / 12 * math.pi)) if 6 <= hour <= 18 else 0.0


@pytest.fixture(scope="session")
def cases() -> Cases:
    return Cases()


@pytest.fixture(scope="session")
def compiled() -> Compile:
    known: dict[tuple[SiteModel, tuple[int, ...]], CompiledSite] = {}

    def compile_once(problem: Problem) -> CompiledSite:
        place = (problem.site, problem.grid.step_s)
        if place not in known:
            known[place] = compile_site(*place)
        return known[place]

    return compile_once


@pytest.fixture(scope="session")
def solve(compiled: Compile) -> Solve:
    """A cold solve that must give a plan."""

    def once(problem: Problem) -> Plan:
        outcome = Optimiser(compiled(problem)).solve(problem, 10.0, problem.grid.start)
        assert isinstance(outcome, Plan), outcome
        return outcome

    return once
