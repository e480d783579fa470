"""Quarter-hour history without what the gateway itself did, and the problem made of it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from small_house import furnished, write_site

from edge_agent.histories import SiteHistory, site_history, wanted_points
from edge_agent.plan_words import Reality
from edge_agent.problem import EMPTY_FOR, build_problem
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.tariff_schema import Tariff
from edge_agent.store.reader import QuarterSeries
from models.types import DemandTerm, Problem, Reason, ReasonCode, ZoneState

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
EMPTY = QuarterSeries([], [], [])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedSite:
    return load_site(write_site(tmp_path_factory.mktemp("site"), change=furnished))


def quarters(start: datetime, *means: float | None) -> QuarterSeries:
    """Means of consecutive quarters, None where nothing was measured."""
    known = [(i, mean) for i, mean in enumerate(means) if mean is not None]
    starts = [round(start.timestamp()) + 900 * i for i, _ in known]
    return QuarterSeries(starts, [mean for _, mean in known], [1] * len(known))


def history(loaded: LoadedSite, **series: QuarterSeries) -> SiteHistory:
    found = {key.replace("__", "."): value for key, value in series.items()}
    measured = site_history(loaded.site, lambda key: found.get(key, EMPTY))
    assert measured is not None
    return measured


def numbers(values: object) -> list[float | None]:
    return [None if math.isnan(value) else value for value in np.asarray(values).tolist()]


def test_every_point_of_the_balance_and_the_weather_is_wanted(loaded: LoadedSite) -> None:
    assert wanted_points(loaded.site) == {
        "meter.power",
        "chiller.power",
        "sky.temperature",
        "sky.solar_irradiance",
        "battery.power",
        "inverter.ac_power",
        "inverter.power_limit",
    }


def test_the_load_is_freed_of_battery_pv_and_plant(loaded: LoadedSite) -> None:
    found = history(
        loaded,
        meter__power=quarters(NOON, 60.0, 60.0, 60.0, None, 60.0),
        battery__power=quarters(NOON, -8.0, 10.0, None, 0.0, 0.0),
        inverter__ac_power=quarters(NOON, 20.0, 20.0, 20.0, 20.0, None),
        chiller__power=quarters(NOON, 6.0, 6.0, 6.0, 6.0, 6.0),
        sky__temperature=quarters(NOON + timedelta(minutes=30), 25.0),
    )
    assert found.load_kw.start == NOON
    assert numbers(found.load_kw.values) == [82.0, 64.0, None, None, None]
    assert numbers(found.pv_kw["roof"].values) == [20.0, 20.0, 20.0, 20.0, None]
    assert found.outdoor_temp_c is not None
    assert numbers(found.outdoor_temp_c.values) == [None, None, 25.0, None, None]


def test_the_net_import_keeps_all_but_the_batteries(loaded: LoadedSite) -> None:
    found = history(
        loaded,
        meter__power=quarters(NOON, 60.0, 60.0, 60.0, None, -30.0),
        battery__power=quarters(NOON, -8.0, 10.0, None, 0.0, 0.0),
        inverter__ac_power=quarters(NOON, 20.0, None, 20.0, 20.0, 20.0),
        chiller__power=quarters(NOON, 6.0, 6.0, 6.0, 6.0, None),
        inverter__power_limit=quarters(NOON, None, None, None, None, 5.0),
    )
    assert found.net_kw is not None
    assert found.net_kw.start == NOON
    assert numbers(found.net_kw.values) == [68.0, 50.0, None, None, -30.0]
    assert (found.as_metered.load_kw, found.as_metered.pv_kw) == (found.net_kw, {})
    bare = replace(found, net_kw=None)
    assert bare.as_metered is bare


def test_an_inverter_asleep_at_night_makes_nothing_and_one_silent_by_day_is_a_gap(
    loaded: LoadedSite,
) -> None:
    midnight = NOON - timedelta(hours=12)
    found = history(loaded, meter__power=quarters(midnight, *([30.0] * 96)))
    pv = numbers(found.pv_kw["roof"].values)
    assert pv[0] == 0.0
    assert pv[48] is None


def test_quarters_under_a_limit_do_not_show_what_the_sun_gave(loaded: LoadedSite) -> None:
    limit = loaded.site.assets.pv[0].limit
    assert limit is not None
    series = {
        "meter.power": quarters(NOON, 60.0, 60.0),
        "inverter.ac_power": quarters(NOON, 20.0, 5.0),
        limit: quarters(NOON, None, 5.0),
    }
    found = site_history(loaded.site, lambda key: series.get(key, EMPTY))
    assert found is not None
    assert numbers(found.pv_kw["roof"].values) == [20.0, None]


def test_a_site_without_a_past_has_an_empty_history(loaded: LoadedSite) -> None:
    assert site_history(loaded.site, lambda _key: EMPTY) is None


def test_what_is_dated_ahead_is_no_past(loaded: LoadedSite) -> None:
    """Measured while the clock was ten years ahead: years of gaps would have to be carried."""
    ahead = NOON + timedelta(days=3650)
    mixed = QuarterSeries(
        [round(moment.timestamp()) for moment in (NOON, NOON + timedelta(hours=1), ahead)],
        [1.0, 2.0, 90.0],
        [1, 1, 1],
    )
    found = site_history(loaded.site, lambda _key: mixed, until=NOON + timedelta(hours=1))
    assert found is not None
    assert len(found.load_kw.values) == 5
    lone = quarters(ahead, 1.0)
    assert site_history(loaded.site, lambda _key: lone, until=NOON) is None


def test_points_a_site_does_not_have_are_none(paper: LoadedSite) -> None:
    found = history(
        paper,
        meter__power=quarters(NOON, 60.0),
        battery__power=quarters(NOON, 0.0),
        inverter__ac_power=quarters(NOON, 10.0),
    )
    assert (found.outdoor_temp_c, found.irradiance_w_per_m2) == (None, None)
    assert numbers(found.load_kw.values) == [70.0]


GAP = Reason(code=ReasonCode.INPUT_STALE, text="meter.power is stale: load comes from history")
KNOWN = Reality(
    at=NOON,
    batteries=(),
    zones=(ZoneState(id="hall", temperature_c=22.0),),
    demand_terms=(),
    reasons=(GAP,),
)


def a_day(loaded: LoadedSite, **more: QuarterSeries) -> SiteHistory:
    yesterday = NOON - timedelta(days=1)
    return history(
        loaded,
        meter__power=quarters(yesterday, *([60.0] * 96)),
        battery__power=quarters(yesterday, *([0.0] * 96)),
        inverter__ac_power=quarters(yesterday, *([10.0] * 96)),
        chiller__power=quarters(yesterday, *([6.0] * 96)),
        **more,
    )


def outdoors() -> dict[str, QuarterSeries]:
    return {"sky__temperature": quarters(NOON - timedelta(days=1), *([25.0] * 96))}


def problem(loaded: LoadedSite, past: SiteHistory, known: Reality = KNOWN) -> Problem:
    made = build_problem(loaded, past, known)
    assert isinstance(made, Problem)
    return made


def test_without_a_load_there_is_no_problem(loaded: LoadedSite) -> None:
    weather = history(loaded, sky__temperature=quarters(NOON, 20.0))
    assert build_problem(loaded, weather, KNOWN) == "no load has been measured yet"


def test_without_a_price_there_is_no_problem(loaded: LoadedSite) -> None:
    unpriced = replace(loaded, tariff=Tariff(kind="real_time"), prices=())
    refusal = build_problem(unpriced, a_day(loaded), KNOWN)
    assert isinstance(refusal, str)
    assert "the feed has no price and none is known from before" in refusal


def test_an_assumed_price_is_a_reason(loaded: LoadedSite) -> None:
    tariff = Tariff(kind="real_time", fallback_per_kwh=0.4, adder_per_kwh=0.1)
    made = problem(replace(loaded, tariff=tariff, prices=()), a_day(loaded, **outdoors()))
    assert made.forecast.import_price_per_kwh == pytest.approx((0.5,) * 24)
    assert any(reason.text.startswith("price: 24 steps from") for reason in made.reasons)


def six_days(loaded: LoadedSite, meter_kw: float, chiller_kw: float) -> SiteHistory:
    begin = NOON - timedelta(days=6)

    def flat(kw: float) -> QuarterSeries:
        return quarters(begin, *([kw] * 576))

    return history(
        loaded,
        meter__power=flat(meter_kw),
        battery__power=flat(0.0),
        chiller__power=flat(chiller_kw),
        inverter__ac_power=flat(0.0),
        **outdoors(),
    )


def test_a_peak_is_priced_by_the_import_with_heat_and_cold_and_by_what_it_holds_later(
    loaded: LoadedSite,
) -> None:
    (charge,) = loaded.tariff.demand_charges
    held = charge.model_copy(update={"ratchet_share": 0.5})
    site = replace(loaded, tariff=loaded.tariff.model_copy(update={"demand_charges": (held,)}))
    known = replace(KNOWN, demand_terms=(DemandTerm(id="peak", price_per_kw=1, peak_so_far_kw=0),))
    terms = [
        problem(site, six_days(site, meter, chiller), known).demand_terms[0]
        for meter, chiller in ((200.0, 0.0), (240.0, 40.0), (240.0, 0.0))
    ]
    # Flat days: each level is the same share of what could be held, so it rises with the import.
    plain, cooled, loaded_more = ([level.from_kw for level in term.levels] for term in terms)
    assert cooled == pytest.approx(loaded_more)
    assert cooled[-1] == pytest.approx(plain[-1] + 40.0, abs=0.1)
    later = replace(known, held_from_kw=(("peak", (cooled[-1] - 1.0, cooled[-1] + 1.0)),))
    dear = problem(site, six_days(site, 240.0, 40.0), later).demand_terms[0]
    # The last level reaches one of the two months, of which half the rate is held.
    assert dear.levels[-1].price_per_kw == pytest.approx(1.5 * held.rate_per_kw)
    assert terms[1].levels[-1].price_per_kw == pytest.approx(held.rate_per_kw)


def test_measured_gaps_travel_into_the_problem(loaded: LoadedSite) -> None:
    made = problem(loaded, a_day(loaded, **outdoors()))
    assert made.reasons[0] == GAP
    assert len(made.grid) == 24
    assert made.forecast.load_kw == pytest.approx((64.0,) * 24)
    assert made.zones == KNOWN.zones


def test_without_an_outdoor_temperature_zones_are_left_alone(paper: LoadedSite) -> None:
    made = problem(paper, a_day(paper))
    assert made.zones == (ZoneState(id="hall", temperature_c=None),)
    assert any("left to their own thermostats" in reason.text for reason in made.reasons)


def test_weather_is_no_matter_where_there_is_no_zone(paper: LoadedSite) -> None:
    made = problem(paper, a_day(paper), replace(KNOWN, zones=()))
    assert not any("thermostats" in reason.text for reason in made.reasons)


def test_an_empty_zone_is_planned_as_empty_for_an_hour(loaded: LoadedSite) -> None:
    known = replace(KNOWN, empty_zones=("hall",))
    (zone,) = problem(loaded, a_day(loaded, **outdoors()), known).forecast.zones
    steps = round(EMPTY_FOR.total_seconds() / 900)
    assert zone.low_c == (17.0,) * steps + (20.7,) * (24 - steps)
    assert zone.high_c == (27.0,) * steps + (23.3,) * (24 - steps)
    (occupied,) = problem(loaded, a_day(loaded, **outdoors())).forecast.zones
    assert set(occupied.low_c) == {20.7}
