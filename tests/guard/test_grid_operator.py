"""Relays and registers of the grid operator: who is limited, for how long, and what follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from field_images import NOW, reading, snapshot
from one_cycle import guard_all

from drivers.types import Quality
from edge_agent.arbiter import Entry, Priority, arbitrate
from edge_agent.envelope import (
    BatteryEnvelope,
    ConnectionEnvelope,
    Envelope,
    LoadEnvelope,
    PvEnvelope,
    SwitchEnvelope,
    ZoneEnvelope,
)
from edge_agent.grid_operator import (
    LimitOn,
    OperatorLimit,
    Signal,
    States,
    changes,
    follow,
    from_json,
    limits,
    to_json,
)
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.operator_claims import OperatorSight, narrowed, operator_claims
from edge_agent.snapshot import Board, Snapshot

DIMMING = Signal(
    id="dimming",
    point="box.relay",
    limit_on=LimitOn.CONSUMPTION,
    levels=((0.0, None), (1.0, 12.6)),
    full_kw=160.0,
    default_kw=12.6,
    hold_s=600.0,
)
RIPPLE = [
    Signal(
        id=f"ripple_{share}",
        point=f"ripple.s{share}",
        limit_on=LimitOn.FEED_IN,
        levels=((0.0, None), (1.0, 200.0 * share / 100)),
        full_kw=200.0,
        default_kw=None,
    )
    for share in (60, 30, 0)
]


def at(seconds: float, values: Mapping[str, float | None]) -> Snapshot:
    return snapshot(values, now=NOW + timedelta(seconds=seconds))


def run(signal: Signal, rows: Sequence[tuple[float, float | None, float | None]]) -> States:
    """Rows of second, what the point shows, and the limit that follows; restarts at every row."""
    states: States = {}
    for second, shown, limit_kw in rows:
        states = follow([signal], states, at(second, {signal.point: shown}))
        states = from_json(to_json(states))
        found = states[signal.id].limit_kw
        assert found == (None if limit_kw is None else pytest.approx(limit_kw)), (second, found)
    return states


def test_a_relay_limits_and_lifts() -> None:
    run(DIMMING, [(0, 0, None), (5, 1, 12.6), (10, 1, 12.6), (15, 0, None)])


def test_a_missing_signal_keeps_its_last_state_and_then_its_default() -> None:
    run(
        DIMMING,
        [(0, 0, None), (5, None, None), (600, None, None), (601, None, 12.6), (605, 0, None)],
    )
    calm = dataclasses.replace(DIMMING, default_kw=None)
    run(calm, [(0, 1, 12.6), (600, None, 12.6), (601, None, None)])


def test_a_signal_never_seen_has_its_default_at_once() -> None:
    states = run(DIMMING, [(0, None, 12.6), (5, 0, None)])
    assert states["dimming"].why == "box.relay shows 0"


def test_a_value_that_is_no_level_counts_as_missing() -> None:
    states = run(DIMMING, [(0, 1, 12.6), (5, 7, 12.6), (601, 7, 12.6)])
    assert "no level" in states["dimming"].why
    assert "default" in states["dimming"].why


def test_a_clock_that_steps_back_does_not_stretch_the_hold() -> None:
    run(DIMMING, [(5000, 0, None), (0, None, None), (599, None, None), (601, None, 12.6)])


def test_a_limit_is_lifted_with_a_ramp_and_lowered_at_once() -> None:
    slow = dataclasses.replace(DIMMING, restore_kw_per_s=1.0)
    rows = [(0, 1, 12.6), (10, 0, 22.6), (20, 0, 32.6), (21, 1, 12.6), (31, 0, 22.6)]
    states = run(slow, [*rows, (180, 0, None)])
    assert states["dimming"].since == NOW + timedelta(seconds=180)
    lifting = follow([slow], run(slow, rows), at(32, {"box.relay": 0}))
    assert lifting["dimming"].why.startswith("being lifted")


def test_a_register_tells_the_limit_itself() -> None:
    told = dataclasses.replace(DIMMING, levels=((65535.0, None),), scale_kw=0.1)
    run(told, [(0, 65535, None), (5, 42, 4.2), (10, 0, 0.0), (15, 9999, None), (20, -1, None)])


def test_the_strictest_signal_of_a_kind_counts() -> None:
    shown = {"ripple.s60": 1.0, "ripple.s30": 1.0, "ripple.s0": 0.0}
    states = follow(RIPPLE, {}, at(0, shown))
    (one,) = limits(RIPPLE, states)
    assert (one.limit_kw, one.signal, one.limit_on) == (60.0, "ripple_30", LimitOn.FEED_IN)
    (one,) = limits(RIPPLE[::-1], states)
    assert one.limit_kw == 60.0


def test_beginnings_and_ends_are_told() -> None:
    calm = follow([DIMMING], {}, at(0, {"box.relay": 0}))
    dimmed = follow([DIMMING], calm, at(5, {"box.relay": 1}))
    assert changes({}, calm) == ()
    assert changes(calm, dimmed) == ("dimming limits to 12.6 kW: box.relay shows 1",)
    assert changes(dimmed, dimmed) == ()
    assert changes(dimmed, calm) == ("dimming ends: box.relay shows 0",)


@pytest.mark.parametrize("text", [None, "", "{", '{"dimming": 3}'])
def test_a_state_that_cannot_be_read_is_none(text: str | None) -> None:
    assert from_json(text) == {}


CONNECTION = ConnectionEnvelope(meter="meter.power", import_limit_kw=300.0, export_limit_kw=150.0)
BATTERY = BatteryEnvelope(
    point="bat.setpoint",
    soc="bat.soc",
    power="bat.power",
    charge_kw=100.0,
    discharge_kw=80.0,
    soc_min_percent=10.0,
    soc_max_percent=90.0,
    charge_limit=None,
    discharge_limit=None,
    connection=CONNECTION,
)
HEAT = LoadEnvelope(point="heat.cap", rated_kw=10.0, power="heat.power")
ROD = SwitchEnvelope(point="rod.on", power_kw=6.0)
PV = PvEnvelope(point="pv.limit", power="pv.power", peak_kw=200.0, connection=CONNECTION)
ROOM = ZoneEnvelope(point="fcu.setpoint", temperature="room.t", low_c=19.0, high_c=25.0)
SITE: dict[str, Envelope] = {one.point: one for one in (BATTERY, HEAT, ROD, PV, ROOM)}
SEEN: dict[str, float | None] = {
    "bat.soc": 50.0,
    "bat.power": 0.0,
    "meter.power": 40.0,
    "heat.power": 8.0,
    "pv.power": 100.0,
    "room.t": 21.0,
}


def limit(limit_on: LimitOn, limit_kw: float) -> OperatorLimit:
    return OperatorLimit(limit_on=limit_on, limit_kw=limit_kw, signal="box", since=NOW, why="relay")


def leaves(
    found: OperatorLimit, wishes: dict[str, float], seen: Mapping[str, float | None] = SEEN
) -> dict[str, float | None]:
    """What leaves while a manual wish of a person asks for everything."""
    image = snapshot(seen)
    people = [
        Entry(
            point=point,
            value=value,
            priority=Priority.MANUAL,
            owner="porter",
            reason="wants it all",
            since=NOW,
            expires=NOW + timedelta(hours=1),
        )
        for point, value in wishes.items()
    ]
    envelopes = narrowed(SITE, [found])
    entries = [*people, *operator_claims(envelopes, [found], image)]
    guarded = guard_all(arbitrate(envelopes, entries, image.at), envelopes, image)
    return {one.point: one.value for one in guarded}


ALL = {"bat.setpoint": 100.0, "heat.cap": 10.0, "rod.on": 1.0, "pv.limit": 200.0}


@pytest.mark.parametrize(
    ("limit_kw", "battery_kw", "heat_kw", "rod"),
    [(0.0, 0.0, 0.0, 0.0), (4.2, 0.0, 4.2, 0.0), (12.6, 0.0, 6.6, 1.0), (20.0, 4.0, 10.0, 1.0)],
)
def test_controllable_consumption_never_exceeds_what_is_allowed(
    limit_kw: float, battery_kw: float, heat_kw: float, rod: float
) -> None:
    given = leaves(limit(LimitOn.CONSUMPTION, limit_kw), ALL)
    assert (given["bat.setpoint"], given["heat.cap"], given["rod.on"]) == pytest.approx(
        (battery_kw, heat_kw, rod)
    )
    assert battery_kw + heat_kw + rod * ROD.power_kw <= limit_kw
    assert given["pv.limit"] == 200.0
    assert given["fcu.setpoint"] is None


def test_dimming_does_not_keep_the_battery_from_discharging() -> None:
    given = leaves(limit(LimitOn.CONSUMPTION, 0.0), {"bat.setpoint": -60.0})
    assert given["bat.setpoint"] == -60.0
    # Nobody else claims them: the cap itself is written, the charger does not charge by itself.
    assert leaves(limit(LimitOn.CONSUMPTION, 4.2), {}) == {
        "bat.setpoint": 0.0,
        "heat.cap": pytest.approx(4.2),
        "rod.on": 0.0,
        "pv.limit": None,
        "fcu.setpoint": None,
    }


@pytest.mark.parametrize(
    ("changes_seen", "battery_kw", "heat_kw"),
    [
        ({}, 10.0, 10.0),
        ({"meter.power": 70.0}, -20.0, 0.0),
        ({"meter.power": 53.0}, -3.0, 5.0),
        ({"meter.power": None}, 0.0, 0.0),
        ({"heat.power": None}, 10.0, 0.0),
    ],
)
def test_a_limit_on_the_site_import(
    changes_seen: dict[str, float | None], battery_kw: float, heat_kw: float
) -> None:
    given = leaves(limit(LimitOn.SITE_IMPORT, 50.0), ALL, SEEN | changes_seen)
    assert (given["bat.setpoint"], given["heat.cap"]) == pytest.approx((battery_kw, heat_kw))


@pytest.mark.parametrize(
    ("limit_kw", "changes_seen", "battery_kw", "pv_kw"),
    [
        (120.0, {}, -80.0, 200.0),
        (60.0, {}, -80.0, 200.0),
        (0.0, {}, -40.0, 140.0),
        (0.0, {"meter.power": -80.0}, 80.0, 20.0),
        (60.0, {"meter.power": None}, 0.0, 60.0),
        (60.0, {"pv.power": None}, -80.0, 60.0),
    ],
)
def test_a_limit_on_the_feed_in(
    limit_kw: float, changes_seen: dict[str, float | None], battery_kw: float, pv_kw: float
) -> None:
    wanted = {"bat.setpoint": -80.0, "pv.limit": 200.0}
    given = leaves(limit(LimitOn.FEED_IN, limit_kw), wanted, SEEN | changes_seen)
    assert (given["bat.setpoint"], given["pv.limit"]) == pytest.approx((battery_kw, pv_kw))


def read_late(late: str, age_s: float) -> Snapshot:
    """Everything read now but one point."""
    board = Board()
    for key, value in SEEN.items():
        at = NOW - timedelta(seconds=age_s if key == late else 0.0)
        board.post([reading(key, value, at=at, quality=Quality.GOOD)], stale_s=600.0)
    return board.freeze(NOW)


def test_meter_and_inverter_read_apart_mean_the_plain_limit() -> None:
    image = read_late("pv.power", 20.0)
    claims = operator_claims(SITE, [limit(LimitOn.FEED_IN, 60.0)], image)
    assert {one.point: one.value for one in claims}["pv.limit"] == 60.0


@pytest.mark.parametrize("late", ["heat.power", "bat.power"])
@pytest.mark.parametrize(("age_s", "heat_kw"), [(15.0, 10.0), (16.0, 0.0), (300.0, 0.0)])
def test_what_was_read_apart_from_the_meter_says_nothing_of_the_rest(
    late: str, age_s: float, heat_kw: float
) -> None:
    """The heat pump then has its least: what stood minutes ago is not taken off what stands now."""
    claims = operator_claims(SITE, [limit(LimitOn.SITE_IMPORT, 50.0)], read_late(late, age_s))
    assert {one.point: one.value for one in claims}["heat.cap"] == heat_kw


@pytest.mark.parametrize(
    ("late_s", "members", "heat_kw", "pv_kw"),
    [(0.0, True, 5.0, 40.0), (1.0, True, 10.0, 200.0), (0.0, False, 10.0, 200.0)],
)
def test_a_late_meter_is_held_against_what_was_then(
    late_s: float, heat_kw: float, pv_kw: float, *, members: bool
) -> None:
    """What was found with another reading, or leaves out other equipment, is not used."""
    at_s = NOW.timestamp() - late_s
    ours, sun = (("heat.cap", "bat.setpoint"), ("pv.limit",)) if members else ((), ())
    sight = OperatorSight(
        rest=SeenLoad(meter="meter.power", at_s=at_s, kw=45.0, members=ours),
        without_sun=SeenLoad(meter="meter.power", at_s=at_s, kw=-20.0, members=sun),
    )
    found = [limit(LimitOn.SITE_IMPORT, 50.0), limit(LimitOn.FEED_IN, 60.0)]
    claims = operator_claims(SITE, found, snapshot(SEEN), sight)
    given = {one.point: one.value for one in claims if one.point != "bat.setpoint"}
    assert given == pytest.approx({"heat.cap": heat_kw, "pv.limit": pv_kw})


def test_a_site_without_batteries_or_a_metered_inverter() -> None:
    bare: dict[str, Envelope] = {
        HEAT.point: HEAT,
        PV.point: dataclasses.replace(PV, connection=None),
    }
    found = [limit(LimitOn.SITE_IMPORT, 50.0), limit(LimitOn.FEED_IN, 60.0)]
    claims = operator_claims(narrowed(bare, found), found, snapshot(SEEN))
    assert {one.point: one.value for one in claims} == {"heat.cap": 0.0, "pv.limit": 60.0}
    assert operator_claims({}, [*found, limit(LimitOn.CONSUMPTION, 4.2)], snapshot(SEEN)) == []


def test_only_the_operators_own_limit_narrows_the_connection() -> None:
    assert narrowed(SITE, []) == SITE
    tight = narrowed(SITE, [limit(LimitOn.FEED_IN, 60.0), limit(LimitOn.SITE_IMPORT, 500.0)])
    battery = tight["bat.setpoint"]
    assert isinstance(battery, BatteryEnvelope)
    assert battery.connection.export_limit_kw == 60.0
    assert battery.connection.import_limit_kw == 300.0


def test_claims_name_the_signal_and_end_by_themselves() -> None:
    (one, *_) = operator_claims(SITE, [limit(LimitOn.CONSUMPTION, 4.2)], snapshot(SEEN))
    assert (one.owner, one.priority) == ("box", Priority.GRID_OPERATOR)
    assert "4.2 kW" in one.reason
    assert not one.live(NOW + timedelta(minutes=1))
