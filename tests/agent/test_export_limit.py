from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from field_images import NOW, reading, snapshot
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.arbiter import Entry, Priority
from edge_agent.envelope import ConnectionEnvelope, PvEnvelope
from edge_agent.export_limit import HOLD_S, export_claims
from edge_agent.snapshot import Board

CONNECTION = ConnectionEnvelope(meter="meter.power", import_limit_kw=300.0, export_limit_kw=50.0)
PV = PvEnvelope(point="pv.limit", power="pv.power", peak_kw=200.0, connection=CONNECTION)


def claims(
    meter_kw: float | None,
    pv_kw: float | None,
    held: dict[str, Entry] | None = None,
    at_s: float = 0,
) -> dict[str, Entry]:
    now = NOW + timedelta(seconds=at_s)
    image = snapshot({"meter.power": meter_kw, "pv.power": pv_kw}, now=now)
    return export_claims([PV], held or {}, image, now)


@pytest.mark.parametrize(
    ("meter_kw", "pv_kw", "limit_kw"),
    [
        (20.0, 100.0, None),
        (-40.0, 100.0, None),
        (-50.0, 100.0, None),
        (-60.0, 100.0, 90.0),
        (-250.0, 100.0, 0.0),
        (None, 100.0, None),
        (-60.0, None, None),
    ],
)
def test_over_the_limit_the_inverter_is_held_back_at_once(
    meter_kw: float | None, pv_kw: float | None, limit_kw: float | None
) -> None:
    found = claims(meter_kw, pv_kw)
    assert [entry.value for entry in found.values()] == ([] if limit_kw is None else [limit_kw])
    assert all(entry.priority is Priority.SAFETY for entry in found.values())


def test_near_its_bound_the_limit_follows_upwards_and_far_from_it_it_ends() -> None:
    held = claims(-60.0, 100.0)
    rising = claims(-45.0, 90.0, held, at_s=5)
    assert rising["pv.limit"].value == 95.0
    assert claims(10.0, 95.0, rising, at_s=10) == rising
    assert claims(10.0, 95.0, rising, at_s=6 + HOLD_S) == {}


def test_a_silent_meter_keeps_the_limit_until_it_ends() -> None:
    held = claims(-60.0, 100.0)
    assert claims(None, 90.0, held, at_s=30) == held


def test_meter_and_inverter_read_apart_change_nothing() -> None:
    held = claims(-60.0, 100.0)
    board = Board()
    board.post([reading("meter.power", -90.0)], stale_s=30.0)
    board.post([reading("pv.power", 90.0, at=NOW - timedelta(seconds=20))], stale_s=30.0)
    assert export_claims([PV], held, board.freeze(NOW), NOW) == held


def test_the_limit_leaves_room_for_lower_wishes() -> None:
    (claim,) = claims(-60.0, 100.0).values()
    assert claim.bounds == (0.0, 90.0)


def test_two_inverters_share_the_cut() -> None:
    twin = dataclasses.replace(PV, point="two.limit", power="two.power")
    image = snapshot({"meter.power": -70.0, "pv.power": 100.0, "two.power": 40.0})
    found = export_claims([PV, twin], {}, image, NOW)
    assert {point: entry.value for point, entry in found.items()} == {
        "pv.limit": 85.7,
        "two.limit": 34.3,
    }


@given(meter_kw=st.floats(-1e4, 1e4), pv_kw=st.floats(-5, 250))
def test_a_limit_is_always_one_the_inverter_takes(meter_kw: float, pv_kw: float) -> None:
    for entry in claims(meter_kw, pv_kw).values():
        assert entry.value is not None
        assert 0.0 <= entry.value <= PV.peak_kw
