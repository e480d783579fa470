"""A meter that shows the past: what the load behind it takes from a battery, and leaves it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from field_images import NOW, snapshot

from edge_agent.arbiter import Entry, Priority, arbitrate
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope, Envelope
from edge_agent.guard import guard_cycle
from edge_agent.guarding.recall import PointRecall, Recall
from edge_agent.guarding.seen_load import SeenLoad

AT_S = NOW.timestamp()
GRID = ConnectionEnvelope(meter="meter.power", import_limit_kw=100.0, export_limit_kw=50.0)
FUSED = dataclasses.replace(
    GRID,
    import_limit_kw=1000.0,
    currents=("meter.l1", "meter.l2", "meter.l3"),
    max_current_a=100.0,
)
LOAD = SeenLoad(meter="meter.power", at_s=AT_S, kw=160.0, members=("one.setpoint",))


def battery(
    name: str = "one", connection: ConnectionEnvelope = GRID, phase: int | None = None
) -> BatteryEnvelope:
    return BatteryEnvelope(
        point=f"{name}.setpoint",
        soc=f"{name}.soc",
        power=f"{name}.power",
        charge_kw=100.0,
        discharge_kw=100.0,
        soc_min_percent=10.0,
        soc_max_percent=90.0,
        charge_limit=None,
        discharge_limit=None,
        connection=connection,
        phase=phase,
    )


def leaves(
    seen: Mapping[str, float],
    wishes: Mapping[str, float],
    load: SeenLoad | None,
    fleet: tuple[BatteryEnvelope, ...] = (battery(),),
    sent: Mapping[str, float] | None = None,
    sent_at: datetime = NOW,
) -> dict[str, float | None]:
    """What leaves in one cycle; `sent` is what left in the one before."""
    envelopes: dict[str, Envelope] = {one.point: one for one in fleet}
    socs = {one.soc: 50.0 for one in fleet}
    points = {
        point: PointRecall(value=value, at=sent_at, since=sent_at)
        for point, value in (sent or {}).items()
    }
    entries = [
        Entry(
            point=point,
            value=value,
            priority=Priority.PLAN,
            owner="plan",
            reason="a wish",
            since=NOW,
            expires=NOW.replace(year=NOW.year + 1),
        )
        for point, value in wishes.items()
    ]
    decisions = arbitrate(envelopes, entries, NOW)
    image = snapshot({**socs, **seen})
    cycle = guard_cycle(decisions, envelopes, image, Recall(points=points), [load] if load else [])
    return {one.point: one.value for one in cycle.guarded}


@pytest.mark.parametrize(
    ("what", "seen_kw", "wish_kw", "load_kw", "left_kw"),
    [
        ("the answer that does not show yet is not given twice", (160, -60), 0, 160, (-100, -60)),
        ("on its ramp it goes on to where the load wants it", (160, -30), 0, 160, (-90, -60)),
        ("what the meter shows of the past is no room", (40, 0), 80, 100, (60, 0)),
        ("room that does not show yet is not given", (100, -60), 0, 100, (-60, -60)),
        ("a meter that shows what is now: nothing changes", (100, -60), 0, 160, (-60, -60)),
        ("export: the answer is not given twice", (-110, 60), 0, -110, (100, 60)),
        ("export: the past is no room", (20, 0), -80, -40, (-70, -10)),
    ],
)
def test_one_battery(
    what: str,
    seen_kw: tuple[float, float],
    wish_kw: float,
    load_kw: float,
    left_kw: tuple[float, float],
) -> None:
    """Meter and battery; what leaves when nothing, and when the load is told."""
    seen, wish = (
        dict(zip(("meter.power", "one.power"), seen_kw, strict=True)),
        {"one.setpoint": wish_kw},
    )
    told = dataclasses.replace(LOAD, kw=load_kw)
    left = [leaves(seen, wish, load)["one.setpoint"] for load in (None, told)]
    assert left == pytest.approx(left_kw), what


@pytest.mark.parametrize(
    ("sent_kw", "load_kw", "left_kw"),
    [(-10.0, 100.0, -10.0), (30.0, 100.0, 0.0), (-10.0, 130.0, -30.0), (-80.0, 100.0, -60.0)],
)
def test_where_it_was_sent_before_it_may_go(sent_kw: float, load_kw: float, left_kw: float) -> None:
    """As far as the load allows, whatever a meter of the past says; and no further."""
    seen, told = {"meter.power": 100.0, "one.power": -60.0}, dataclasses.replace(LOAD, kw=load_kw)
    left = leaves(seen, {"one.setpoint": 50.0}, told, sent={"one.setpoint": sent_kw})
    assert left["one.setpoint"] == pytest.approx(left_kw)


@pytest.mark.parametrize(("ago_s", "left_kw"), [(120.0, -10.0), (121.0, -60.0)])
def test_what_left_long_ago_is_under_way_no_more(ago_s: float, left_kw: float) -> None:
    seen, told = {"meter.power": 100.0, "one.power": -60.0}, dataclasses.replace(LOAD, kw=100.0)
    sent, sent_at = {"one.setpoint": -10.0}, NOW - timedelta(seconds=ago_s)
    left = leaves(seen, {"one.setpoint": 50.0}, told, sent=sent, sent_at=sent_at)
    assert left["one.setpoint"] == pytest.approx(left_kw)


@pytest.mark.parametrize(
    "told",
    [
        dataclasses.replace(LOAD, meter="other.power"),
        dataclasses.replace(LOAD, at_s=AT_S - 1),
        dataclasses.replace(LOAD, members=("one.setpoint", "two.setpoint")),
    ],
)
def test_what_does_not_fit_the_reading_changes_nothing(told: SeenLoad) -> None:
    seen, wish = {"meter.power": 160.0, "one.power": -60.0}, {"one.setpoint": 0.0}
    assert leaves(seen, wish, told) == leaves(seen, wish, None) == {"one.setpoint": -100.0}


def test_a_member_that_is_not_seen_leaves_the_load_unknown() -> None:
    fleet = (battery(), battery("two"))
    told = dataclasses.replace(LOAD, members=("one.setpoint", "two.setpoint"))
    seen, wish = {"meter.power": 160.0, "one.power": -60.0}, {"one.setpoint": 0.0}
    assert leaves(seen, wish, told, fleet)["one.setpoint"] == -100.0


def test_two_batteries_stand_together() -> None:
    fleet = (battery(), battery("two"))
    told = dataclasses.replace(LOAD, members=("one.setpoint", "two.setpoint"))
    seen = {"meter.power": 160.0, "one.power": -40.0, "two.power": -20.0}
    wishes = {"one.setpoint": 0.0, "two.setpoint": 0.0}
    assert leaves(seen, wishes, None, fleet) == {"one.setpoint": -100.0, "two.setpoint": -20.0}
    assert leaves(seen, wishes, told, fleet) == {"one.setpoint": -40.0, "two.setpoint": -20.0}


AMPS = {"meter.power": 75.9, "meter.l1": 110.0, "meter.l2": 110.0, "meter.l3": 110.0}


@pytest.mark.parametrize(("phase", "own_kw"), [(None, -6.9), (1, -2.3)])
def test_a_phase_that_is_answered_already(phase: int | None, own_kw: float) -> None:
    """10 A too much on each phase, by a reading from before the battery's answer."""
    fleet = (battery(connection=FUSED, phase=phase),)
    told = dataclasses.replace(LOAD, kw=75.9)
    seen, wish = AMPS | {"one.power": own_kw}, {"one.setpoint": 0.0}
    assert leaves(seen, wish, None, fleet)["one.setpoint"] == pytest.approx(2 * own_kw)
    assert leaves(seen, wish, told, fleet)["one.setpoint"] == pytest.approx(own_kw)


def test_batteries_on_different_phases_leave_open_whose_answer_is_due() -> None:
    fleet = (battery(connection=FUSED, phase=1), battery("two", FUSED, phase=2))
    told = dataclasses.replace(LOAD, kw=75.9, members=("one.setpoint", "two.setpoint"))
    seen = AMPS | {"one.power": -2.3, "two.power": -2.3}
    wishes = {"one.setpoint": 0.0, "two.setpoint": 0.0}
    assert leaves(seen, wishes, told, fleet) == pytest.approx(
        {"one.setpoint": -4.6, "two.setpoint": -4.6}
    )
