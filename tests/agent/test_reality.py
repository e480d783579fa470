"""What is known and what is not: every gap is a reason, and nothing is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from field_images import NOW, reading, snapshot
from hypothesis import given
from hypothesis import strategies as st
from small_house import furnished, write_site

from drivers.types import Quality
from edge_agent.billing import OpenBlock
from edge_agent.flows import flow
from edge_agent.plan_words import Reality
from edge_agent.reality import knowledge, reality
from edge_agent.reality_loads import Past
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.snapshot import Board, Snapshot
from models.types import BatteryState, DemandTerm, ReasonCode, ZoneState

MEASURED: dict[str, float | None] = {
    "meter.power": 60.0,
    "battery.soc": 40.0,
    "battery.power": -8.0,
    "battery.charge_limit_kw": 30.0,
    "battery.discharge_limit_kw": 35.0,
    "inverter.ac_power": 20.0,
    "room.temperature": 22.5,
    "sky.temperature": 28.0,
    "sky.solar_irradiance": 700.0,
    "chiller.power": 6.0,
}
"""Every point a full plan rests on, in the order of the reasons."""
EFFECTS = {
    "meter.power": "load comes from history alone",
    "battery.soc": "battery bat is left alone",
    "battery.power": "battery bat is left alone",
    "battery.charge_limit_kw": "battery bat counts 0 kW in that direction",
    "battery.discharge_limit_kw": "battery bat counts 0 kW in that direction",
    "inverter.ac_power": "PV roof comes from history alone",
    "room.temperature": "zone hall is left to its own thermostat",
    "sky.temperature": "weather comes from history alone",
    "sky.solar_irradiance": "weather comes from history alone",
    "chiller.power": "load without heat and cold comes from history alone",
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedSite:
    return load_site(write_site(tmp_path_factory.mktemp("site"), change=furnished))


def known(loaded: LoadedSite, image: Snapshot) -> Reality:
    return reality(loaded.site, loaded.tariff, image, {}, {})


def test_everything_measured_leaves_no_reason(loaded: LoadedSite) -> None:
    found = known(loaded, snapshot(MEASURED))
    assert (found.at, found.missing, found.reasons) == (NOW, (), ())
    assert found.batteries == (
        BatteryState(id="bat", soc_kwh=40.0, charge_limit_kw=30.0, discharge_limit_kw=35.0),
    )
    assert found.zones == (ZoneState(id="hall", temperature_c=22.5),)
    assert found.empty_zones == ()


@pytest.mark.parametrize("key", MEASURED)
def test_a_gap_is_named_with_what_follows(loaded: LoadedSite, key: str) -> None:
    found = known(loaded, snapshot(MEASURED | {key: None}))
    assert found.missing == (key,)
    (reason,) = found.reasons
    assert (reason.code, reason.degrades) == (ReasonCode.INPUT_MISSING, True)
    assert reason.text == f"{key} has no usable reading yet: missing: {EFFECTS[key]}"


def test_nothing_read_yet_is_ten_gaps_and_no_number(loaded: LoadedSite) -> None:
    found = known(loaded, snapshot({}))
    assert found.missing == tuple(MEASURED)
    assert found.batteries == (
        BatteryState(id="bat", soc_kwh=None, charge_limit_kw=0.0, discharge_limit_kw=0.0),
    )
    assert found.zones == (ZoneState(id="hall", temperature_c=None),)
    rules = knowledge(loaded.site, loaded.tariff, snapshot({}), found)
    assert (rules.load_kw, rules.pvs, rules.reasons) == (None, (), found.reasons)


def test_a_value_that_is_too_old_is_called_stale(loaded: LoadedSite) -> None:
    board = Board()
    for key, value in MEASURED.items():
        late = timedelta(seconds=31 if key == "battery.soc" else 0)
        board.post([reading(key, value, at=NOW - late)], stale_s=30.0)
    (reason,) = known(loaded, board.freeze(NOW)).reasons
    assert reason.code is ReasonCode.INPUT_STALE
    assert reason.text.startswith("battery.soc is stale: last reading at 2026-06-01T11:59:29")


@given(lost=st.sets(st.sampled_from(list(MEASURED))))
def test_the_reasons_are_the_gaps_and_the_rest_is_as_measured(
    loaded: LoadedSite, lost: set[str]
) -> None:
    values = {key: None if key in lost else value for key, value in MEASURED.items()}
    image = snapshot(values)
    found = known(loaded, image)
    assert found.missing == tuple(key for key in MEASURED if key in lost)
    assert len(found.reasons) == len(lost)
    (battery,), (zone,) = found.batteries, found.zones
    assert (battery.soc_kwh is None) == bool(lost & {"battery.soc", "battery.power"})
    assert battery.charge_limit_kw == (values["battery.charge_limit_kw"] or 0.0)
    assert zone.temperature_c == values["room.temperature"]
    rules = knowledge(loaded.site, loaded.tariff, image, found)
    balance = {"meter.power", "inverter.ac_power", "battery.power", "chiller.power"}
    assert rules.load_kw == (None if lost & balance else (82.0,) * 12)
    assert bool(rules.pvs) == ("inverter.ac_power" not in lost)


def test_an_inverter_that_sleeps_is_no_gap_and_makes_nothing(loaded: LoadedSite) -> None:
    board = Board()
    for key, value in MEASURED.items():
        board.post([reading(key, value)], stale_s=30.0)
    board.post([reading("inverter.ac_power", None, quality=Quality.ASLEEP)], stale_s=30.0)
    night = board.freeze(NOW)
    found = known(loaded, night)
    assert found.missing == ()
    rules = knowledge(loaded.site, loaded.tariff, night, found)
    assert [pv.available_kw for pv in rules.pvs] == [(0.0,) * 12]
    assert flow(loaded.site, night, None).pv_kw == 0.0


@pytest.mark.parametrize(("people", "empty"), [(0.0, ("hall",)), (1.0, ()), (3.0, ()), (None, ())])
def test_a_zone_is_empty_only_when_that_was_measured(
    loaded: LoadedSite, people: float | None, empty: tuple[str, ...]
) -> None:
    found = known(loaded, snapshot(MEASURED | {"people.occupancy_count": people}))
    assert found.empty_zones == empty
    assert found.missing == ()


def test_a_bms_never_allows_less_than_nothing(loaded: LoadedSite) -> None:
    found = known(loaded, snapshot(MEASURED | {"battery.charge_limit_kw": -3.0}))
    assert found.batteries[0].charge_limit_kw == 0.0


@pytest.mark.parametrize(
    ("now", "price"),
    [
        (datetime(2026, 5, 31, 22, tzinfo=UTC), 9.0 * 0.25 / 30),
        (datetime(2026, 6, 15, 22, tzinfo=UTC), 9.0 * 0.25 / 15),
        (datetime(2026, 6, 30, 21, tzinfo=UTC), 9.0),
    ],
)
def test_a_kilowatt_of_peak_costs_its_share_of_the_month_that_is_left(
    loaded: LoadedSite, now: datetime, price: float
) -> None:
    block = OpenBlock(start=now, block_s=900, import_kwh=3.0, measured_s=120.0)
    image = snapshot(MEASURED, now=now)
    found = reality(loaded.site, loaded.tariff, image, {"peak": 88.0}, {"peak": block})
    (term,) = found.demand_terms
    assert term.price_per_kw == pytest.approx(price)
    assert term == DemandTerm(
        id="peak",
        price_per_kw=term.price_per_kw,
        peak_so_far_kw=88.0,
        block_s=900,
        open_block_kwh=3.0,
        open_block_elapsed_s=120.0,
    )


def test_what_a_ratchet_holds_is_handed_on_to_the_plan(loaded: LoadedSite) -> None:
    past = Past(held_from_kw={"peak": (100.0, 150.0), "other": ()})
    found = reality(loaded.site, loaded.tariff, snapshot(MEASURED), {}, {}, past)
    assert found.held_from_kw == (("peak", (100.0, 150.0)),)


def test_no_block_yet_means_nothing_imported_in_it(loaded: LoadedSite) -> None:
    (term,) = known(loaded, snapshot(MEASURED)).demand_terms
    assert (term.open_block_kwh, term.open_block_elapsed_s) == (0.0, 0.0)


def test_a_battery_without_live_limits_is_bound_by_its_rating(loaded: LoadedSite) -> None:
    (battery,) = loaded.site.assets.battery
    plain = battery.model_copy(update={"charge_limit": None, "discharge_limit": None})
    assets = loaded.site.assets.model_copy(update={"battery": (plain,)})
    site = replace(loaded, site=loaded.site.model_copy(update={"assets": assets}))
    (state,) = known(site, snapshot(MEASURED)).batteries
    assert (state.charge_limit_kw, state.discharge_limit_kw) == (None, None)
