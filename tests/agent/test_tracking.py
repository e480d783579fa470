"""Which claim comes of which step of a plan."""

from __future__ import annotations

from datetime import timedelta

import pytest
from plans import NOON, plan

from edge_agent.arbiter import Priority
from edge_agent.tracking import Actuators, claims
from models.types import PlanSource

ACTUATORS = Actuators(
    batteries=(("bat", "bat.setpoint"), ("other", "other.setpoint")),
    zones=(("hall", "fcu.setpoint"), ("attic", "fcu.attic")),
    pvs=(("roof", "inverter.limit"), ("barn", "inverter.barn")),
)
FIRST = {"bat.setpoint": 10.0, "fcu.setpoint": 22.0}
SECOND = {"bat.setpoint": -20.1, "fcu.setpoint": 21.4, "inverter.limit": 12.3}


@pytest.mark.parametrize(
    ("second", "wanted"),
    [
        (-1, {}),
        (0, FIRST),
        (899.9, FIRST),
        (900, SECOND),
        (1799.9, SECOND),
        (1800, {}),
        (86_400, {}),
    ],
)
def test_the_step_in_force_and_no_other(second: float, wanted: dict[str, float]) -> None:
    now = NOON + timedelta(seconds=second)
    found = claims(plan(), ACTUATORS, now, hold_s=15.0)
    assert {entry.point: entry.value for entry in found} == pytest.approx(wanted)
    assert {entry.expires for entry in found} <= {now + timedelta(seconds=15)}


@pytest.mark.parametrize(
    ("source", "priority"),
    [
        (PlanSource.SOLVER, Priority.PLAN),
        (PlanSource.ROUNDED, Priority.PLAN),
        (PlanSource.LAST, Priority.PLAN),
        (PlanSource.RULES, Priority.RULES),
        (PlanSource.SAFE, Priority.RULES),
    ],
)
def test_the_class_of_a_claim_follows_the_rung(source: PlanSource, priority: Priority) -> None:
    found = claims(plan(source), ACTUATORS, NOON, hold_s=15.0)
    assert {(entry.priority, entry.owner) for entry in found} == {(priority, f"plan:{source}")}
    assert {entry.reason for entry in found} == {"plan of 2026-06-01T12:00:00+00:00"}


def test_what_the_plan_leaves_out_is_not_claimed() -> None:
    bare = plan(batteries=(), zones=(), pvs=())
    assert claims(bare, ACTUATORS, NOON, hold_s=15.0) == []
    assert claims(plan(), Actuators(), NOON, hold_s=15.0) == []


def test_noise_around_zero_is_a_clean_zero() -> None:
    part = plan().batteries[0]
    near_zero = plan(batteries=(type(part)(id="bat", power_kw=(-0.04, 0.0), soc_kwh=(50.0, 50.0)),))
    (entry,) = claims(near_zero, Actuators(batteries=(("bat", "b.s"),)), NOON, hold_s=15.0)
    assert str(entry.value) == "0.0"
