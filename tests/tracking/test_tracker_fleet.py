"""Several batteries, other points, other rungs: what the loop claims beside the one battery."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from dead_time_rig import METER, NOON, envelope, flat_plan, picture

from edge_agent.arbiter import Entry, Priority
from edge_agent.billing import open_block
from edge_agent.envelope import Envelope, ZoneEnvelope
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.tracker import Tracker
from edge_agent.tracking import Actuators
from models.types import PlanSource, PvPlan, ZonePlan

POINTS: dict[str, Envelope] = {
    "a.setpoint": envelope(name="a"),
    "b.setpoint": envelope(name="b"),
    "fcu.setpoint": ZoneEnvelope(
        point="fcu.setpoint", temperature="room.temperature", low_c=19, high_c=25
    ),
}
ACTUATORS = Actuators(
    batteries=(("a", "a.setpoint"), ("b", "b.setpoint")),
    zones=(("hall", "fcu.setpoint"),),
    pvs=(("roof", "inverter.limit"),),
)
CHARGES = (Charge(id="peak", peak_kw=0.0, block=open_block(NOON, 900)),)


def claimed(
    values: dict[str, float], plan_kw: float = 0.0, source: PlanSource = PlanSource.SOLVER
) -> dict[str, Entry]:
    """Claims of one tick with a planned peak of 100 kW."""
    made = flat_plan(plan_kw, 100.0, names="a b")
    plan = type(made)(
        **{name: getattr(made, name) for name in made.__slots__}
        | {
            "source": source,
            "zones": (ZonePlan(id="hall", heat_kw=(0,), cool_kw=(0,), temperature_c=(21.5,)),),
            "pvs": (PvPlan(id="roof", pv_kw=(12.3,), curtailed_kw=(9.0,)),),
        }
    )
    tracker = Tracker(POINTS, ACTUATORS, LoopSettings(target_margin_share=0.0, lead_s=0.0))
    snapshot = picture(NOON, {key: (value, 0.0) for key, value in values.items()})
    return {entry.point: entry for entry in tracker.step(plan, snapshot, CHARGES, NOON, 15.0)}


def powers(values: dict[str, float], plan_kw: float = 0.0) -> tuple[float | None, float | None]:
    found = claimed(values, plan_kw)
    return found["a.setpoint"].value, found["b.setpoint"].value


BOTH = {"a.power": 0.0, "b.power": 0.0, "a.soc": 50.0, "b.soc": 50.0}


@pytest.mark.parametrize(
    ("values", "plan_kw", "wanted"),
    [
        (BOTH | {METER: 160.0}, 0.0, (-30, -30)),
        (BOTH | {METER: 160.0, "a.soc": 10.0}, 0.0, (0, -60)),
        (BOTH | {METER: 60.0}, 30.0, (20, 20)),
        (BOTH | {METER: 60.0, "b.soc": 90.0}, 30.0, (40, 0)),
        (BOTH | {METER: 50.0}, 20.0, (20, 20)),
        (BOTH | {METER: 900.0}, 0.0, (-100, -100)),
        (BOTH | {METER: 100.0, "a.power": -40.0, "b.power": -20.0}, 0.0, (-30, -30)),
    ],
)
def test_what_must_change_is_shared_by_the_room_there_is(
    values: dict[str, float], plan_kw: float, wanted: tuple[float, float]
) -> None:
    assert powers(values, plan_kw) == pytest.approx(wanted)


def test_a_battery_that_cannot_be_seen_is_a_load_and_keeps_its_plan() -> None:
    seen = {METER: 160.0, "a.power": -20.0, "a.soc": 50.0}
    assert powers(seen, -5.0) == pytest.approx((-80, -5))


def test_zones_and_inverters_are_claimed_as_planned() -> None:
    found = claimed(BOTH | {METER: 160.0})
    assert found["fcu.setpoint"].value == 21.5
    assert found["inverter.limit"].value == 12.3
    assert found["fcu.setpoint"].reason == "plan of 2026-06-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("source", "priority"),
    [(PlanSource.SOLVER, Priority.PLAN), (PlanSource.RULES, Priority.RULES)],
)
def test_a_tracked_claim_has_the_class_and_the_end_of_its_plan(
    source: PlanSource, priority: Priority
) -> None:
    entry = claimed(BOTH | {METER: 160.0}, source=source)["a.setpoint"]
    assert (entry.priority, entry.owner) == (priority, f"plan:{source}")
    assert entry.expires == NOON + timedelta(seconds=15)
    assert entry.reason.endswith("; peak: block average kept under 100.0 kW")


def test_a_plan_that_has_run_out_claims_nothing() -> None:
    tracker = Tracker(POINTS, ACTUATORS, LoopSettings())
    late = NOON + timedelta(hours=2)
    snapshot = picture(late, {key: (kw, 0.0) for key, kw in (BOTH | {METER: 160.0}).items()})
    assert tracker.step(flat_plan(names="a b"), snapshot, (), late, 15.0) == []


@pytest.mark.parametrize("why", ["no plan", "no step", "no battery in it", "no meter"])
def test_the_same_power_asked_for_after_a_release_is_a_command_anew(why: str) -> None:
    """Else what the meter shows of it before the battery does would be taken for a load."""
    tracker = Tracker(POINTS, ACTUATORS, LoopSettings(target_margin_share=0.0))
    plan = flat_plan(30.0, 500.0, names="a b")
    later = replace(plan.grid, start=NOON + timedelta(hours=1))
    idle = replace(plan, batteries=()) if why == "no battery in it" else replace(plan, grid=later)
    for second, own_kw, meter_kw in (
        *((0, 0.0, 60.0), (1, 0.0, 60.0), (5, 60.0, 120.0)),
        *((40, 0.0, 60.0), (80, 0.0, 60.0), (81, 0.0, 120.0), (82, 60.0, 120.0)),
    ):
        now = NOON + timedelta(seconds=second)
        values = BOTH | {"a.power": own_kw / 2, "b.power": own_kw / 2, METER: meter_kw}
        image = picture(now, {key: (kw, 0.0) for key, kw in values.items()})
        if second == 40 and why == "no plan":
            tracker.released(now)
        elif second == 40 and why == "no meter":
            image = picture(now, {key: (0.0, 0.0) for key in values if key != METER})
            still = tracker.step(flat_plan(names="a b"), image, CHARGES, now, 15.0)
            assert [one.value for one in still] == [0.0, 0.0]
        elif second == 40:
            assert tracker.step(idle, image, CHARGES, now, 15.0) == []
        else:
            claims = tracker.step(plan, image, CHARGES, now, 15.0)
            assert [one.value for one in claims] == [30.0, 30.0]
            (load,) = tracker.loads
            assert load.kw == pytest.approx(60.0), second


def test_a_battery_that_drops_out_becomes_a_load_at_once() -> None:
    tracker = Tracker(POINTS, ACTUATORS, LoopSettings(target_margin_share=0.0, jitter_margin=0.0))
    plan = flat_plan(0.0, 100.0, names="a b")
    both = BOTH | {METER: 100.0, "a.power": -30.0, "b.power": -30.0}
    alone = {key: kw for key, kw in both.items() if key != "b.power"}
    found: dict[str, float | None] = {}
    for second, values in enumerate((both, both, alone)):
        now = NOON + timedelta(seconds=second)
        snapshot = picture(now, {key: (kw, 0.0) for key, kw in values.items()})
        found = {e.point: e.value for e in tracker.step(plan, snapshot, CHARGES, now, 15.0)}
    assert found == {"a.setpoint": -30.0, "b.setpoint": 0.0}


@pytest.mark.parametrize(("age_s", "power_kw"), [(0.0, -30.0), (89.0, -30.0), (91.0, 0.0)])
def test_a_meter_read_too_long_ago_is_not_steered_by(age_s: float, power_kw: float) -> None:
    tracker = Tracker(
        POINTS, ACTUATORS, LoopSettings(target_margin_share=0.0, jitter_margin=0.0, lead_s=0.0)
    )
    values = {key: (kw, age_s) for key, kw in (BOTH | {METER: 160.0}).items()}
    entries = tracker.step(
        flat_plan(0.0, 100.0, names="a b"), picture(NOON, values), CHARGES, NOON, 15.0
    )
    assert [entry.value for entry in entries] == [power_kw, power_kw]
    assert ("too long" in tracker.state.note) is (age_s > 90)
