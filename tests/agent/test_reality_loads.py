"""Tanks, work and shed groups as they are now; what is not seen is left alone, with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from field_images import NOW, snapshot
from plans import NOON, plan
from pool_house import MEASURED, PUMP, PUMP_KW, SAUNA, WATER, pool_house

from edge_agent.arbiter import Priority
from edge_agent.overridden import told
from edge_agent.plan_lines import REQUEST
from edge_agent.plan_words import PlanRequest, Reality
from edge_agent.plant_memory import Done, Kept
from edge_agent.reality import knowledge, reality
from edge_agent.reality_loads import Cycles, Past
from edge_agent.site.load import LoadedSite
from edge_agent.site.mistakes import SiteError
from edge_agent.sitemodel import actuators, site_model
from edge_agent.tracking import claims
from models.types import (
    ReasonCode,
    ShedPlan,
    ShedState,
    Shiftable,
    ShiftablePlan,
    ShiftableState,
    ThermalStoreState,
)

OPENS = datetime.fromisoformat("2026-06-01T04:00:00+00:00")


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSite:
    return pool_house(tmp_path)


def known(
    loaded: LoadedSite, kept: Kept | None = None, cycles: Cycles | None = None, **now: float | None
) -> Reality:
    """`now` by point, the dot written as two underscores."""
    values = {key.replace("__", "."): value for key, value in now.items()}
    past = Past(kept=kept or Kept(), cycles=cycles)
    image = snapshot(MEASURED | values)
    return reality(loaded.site, loaded.tariff, image, {}, {}, past)


def test_everything_seen_leaves_no_reason(loaded: LoadedSite) -> None:
    found = known(loaded)
    assert (found.missing, found.reasons) == ((), ())
    (tank,) = found.thermal_stores
    assert tank.temperature_c == 62.0
    (work,) = found.shiftables
    assert [(job.earliest, job.energy_kwh, job.done_kwh) for job in work.jobs] == [
        (OPENS, 16.0, 0.0)
    ]
    assert found.sheds == ()
    question = PlanRequest(id=1, reality=found, budget_s=1.0)
    assert REQUEST.validate_json(REQUEST.dump_json(question)) == question


def test_what_is_remembered_is_in_the_states(loaded: LoadedSite) -> None:
    group = ShedState(id="saunas", cooling_s=1200.0)
    kept = Kept(
        done=(Done(load="pool", earliest=OPENS, kwh=5.0),),
        running_since={"pool": NOW - timedelta(minutes=5)},
        turned_kwh={"bat": 33.0},
        full_at={"bat": OPENS},
        sheds={"saunas": group},
    )
    found = known(loaded, kept)
    assert found.shiftables[0].jobs[0].left_kwh == 11.0
    assert found.shiftables[0].running_s == 300.0
    assert found.sheds == (group,)
    (battery,) = found.batteries
    assert (battery.throughput_today_kwh, battery.last_full) == (33.0, OPENS)


@pytest.mark.parametrize(
    ("cycles", "last"), [(None, NOW), ({}, None), ({WATER: None}, None), ({WATER: OPENS}, OPENS)]
)
def test_a_cycle_is_due_when_the_guard_has_seen_none(
    loaded: LoadedSite, cycles: Cycles | None, last: datetime | None
) -> None:
    (tank,) = known(loaded, None, cycles).thermal_stores
    assert tank.last_hygiene == last


def test_a_tank_without_a_temperature_is_left_alone(loaded: LoadedSite) -> None:
    found = known(loaded, boiler__temperature=None)
    assert found.thermal_stores[0].temperature_c is None
    assert found.missing == ("boiler.temperature",)
    assert found.reasons[0].text.endswith(": tank hot_water is left to its own control")
    assert found.reasons[0].degrades


@pytest.mark.parametrize(
    ("cycle", "reason"),
    [(1.0, (ReasonCode.HELD_BACK, False)), (None, (ReasonCode.INPUT_MISSING, True))],
)
def test_a_cycle_of_its_own_is_left_alone(
    loaded: LoadedSite, cycle: float | None, reason: tuple[ReasonCode, bool]
) -> None:
    found = known(loaded, boiler__cycle=cycle)
    assert found.thermal_stores[0].temperature_c is None
    assert found.missing == ("boiler.cycle",)
    assert [(one.code, one.degrades) for one in found.reasons] == [reason]


def test_a_pump_nobody_sees_has_no_work_and_no_claim(loaded: LoadedSite) -> None:
    found = known(loaded, pool__pump=None, pool__power=None)
    assert found.shiftables == (ShiftableState(id="pool"),)
    assert found.missing == (PUMP,)
    still = plan(shiftables=(ShiftablePlan(id="pool", power_kw=(0.0, 0.0)),))
    assert PUMP not in {entry.point for entry in claims(still, actuators(loaded.site), NOON, 9.0)}


def test_a_pump_seen_by_its_switch_alone_is_planned(loaded: LoadedSite) -> None:
    assert known(loaded, pool__power=None).missing == ()


def test_what_a_person_holds_is_not_planned(loaded: LoadedSite) -> None:
    found = told(known(loaded), loaded.site, {WATER: "knob", PUMP: "hand"})
    assert found.thermal_stores == (
        ThermalStoreState(id="hot_water", temperature_c=None, last_hygiene=NOW),
    )
    assert found.shiftables == (ShiftableState(id="pool"),)
    assert found.missing == (WATER, PUMP)
    effects = ("tank hot_water is left to its own control", "load pool is left alone")
    assert all(one.text.endswith(end) for one, end in zip(found.reasons, effects, strict=True))


def test_a_group_that_a_person_holds_is_not_shed(loaded: LoadedSite) -> None:
    running = ShedState(id="saunas", active_s=600.0, backlog_kwh=0.5)
    for kept in (None, Kept(sheds={"saunas": running})):
        found = told(known(loaded, kept), loaded.site, {SAUNA: "hand"})
        (group,) = found.sheds
        assert (group.active_s, group.backlog_kwh) == (0.0, 0.5 if kept else 0.0)
        assert group.cooling_s > 3600 * loaded.site.planning.horizon_h
        assert found.missing == (SAUNA,)
        assert found.reasons[0].text.endswith(": group saunas is not shed")


def test_rules_leave_work_that_can_wait_in_the_load(loaded: LoadedSite) -> None:
    image = snapshot(MEASURED | {"pool.pump": 1.0, "pool.power": 4.0})
    found = reality(loaded.site, loaded.tariff, image, {}, {})
    rules = knowledge(loaded.site, loaded.tariff, image, found)
    assert rules.shiftables == ()
    # 60 from the grid, 20 of sun, 8 out of the battery.
    assert rules.load_kw == (60.0 + 20.0 + 8.0,) * 12


def test_what_rules_do_not_plan_stays_in_their_load(loaded: LoadedSite) -> None:
    """A pump that somebody holds on takes its power whatever is planned."""
    image = snapshot(MEASURED | {"pool.pump": 1.0, "pool.power": 4.0})
    since = Kept(running_since={"pool": NOW - timedelta(minutes=5)})
    found = reality(loaded.site, loaded.tariff, image, {}, {}, Past(kept=since))
    ours = knowledge(loaded.site, loaded.tariff, image, found)
    assert (len(ours.shiftables), ours.load_kw) == (1, (84.0,) * 12)
    held = told(found, loaded.site, {PUMP: "hand"})
    theirs = knowledge(loaded.site, loaded.tariff, image, held)
    assert (theirs.shiftables, theirs.load_kw) == ((), (88.0,) * 12)


@pytest.mark.parametrize(
    ("hour", "done_kwh", "run_min", "pressing"),
    [
        (13.0, 0.0, 0, 1),  # 7 h are left for 4 h of work: the last moment
        (12.9, 0.0, 0, 0),
        (13.0, 0.1, 0, 0),
        (12.0, 0.0, 5, 1),
        (13.0, 16.0, 0, 0),
        (18.0, 12.0, 0, 1),
    ],
)
def test_rules_do_the_work_that_cannot_wait(
    loaded: LoadedSite, hour: float, done_kwh: float, run_min: int, pressing: int
) -> None:
    now = OPENS.replace(hour=0) + timedelta(hours=hour)
    kept = Kept(
        done=(Done(load="pool", earliest=OPENS, kwh=done_kwh),),
        running_since={"pool": now - timedelta(minutes=run_min)} if run_min else {},
    )
    image = snapshot(MEASURED, now=now)
    found = reality(loaded.site, loaded.tariff, image, {}, {}, Past(kept=kept))
    rules = knowledge(loaded.site, loaded.tariff, image, found)
    assert len(rules.shiftables) == pressing


def test_the_model_and_who_carries_it_out(loaded: LoadedSite) -> None:
    model = site_model(loaded.site, loaded.tariff)
    assert model.shiftables == (
        Shiftable(id="pool", power_kw=PUMP_KW, least_kw=PUMP_KW, min_block_s=900),
    )
    (group,) = model.shed_groups
    assert (group.least_share, group.most_share, group.price_threshold_per_kwh) == (0.1, 0.1, 0.5)
    made = plan(
        shiftables=(ShiftablePlan(id="pool", power_kw=(0.0, PUMP_KW)),),
        sheds=(ShedPlan(id="saunas", shed_kw=(6.0, 0.0), rebound_kw=(0.0, 0.0)),),
    )

    def wanted(second: float) -> dict[str, float | None]:
        now = NOON + timedelta(seconds=second)
        found = claims(made, actuators(loaded.site), now, 9.0)
        assert {entry.priority for entry in found} == {Priority.PLAN}
        return {entry.point: entry.value for entry in found if entry.point in (PUMP, SAUNA)}

    assert wanted(0) == {PUMP: 0.0, SAUNA: 0.0}
    assert wanted(900) == {PUMP: 1.0}


def test_a_load_whose_power_is_set(tmp_path: Path) -> None:
    car = {"id": "car", "cap": "wallbox", "energy_kwh_per_day": 30, "min_block_min": 30}
    wallbox = {"id": "wallbox", "cap": "pool.power", "rated_kw": 11, "floor_kw": 4}
    with pytest.raises(SiteError, match="cannot be written"):
        pool_house(tmp_path, heat_pumps=[wallbox], shiftable=[car])
    wallbox["cap"] = SAUNA
    site = pool_house(
        tmp_path, heat_pumps=[wallbox], shiftable=[car], switches=[], demand={"sheddable": []}
    ).site
    made = plan(shiftables=(ShiftablePlan(id="car", power_kw=(0.0, 7.26)),))
    found = claims(made, actuators(site), NOON, 9.0)
    late = claims(made, actuators(site), NOON + timedelta(seconds=900), 9.0)
    told_kw = [{e.point: e.value for e in entries}.get(SAUNA) for entries in (found, late)]
    assert told_kw == [0.0, 7.3]
