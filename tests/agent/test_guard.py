from __future__ import annotations

import dataclasses
import math
from datetime import timedelta

import pytest
from field_images import NOW, reading, snapshot
from hypothesis import given
from hypothesis import strategies as st
from one_cycle import guard_all

from edge_agent.arbiter import Decision, Entry, Priority
from edge_agent.envelope import (
    BatteryEnvelope,
    ConnectionEnvelope,
    Envelope,
    PvEnvelope,
    ZoneEnvelope,
)
from edge_agent.guard import Guarded
from edge_agent.snapshot import Board, Snapshot

BATTERY = BatteryEnvelope(
    point="bat.setpoint",
    soc="bat.soc",
    power="bat.power",
    charge_kw=100.0,
    discharge_kw=80.0,
    soc_min_percent=10.0,
    soc_max_percent=90.0,
    charge_limit="bat.charge_limit",
    discharge_limit="bat.discharge_limit",
    connection=ConnectionEnvelope(meter="meter.power", import_limit_kw=300.0, export_limit_kw=50.0),
)
ZONE = ZoneEnvelope(point="fcu.setpoint", temperature="temp.t", low_c=19.0, high_c=25.0)
PV = PvEnvelope(point="pv.limit", power="pv.power", peak_kw=200.0)

REST: dict[str, float | None] = {
    "bat.soc": 50.0,
    "bat.power": 0.0,
    "bat.charge_limit": 100.0,
    "bat.discharge_limit": 80.0,
    "meter.power": 100.0,
}


def wish(value: float | None, point: str = "bat.setpoint") -> Decision:
    claim = Entry(
        point=point,
        value=value,
        priority=Priority.PLAN,
        owner="plan",
        reason="test",
        since=NOW,
        expires=NOW + timedelta(seconds=15),
    )
    return Decision(point=point, winner=claim, array=(claim,))


def judged(decision: Decision, envelope: Envelope, image: Snapshot) -> Guarded:
    (guarded,) = guard_all([decision], {decision.point: envelope}, image)
    return guarded


@pytest.mark.parametrize(
    ("wanted", "changes", "leaves"),
    [
        (40.0, {}, 40.0),
        (-40.0, {}, -40.0),
        (500.0, {}, 100.0),
        (-500.0, {}, -80.0),
        (40.0, {"bat.charge_limit": 15.0}, 12.0),
        (40.0, {"bat.charge_limit": None}, 0.0),
        (-40.0, {"bat.discharge_limit": 0.0}, 0.0),
        (-40.0, {"bat.discharge_limit": None}, 0.0),
        (40.0, {"bat.soc": 90.0}, 0.0),
        (-40.0, {"bat.soc": 10.0}, 0.0),
        (80.0, {"meter.power": 260.0}, 40.0),
        (0.0, {"meter.power": 340.0}, -40.0),
        (-60.0, {"meter.power": -30.0}, -20.0),
        (40.0, {"bat.soc": None}, None),
        (40.0, {"bat.power": None}, None),
        (40.0, {"meter.power": None}, None),
        (math.nan, {}, None),
        (math.inf, {}, None),
        (None, {}, None),
    ],
)
def test_battery(
    wanted: float | None, changes: dict[str, float | None], leaves: float | None
) -> None:
    guarded = judged(wish(wanted), BATTERY, snapshot(REST | changes))
    assert guarded.value == (None if leaves is None else pytest.approx(leaves))
    assert bool(guarded.cuts) == (guarded.value != wanted)


def test_stale_telemetry_stops_the_battery() -> None:
    guarded = judged(wish(40.0), BATTERY, snapshot(REST, age_s=31.0))
    assert guarded.value is None
    assert "bat.soc is stale" in guarded.cuts[0]


TWINS = {
    name: dataclasses.replace(
        BATTERY,
        point=f"{name}.setpoint",
        soc=f"{name}.soc",
        power=f"{name}.power",
        charge_limit=None,
        discharge_limit=None,
    )
    for name in ("one", "two")
}


@pytest.mark.parametrize(
    ("meter_kw", "wishes", "leave"),
    [
        (100.0, (100.0, 100.0), (100.0, 100.0)),
        (150.0, (100.0, 100.0), (100.0, 50.0)),
        (400.0, (0.0, 0.0), (-80.0, -20.0)),
        (-30.0, (-40.0, -40.0), (-20.0, 0.0)),
    ],
)
def test_two_batteries_share_the_connection_point(
    meter_kw: float, wishes: tuple[float, float], leave: tuple[float, float]
) -> None:
    image = snapshot(
        {"meter.power": meter_kw}
        | {
            f"{name}.{point}": value
            for name in TWINS
            for point, value in (("soc", 50.0), ("power", 0.0))
        }
    )
    decisions = [wish(one, f"{name}.setpoint") for name, one in zip(TWINS, wishes, strict=True)]
    envelopes: dict[str, Envelope] = {one.point: one for one in TWINS.values()}
    guarded = guard_all(decisions, envelopes, image)
    assert [one.value for one in guarded] == pytest.approx(leave)


def test_meter_and_battery_must_have_been_read_together() -> None:
    board = Board()
    for key, value in REST.items():
        age_s = 20.0 if key == "meter.power" else 0.0
        board.post([reading(key, value, at=NOW - timedelta(seconds=age_s))], stale_s=30.0)
    guarded = judged(wish(40.0), BATTERY, board.freeze(NOW))
    assert guarded.value is None
    assert "not read at the same time" in guarded.cuts[0]


@pytest.mark.parametrize(
    ("amps", "meter_kw", "wanted", "leaves"),
    [
        ((50.0, 50.0, 50.0), 35.0, 90.0, 34.5),
        ((20.0, 99.0, 20.0), 35.0, 90.0, 0.69),
        ((20.0, 120.0, 20.0), 35.0, 0.0, -13.8),
        ((90.0, 50.0, 50.0), -20.0, -60.0, -6.9),
        ((50.0, None, 50.0), 35.0, 40.0, None),
    ],
)
def test_the_worst_phase_decides(
    amps: tuple[float | None, ...], meter_kw: float, wanted: float, leaves: float | None
) -> None:
    keys = tuple(f"meter.current_l{phase}" for phase in (1, 2, 3))
    fused = dataclasses.replace(
        BATTERY,
        connection=dataclasses.replace(BATTERY.connection, currents=keys, max_current_a=100.0),
    )
    image = snapshot(REST | {"meter.power": meter_kw} | dict(zip(keys, amps, strict=True)))
    value = judged(wish(wanted), fused, image).value
    assert value == (None if leaves is None else pytest.approx(leaves))


def test_a_band_narrower_than_the_rating_cuts() -> None:
    narrow = dataclasses.replace(BATTERY, band_kw=(-30.0, 25.0))
    assert judged(wish(90.0), narrow, snapshot(REST)).value == 25.0
    assert judged(wish(-90.0), narrow, snapshot(REST)).value == -30.0


def test_a_clock_that_stepped_back_makes_readings_unknown() -> None:
    image = snapshot(REST, age_s=-3600.0)
    assert judged(wish(40.0), BATTERY, image).value is None


def test_a_single_bad_sensor_stops_only_what_depends_on_it() -> None:
    image = snapshot(REST | {"temp.t": None})
    assert judged(wish(40.0), BATTERY, image).value == 40.0
    assert judged(wish(22.0, "fcu.setpoint"), ZONE, image).value is None


@pytest.mark.parametrize(("wanted", "leaves"), [(22.0, 22.0), (5.0, 19.0), (40.0, 25.0)])
def test_zone_setpoint_stays_in_its_safe_band(wanted: float, leaves: float) -> None:
    assert judged(wish(wanted), ZONE, snapshot({"temp.t": 21.0})).value == leaves


@pytest.mark.parametrize(("wanted", "leaves"), [(50.0, 50.0), (-5.0, 0.0), (900.0, 200.0)])
def test_pv_limit_stays_within_the_inverter(wanted: float, leaves: float) -> None:
    assert judged(wish(wanted), PV, snapshot({"pv.power": 60.0})).value == leaves
    assert judged(wish(wanted), PV, snapshot({"pv.power": None})).value is None


ANY = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
WILD = st.floats(allow_nan=True, allow_infinity=True)


@given(wanted=WILD, values=st.fixed_dictionaries(dict.fromkeys(REST, ANY)))
def test_nothing_outside_the_battery_envelope_ever_leaves(
    wanted: float, values: dict[str, float | None]
) -> None:
    value = judged(wish(wanted), BATTERY, snapshot(values)).value
    if value is None:
        return
    assert -BATTERY.discharge_kw <= value <= BATTERY.charge_kw
    soc = values["bat.soc"]
    assert soc is not None
    assert value <= 0 or soc < BATTERY.soc_max_percent
    assert value >= 0 or soc > BATTERY.soc_min_percent
    assert value <= max(0.0, values["bat.charge_limit"] or 0.0)
    assert value >= -max(0.0, values["bat.discharge_limit"] or 0.0)


@given(wanted=WILD, envelope=st.sampled_from([ZONE, PV]), measured=ANY)
def test_nothing_outside_zone_and_pv_envelopes_ever_leaves(
    wanted: float, envelope: Envelope, measured: float | None
) -> None:
    value = judged(
        wish(wanted), envelope, snapshot({"temp.t": measured, "pv.power": measured})
    ).value
    if value is not None:
        low, high = (19.0, 25.0) if isinstance(envelope, ZoneEnvelope) else (0.0, 200.0)
        assert low <= value <= high
