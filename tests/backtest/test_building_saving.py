"""A few winter days of a simulated building with and without us: money, comfort, hot water."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from building_days import winter_case

from edge_agent.backtest.building_bill import KINDS
from edge_agent.backtest.building_case import BuildingCase
from edge_agent.backtest.building_figures import building_figures, building_lines
from edge_agent.backtest.building_planned import Planned
from edge_agent.backtest.building_play import Record, played, settled
from edge_agent.backtest.building_run import BuildingRun, pieces, play_building
from edge_agent.backtest.building_thermostat import Thermostats
from edge_agent.backtest.case import DAY
from edge_agent.backtest.sight import ForecastKind
from models.building.house import House

DAYS = 2
CYCLE_C, CYCLE_MIN = 70.0, 30


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> BuildingCase:
    return winter_case(tmp_path_factory.mktemp("inn"), DAYS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def run(case: BuildingCase) -> BuildingRun:
    shares: list[float] = []
    with ThreadPoolExecutor(1) as executor:
        found = play_building(case, pieces(case), ForecastKind.OWN, executor, shares.append)
    assert shares[-1] == 1.0
    return found


def test_it_saves_money_in_every_part(run: BuildingRun) -> None:
    assert run.saving_share > 0.08
    assert run.foresight_share > 0.04
    assert run.unplanned == 0
    assert run.days == DAYS
    for kind in KINDS:
        assert run.ours.cost_of(kind) < run.usual.cost_of(kind), kind


def test_no_comfort_is_sold(run: BuildingRun) -> None:
    assert run.ours.guest_kelvin_h <= run.usual.guest_kelvin_h + 0.01
    coldest = [month.coldest_water_c for month in run.ours.months]
    assert all(water_c is not None and water_c > 59.0 for water_c in coldest)


def test_a_saving_that_guests_pay_for_is_told_as_such(case: BuildingCase, run: BuildingRun) -> None:
    def told(one: BuildingRun) -> str:
        return "\n".join(building_lines(case, one, ForecastKind.OWN))

    cold = replace(run.ours.months[0], guest_kelvin_h=run.usual.guest_kelvin_h + 7.0)
    sold = replace(run, ours=replace(run.ours, months=(cold, *run.ours.months[1:])))
    assert "guests pay for it" not in told(run)
    assert "7.0 kelvin-hours more beyond 20 to 24 degC" in told(sold)
    assert building_figures(case, sold, ForecastKind.OWN)["guest_kelvin_h"] == pytest.approx(
        run.usual.guest_kelvin_h + 7.0
    )


def test_the_pool_gets_its_hours(run: BuildingRun) -> None:
    assert run.usual.energy_of("loads") == pytest.approx(DAYS * 16.0)
    assert DAYS * 16.0 <= run.ours.energy_of("loads") <= DAYS * 18.0


def test_no_saving_comes_from_heat_that_is_left_over(run: BuildingRun) -> None:
    assert run.ours.owed > 0
    assert run.usual.owed == 0
    paid = sum(month.total for month in run.ours.months)
    assert run.ours.cost == pytest.approx(paid + run.ours.owed)


def test_pieces_cover_the_span_without_a_gap(case: BuildingCase) -> None:
    longer = replace(case, last=case.first + 30 * DAY)
    found = pieces(longer, 7 * DAY)
    assert [begin for begin, _ in found] == [case.first + 7 * DAY * week for week in range(5)]
    assert [end for _, end in found[:-1]] == [begin for begin, _ in found[1:]]
    assert found[-1][1] == longer.last


class Watched:
    """Our own control, and how long the water was hot without a break."""

    def __init__(self, control: Planned) -> None:
        self.name = control.name
        self._control = control
        self._hot_min = 0
        self.longest_hot_min = 0

    def quarter(self, step: int, house: House) -> None:
        self._control.quarter(step, house)

    def minute(self, local_h: float, house: House) -> None:
        hot = house.tanks["hot_water"].temperature_c >= CYCLE_C
        self._hot_min = self._hot_min + 1 if hot else 0
        self.longest_hot_min = max(self.longest_hot_min, self._hot_min)
        self._control.minute(local_h, house)


@pytest.mark.parametrize(("days_ago", "comes"), [(8, "yes"), (1, "no")])
def test_a_cycle_comes_when_it_is_due(
    case: BuildingCase, cache: Path, days_ago: int, comes: str
) -> None:
    """At one price for all hours nobody heats water further than must be."""
    flat = replace(case, price=np.full_like(case.price, 0.3), last=case.first + DAY // 2)
    lately = flat.at(flat.first) - timedelta(days=days_ago)
    control = Watched(Planned(flat, ForecastKind.OWN, cache, {"hot_water": lately}))
    played(flat, control, settled(flat, Thermostats(flat)))
    assert (control.longest_hot_min >= CYCLE_MIN) == (comes == "yes")


def test_the_same_seed_gives_the_same_days(case: BuildingCase, cache: Path) -> None:
    morning = replace(case, last=case.first + DAY // 4)

    def once() -> Record:
        house = settled(morning, Thermostats(morning))
        return played(morning, Planned(morning, ForecastKind.OWN, cache, {}), house)

    first, again = once(), once()
    for name, used_kwh in first.energy_kwh.items():
        np.testing.assert_array_equal(used_kwh, again.energy_kwh[name])


@pytest.mark.parametrize(("kind", "sees"), [("own", "no"), ("perfect", "yes")])
def test_own_forecasts_see_nothing_of_the_weather_that_comes(
    case: BuildingCase, cache: Path, kind: str, sees: str
) -> None:
    step = case.first
    outdoor_c = case.outdoor_c.copy()
    outdoor_c[step:] += 12.0
    plans = []
    for one in (case, replace(case, outdoor_c=outdoor_c)):
        control = Planned(one, ForecastKind(kind), cache, {})
        control.quarter(step, settled(replace(case, last=step), Thermostats(case)))
        assert control.plan is not None
        plans.append(control.plan.zones)
    assert (plans[0] == plans[1]) == (sees == "no")
