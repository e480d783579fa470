"""What a month's peak is worth, and how a planned peak is carried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from dead_time_rig import METER, NOON, POWER, SETPOINT, SOC, envelope, flat_plan, picture

from edge_agent.billing import open_block
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.riding import (
    FLICKERS,
    LATE_S,
    Lately,
    aimed,
    calmed,
    lately,
    patience_kw,
    ridden_kw,
    ride_at,
)
from edge_agent.fastloop.tracker import RIDING, Tracker
from edge_agent.histories import SiteHistory
from edge_agent.late_first import late_first
from edge_agent.month_peak import (
    floored,
    held_peak_kw,
    least_margin,
    net_history,
    together,
)
from edge_agent.plan_words import Reality
from edge_agent.problem import build_problem
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.tariff_schema import DemandCharge, Window
from edge_agent.tracking import Actuators
from models.compiled import compile_site
from models.forecast.history import History
from models.solver import Optimiser
from models.types import (
    Battery,
    BatteryState,
    DemandTerm,
    Forecast,
    Grid,
    PeakLevel,
    Plan,
    Problem,
    SiteModel,
    TimeGrid,
)

BATTERY = Battery(id="bat", capacity_kwh=100.0, charge_kw=50.0, discharge_kw=50.0)
USABLE_KWH = 0.85 * 100.0 * 0.95


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


def test_hours_that_do_not_count_fill_the_battery() -> None:
    net_kw = [100.0] * 96
    counted = [step >= 48 for step in range(96)]
    assert held_peak_kw(BATTERY, net_kw, counted=counted) == pytest.approx(
        100.0 - USABLE_KWH / 12, abs=0.05
    )


def test_two_batteries_hold_what_both_can() -> None:
    both = together([BATTERY, replace(BATTERY, id="b", capacity_kwh=300.0, discharge_kw=20.0)])
    assert both is not None
    assert (both.capacity_kwh, both.discharge_kw) == (400.0, 70.0)
    assert together([]) is None


SITE = Path(__file__).parents[2] / "examples" / "hotel_rtp.yaml"
BERLIN_MIDNIGHT = datetime(2026, 6, 9, 22, tzinfo=UTC)


def with_charge(charge: DemandCharge) -> LoadedSite:
    loaded = load_site(SITE)
    tariff = loaded.tariff.model_copy(update={"demand_charges": (charge,)})
    return replace(loaded, tariff=tariff)


def history_of(load_kw: float, high_kw: float, days: int) -> SiteHistory:
    """Flat days up to midnight in Berlin; the last but one is higher from 18 to 19 h local."""
    values = np.full(days * 96, load_kw)
    values[-2 * 96 + 72 : -2 * 96 + 76] = high_kw
    load = History(BERLIN_MIDNIGHT - timedelta(days=days), 900, values)
    pv = {"pv": replace(load, values=np.full(days * 96, 20.0))}
    return SiteHistory(load_kw=load, outdoor_temp_c=None, irradiance_w_per_m2=None, pv_kw=pv)


CHARGE = DemandCharge(id="peak", rate_per_kw=9.0)
TERM = DemandTerm(id="peak", price_per_kw=0.4, peak_so_far_kw=0.0)
FLAT = 0.0
"""Prices without a spread: holding a peak costs nothing."""


@pytest.mark.parametrize(
    ("charge", "held_kw"),
    [
        (CHARGE, 150.0),  # 220 kW less 20 of sun, less what the battery can give
        (CHARGE.model_copy(update={"windows": (Window(start="06:00", end="12:00"),)}), 80.0),
    ],
)
def test_a_charge_is_priced_by_the_hours_it_counts(charge: DemandCharge, held_kw: float) -> None:
    no_energy = replace(BATTERY, discharge_kw=50.0)
    high_kw = 220.0 if not charge.windows else 500.0
    seen = history_of(100.0, high_kw, 4)
    (term,) = floored((TERM,), with_charge(charge), seen, (no_energy,), BERLIN_MIDNIGHT, FLAT)
    expected = held_kw if not charge.windows else 80.0 - USABLE_KWH / 6
    assert term.levels[-1].price_per_kw == 9.0
    assert term.levels[-1].from_kw == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("spread", "worth_kw"), [(FLAT, 130.0), (0.02, 130.0), (0.3, 180.0)])
def test_a_peak_that_is_not_worth_holding_for_so_long_stands_higher(
    spread: float, worth_kw: float
) -> None:
    """A large battery can hold 180 kW of twelve hours a day down to what it can give."""
    large = replace(BATTERY, capacity_kwh=4000.0)
    seen = history_of(100.0, 100.0, 4)
    seen.load_kw.values[-2 * 96 + 40 : -2 * 96 + 88] = 200.0
    (term,) = floored((TERM,), with_charge(CHARGE), seen, (large,), BERLIN_MIDNIGHT, spread)
    assert term.levels[-1].from_kw == pytest.approx(worth_kw, abs=0.05)


def test_the_worker_prices_a_peak_by_its_history() -> None:
    loaded = load_site(SITE)
    (charge,) = loaded.tariff.demand_charges
    known = Reality(
        at=BERLIN_MIDNIGHT,
        batteries=(BatteryState(id="bat", soc_kwh=100.0),),
        zones=(),
        demand_terms=(replace(TERM, id=charge.id),),
    )
    seen = history_of(100.0, 320.0, 4)
    built = build_problem(loaded, seen, known)
    assert isinstance(built, Problem)
    (term,) = built.demand_terms
    assert term.levels[-1].from_kw == pytest.approx(300.0 - 125.0, abs=0.1)
    assert term.levels[-1].price_per_kw == charge.rate_per_kw
    assert 0.0 < term.ratchet_kw < term.levels[-1].from_kw


def test_among_equal_prices_the_later_hour_gives_first() -> None:
    grid = TimeGrid(start=NOON, step_s=(900,) * 96)
    prices = late_first((0.2,) * 48 + (0.21,) * 48, grid)
    assert list(prices) == sorted(prices)
    assert max(prices) - 0.21 < 0.01 * 0.21
    # One hour of high price, half of it the battery's: the second half is served.
    dear = (0.1,) * 4 + (0.4,) * 4
    grid = TimeGrid(start=NOON, step_s=(900,) * 8)
    site = SiteModel(grid=Grid(import_limit_kw=500, export_limit_kw=500), batteries=(BATTERY,))
    problem = Problem(
        grid=grid,
        site=site,
        forecast=Forecast(
            load_kw=(100.0,) * 8,
            outdoor_temp_c=(10.0,) * 8,
            import_price_per_kwh=late_first(dear, grid),
            export_price_per_kwh=(0.0,) * 8,
        ),
        batteries=(BatteryState(id="bat", soc_kwh=10.0 + 25.0 / 0.95),),
        stored_value_per_kwh=0.2,
    )
    site = replace(site, batteries=(replace(BATTERY, charge_kw=0.0),))
    plan = Optimiser(compile_site(site, grid.step_s)).solve(replace(problem, site=site), 20.0, NOON)
    assert isinstance(plan, Plan)
    given_kw = [-kw for kw in plan.batteries[0].power_kw]
    assert given_kw[:6] == pytest.approx([0.0] * 6, abs=0.01)
    assert given_kw[6:] == pytest.approx([50.0] * 2, abs=0.01)


def test_without_a_battery_the_highest_import_is_worth_the_whole_rate() -> None:
    loaded, seen = with_charge(CHARGE), history_of(100.0, 220.0, 4)
    (term,) = floored((TERM,), loaded, seen, (), BERLIN_MIDNIGHT, FLAT)
    assert term.levels[-1] == PeakLevel(200.0, 9.0)


def test_without_a_whole_day_the_charge_stays_as_it_is() -> None:
    seen = history_of(100.0, 220.0, 4)
    seen.load_kw.values[::90] = np.nan
    loaded = with_charge(CHARGE)
    assert floored((TERM,), loaded, seen, (BATTERY,), BERLIN_MIDNIGHT, FLAT) == (TERM,)


def test_where_a_plant_was_held_back_nothing_was_bought_for_certain() -> None:
    seen = history_of(100.0, 220.0, 1)
    seen.pv_kw["pv"].values[5] = np.nan
    seen.load_kw.values[6] = np.nan
    net = net_history(seen).values
    assert (net[4], net[5]) == (80.0, 0.0)
    assert np.isnan(net[6])


def riding(import_kw: float, peak_kw: float, margin_kw: float = 0.0) -> Plan:
    plan = flat_plan(-20.0, peak_kw)
    steps = len(plan.grid)
    return replace(plan, grid_kw=(import_kw,) * steps, peak_margin_kw=(margin_kw,) * steps)


@pytest.mark.parametrize(
    ("import_kw", "margin_kw", "power_kw"),
    [(100.0, 0.0, 0.0), (99.2, 0.0, 0.0), (92.0, 8.0, 0.0), (92.0, 0.0, -20.0)],
)
def test_giving_for_the_peak_alone_is_left_to_the_loop(
    import_kw: float, margin_kw: float, power_kw: float
) -> None:
    ride = ride_at(riding(import_kw, 100.0, margin_kw), 0)
    assert ridden_kw(ride, -20.0, 120.0, 0.0) == power_kw


@pytest.mark.parametrize(
    ("load_kw", "margin_kw", "billed_kw", "power_kw"),
    [
        (70.0, 0.0, 0.0, 15.0),
        (90.0, 0.0, 0.0, 10.0),
        (130.0, 0.0, 0.0, 0.0),
        (85.0, 8.0, 0.0, 7.0),  # the margin is for the load alone
        (85.0, 8.0, 95.0, 10.0),  # what is billed already costs nothing
        (60.0, 8.0, 0.0, 15.0),
    ],
)
def test_charging_goes_no_further_than_to_what_was_planned_for_or_is_billed(
    load_kw: float, margin_kw: float, billed_kw: float, power_kw: float
) -> None:
    ride = ride_at(riding(80.0 if margin_kw else 100.0, 100.0, margin_kw), 0)
    assert ridden_kw(ride, 15.0, load_kw, billed_kw) == power_kw
    assert ridden_kw(ride, 15.0, None, billed_kw) == 0.0


def test_moments_without_a_plan_are_left_as_they_are() -> None:
    assert ride_at(riding(100.0, 100.0), None) is None
    assert ride_at(flat_plan(-20.0, None), 0) is None
    assert ridden_kw(None, -20.0, 50.0, 0.0) == -20.0
    assert ridden_kw(None, 20.0, None, 0.0) == 20.0


def test_the_loops_margin_is_put_on_planned_peaks() -> None:
    assert aimed(riding(100.0, 100.0), 0.5).peaks_kw == (100.5,)


@pytest.mark.parametrize(
    ("margin_kw", "wanted_kw"),
    [((), (0.5, 0.5)), ((0.0, 8.0), (0.5, 8.0))],
)
def test_a_peak_is_planned_with_no_less_than_the_loop_needs(
    margin_kw: tuple[float, ...], wanted_kw: tuple[float, ...]
) -> None:
    pair = (
        replace(BATTERY, charge_kw=30.0, discharge_kw=60.0),
        replace(BATTERY, charge_kw=40.0, discharge_kw=20.0),
    )
    assert least_margin(margin_kw, pair, 2) == wanted_kw
    assert least_margin(margin_kw, (), 2) == margin_kw


def test_a_block_that_is_charged_in_does_not_reach_for_the_margin() -> None:
    plan, full = riding(80.0, 100.0, 8.0), riding(99.0, 100.0, 8.0)
    assert calmed(plan, ride_at(plan, 0)).peaks_kw == (92.0,)
    assert calmed(full, ride_at(full, 0)).peaks_kw == (99.0,)
    assert calmed(plan, None) is plan


@pytest.mark.parametrize(("billed_kw", "power_kw"), [(0.0, 12.0), (96.0, 16.0)])
def test_the_gateways_loop_charges_up_to_there(billed_kw: float, power_kw: float) -> None:
    plan = replace(flat_plan(30.0, 100.0), grid_kw=(85.0,), peak_margin_kw=(8.0,))
    values = {METER: (80.0, 0.0), POWER: (0.0, 0.0), SOC: (50.0, 0.0)}
    settings = LoopSettings(tick_s=5.0, lead_s=0.0, target_margin_share=0.0)
    tracker = Tracker({SETPOINT: envelope()}, Actuators(batteries=(("bat", SETPOINT),)), settings)
    charge = Charge(id="peak", peak_kw=billed_kw, block=open_block(NOON, 900))
    (entry,) = tracker.step(plan, picture(NOON, values), (charge,), NOON, 15.0)
    assert entry.value == pytest.approx(power_kw)


def test_the_load_lately_is_the_mean_of_the_last_whole_quarter_hour() -> None:
    seen = Lately()
    for second in range(0, 1800, 300):
        seen = lately(seen, 100.0 if second < 900 else 130.0, 900_000.0 + second)
        assert seen.kw == pytest.approx(100.0)
    assert lately(seen, 50.0, 900_000.0 + 1800).kw == pytest.approx(130.0)
    # After a hole nothing is known of the last quarter hour but what has come since.
    assert lately(seen, 50.0, 900_000.0 + 9000).kw == pytest.approx(50.0)


def test_a_change_of_the_load_is_no_flicker() -> None:
    seen = Lately()
    for tick in range(400):
        seen = lately(seen, 100.0 + (2.0 if tick % 2 else 0.0), 5.0 * tick)
    assert seen.flicker_kw == pytest.approx(2.0, rel=0.05)
    assert lately(seen, 300.0, 2000.0).flicker_kw < 1.2 * seen.flicker_kw


def test_what_a_block_asks_for_waits_less_and_less() -> None:
    assert patience_kw(1.0, 10.0, 900.0, 900.0) == pytest.approx(FLICKERS * (900 - LATE_S) / 900)
    assert patience_kw(9.0, 10.0, 900.0, 900.0) == pytest.approx(10 * (900 - LATE_S) / 900)
    assert patience_kw(1.0, 10.0, LATE_S, 900.0) == 0.0


@pytest.mark.parametrize(
    ("load_kw", "margin_kw", "wish_kw", "note"),
    [
        (90.0, 0.0, 0.0, RIDING),  # less than was foreseen: nothing is given
        (110.0, 0.0, -10.0, "peak: block average kept under 100.5 kW"),
        (90.0, -50.0, -20.0, ""),  # far below the peak: as planned
    ],
)
def test_the_gateways_loop_rides_as_the_backtest_does(
    load_kw: float, margin_kw: float, wish_kw: float, note: str
) -> None:
    plan = riding(100.0 + margin_kw, 100.0)
    tracker = Tracker(
        {SETPOINT: envelope()},
        Actuators(batteries=(("bat", SETPOINT),)),
        LoopSettings(tick_s=5.0, lead_s=0.0),
    )
    values = {METER: (load_kw, 0.0), POWER: (0.0, 0.0), SOC: (50.0, 0.0)}
    charge = Charge(id="peak", peak_kw=0.0, block=open_block(NOON, 900))
    (entry,) = tracker.step(plan, picture(NOON, values), (charge,), NOON, 15.0)
    assert entry.value == pytest.approx(wish_kw, abs=0.06)
    assert entry.reason.partition("; ")[2] == note
    # What the backtest would ask of its battery in the same moment, before its own fast loop.
    rode_kw = ridden_kw(ride_at(plan, plan.grid.step_at(NOON)), -20.0, load_kw, 0.0)
    assert min(rode_kw, 100.0 - load_kw) == pytest.approx(wish_kw)
