"""What may be written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.types import Point, Reverts
from edge_agent.commissioning.bounds import refusal
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope, PvEnvelope, ZoneEnvelope

SETPOINT = Point(device="b", name="p", unit="kW", writable=True, reverts=Reverts.TIMER)
CONNECTION = ConnectionEnvelope(meter="m.power", import_limit_kw=100, export_limit_kw=50)
BATTERY = BatteryEnvelope(
    point="b.p", soc="b.soc", power="b.power", charge_kw=40, discharge_kw=30,
    soc_min_percent=10, soc_max_percent=95, charge_limit=None, discharge_limit=None,
    connection=CONNECTION,
)  # fmt: skip

CASES = [
    (replace(SETPOINT, writable=False), 1.0, "b.p is not writable"),
    (SETPOINT, float("nan"), "is no number"),
    (replace(SETPOINT, hard=(-5.0, 5.0)), 6.0, "outside the hard limits, -5..5"),
    (replace(SETPOINT, limits=(-5.0, 5.0)), -6.0, "outside what the device takes, -5..5"),
    (replace(SETPOINT, safe=(0.0, 2.0), reverts=Reverts.NONE), 3.0, "may stand for ever, 0..2"),
    (replace(SETPOINT, safe=(0.0, 2.0)), 3.0, ""),
    (SETPOINT, -31.0, "the battery's rating, -30..40"),
    (SETPOINT, 40.0, ""),
]


@pytest.mark.parametrize(("point", "value", "why"), CASES)
def test_every_band_refuses_in_its_own_words(point: Point, value: float, why: str) -> None:
    said = refusal(point, value, {"b.p": BATTERY})
    assert (why in said) if why else said == ""


def test_each_kind_of_asset_has_its_band() -> None:
    banded = replace(BATTERY, band_kw=(-10.0, 10.0))
    assert "the setpoint's band" in refusal(SETPOINT, 11.0, {"b.p": banded})
    zone = ZoneEnvelope(point="b.p", temperature="t.t", low_c=19, high_c=25)
    assert "the zone's band, 19..25" in refusal(SETPOINT, 26.0, {"b.p": zone})
    plant = PvEnvelope(point="b.p", power="i.p", peak_kw=80)
    assert "the plant's rating, 0..80" in refusal(SETPOINT, -1.0, {"b.p": plant})
