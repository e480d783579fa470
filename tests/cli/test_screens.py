"""What the verbs print, from pictures and plans as the gateway sends them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from field_images import NOW
from plans import plan
from status_pictures import device, picture

from edge_agent.cli import audit_verb, plan_verb, status_verb
from edge_agent.plan_lines import PLAN
from edge_agent.status import STATUS, AlertView, ClaimView, ControlView, StatusView, TaskView
from models.types import Reason, ReasonCode


def sent(status: StatusView) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(STATUS.dump_json(status))
    return whole


def test_a_plan_is_a_table_of_its_first_steps() -> None:
    why = Reason(code=ReasonCode.ASSUMED, text="load: the recent mean stands in")
    made = json.loads(PLAN.dump_json(plan(reasons=(why,), solve_s=0.25)))
    assert plan_verb.as_text(made).splitlines() == [
        "plan of 2026-06-01T12:00:00Z from solver, 0.25 s",
        "  because load: the recent mean stands in",
        "   +min   grid kW   load kW   hvac kW  battery kW",
        "      0      70.0      60.0       5.0        10.0",
        "     15      30.0      60.0       4.0       -20.1",
    ]


def test_trouble_stands_at_the_end_of_the_screen() -> None:
    calm = picture((device("meter"), device("pv", "missing", None)))
    alert = AlertView(
        code="device_offline", subject="pv", text="no usable reading", since=NOW, cleared=None
    )
    gone = replace(alert, subject="meter", cleared=NOW)
    status = replace(
        calm,
        healthy=False,
        cloud=replace(calm.cloud, transport="mqtt", connected=True, sent_seq=41),
        tasks=(
            TaskView(name="control", state="running", failures=0, last_error=""),
            TaskView(name="cloud", state="backing_off", failures=2, last_error="OSError: x"),
        ),
        alerts=(alert, gone),
    )
    lines = status_verb.as_text(sent(status)).splitlines()
    assert lines[0] == "small_house 0.1.0 at 2026-06-01T12:00:00Z: NOT healthy"
    assert lines[1] == "plan of 2026-06-01T12:00:00Z from solver"
    assert [line.split() for line in lines[2:4]] == [
        ["meter", "good", "2", "s", "ago"],
        ["pv", "missing", "never"],
    ]
    assert "cloud mqtt: connected, sent up to 41" in lines
    assert lines[-2:] == [
        "TASK cloud: backing_off OSError: x",
        "ALARM device_offline pv: no usable reading",
    ]


def test_before_the_first_plan_there_is_none() -> None:
    calm = picture()
    status = replace(calm, plan=replace(calm.plan, made_at=None))
    assert "no plan yet" in status_verb.as_text(sent(status)).splitlines()


def test_a_point_shows_winner_cuts_and_the_whole_array() -> None:
    claim = ClaimView(
        priority="plan",
        owner="plan:solver",
        reason="plan of noon",
        value=60.0,
        since=NOW,
        expires=NOW + timedelta(seconds=15),
    )
    control = ControlView(
        point="battery.power_setpoint",
        wish=60.0,
        value=40.0,
        why="plan (plan:solver): plan of noon",
        cuts=("battery takes -40.0..40.0 kW now",),
        held=40.0,
        lease_state="active",
        lease_expires=NOW,
        last_result="verified",
        claims=(claim, replace(claim, priority="rules", value=None)),
    )
    (row,) = sent(replace(picture(), controls=(control,)))["controls"]
    assert status_verb.control_text(row).splitlines() == [
        "battery.power_setpoint: 40.0 because plan (plan:solver): plan of noon",
        "  cut: battery takes -40.0..40.0 kW now",
        "  held 40.0 active, last: verified",
        "  plan                60.0 plan:solver: plan of noon until 2026-06-01T12:00:15Z",
        "  rules            unknown plan:solver: plan of noon until 2026-06-01T12:00:15Z",
    ]


def test_an_audit_line_has_time_kind_and_text() -> None:
    row = {"at": "2026-06-01T12:00:00+00:00", "kind": "write", "text": "bat = 12: verified"}
    assert audit_verb.as_text([row]) == "2026-06-01T12:00:00Z  write    bat = 12: verified"
