"""Inverters held at the export limit by a meter that shows the past, second by second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dead_time_rig import METER, NOON, picture

from edge_agent.arbiter import Entry
from edge_agent.envelope import ConnectionEnvelope, PvEnvelope
from edge_agent.export_limit import export_claims
from edge_agent.fastloop.meter import Seen
from edge_agent.fastloop.sun import watch_sun
from edge_agent.guarding.seen_load import SeenLoad

PEAK_KW = 200.0
GRID = ConnectionEnvelope(meter=METER, import_limit_kw=1000.0, export_limit_kw=50.0)
PV = PvEnvelope(point="pv.limit", power="pv.power", peak_kw=PEAK_KW, connection=GRID)
RISE_S, RUN_S = 80, 320
LOAD_KW, HELD_KW = 30.0, 80.0


def sun_kw(second: int) -> float:
    """A cloud goes: first to what may be exported, then far beyond."""
    return 40.0 if second < 30 else 75.0 if second < RISE_S else 150.0


def made_kw(meter_delay_s: int, inverter_delay_s: int, *, watched: bool) -> list[float]:
    """What the inverter makes by the second."""
    course: list[float] = []
    limits = [PEAK_KW] * inverter_delay_s
    held: dict[str, Entry] = {}
    seen, pv_kw = Seen(), sun_kw(0)
    for second in range(RUN_S):
        now = NOON + timedelta(seconds=second)
        course.append(pv_kw)
        shown_kw = LOAD_KW - course[max(0, second - meter_delay_s)]
        image = picture(now, {METER: (shown_kw, 0.0), "pv.power": (pv_kw, 0.0)})
        load: SeenLoad | None = None
        if watched:
            seen, load = watch_sun(seen, [PV], image)
        held = export_claims([PV], held, image, now, load)
        limits.append(held[PV.point].value or 0.0 if held else PEAK_KW)
        pv_kw = min(sun_kw(second), limits.pop(0))
    return course


@pytest.mark.parametrize("inverter_delay_s", [0, 1, 5])
@pytest.mark.parametrize("meter_delay_s", [0, 2, 5, 15])
def test_the_limit_is_found_at_once_and_kept(meter_delay_s: int, inverter_delay_s: int) -> None:
    course = made_kw(meter_delay_s, inverter_delay_s, watched=True)
    settled_s = RISE_S + meter_delay_s + inverter_delay_s + 2
    assert max(course[settled_s:]) <= HELD_KW + 0.05
    assert min(course[RISE_S:]) >= 75.0


def test_without_that_a_late_meter_is_answered_again_and_again() -> None:
    course = made_kw(5, 0, watched=False)
    assert min(course[RISE_S:]) == 0.0


def test_without_inverters_or_sight_nothing_is_known() -> None:
    image = picture(NOON, {METER: (10.0, 0.0)})
    assert watch_sun(Seen(), [PV], image) == (Seen(), None)
    assert watch_sun(Seen(), [], image) == (Seen(), None)
    dark = picture(NOON, {"pv.power": (10.0, 0.0)})
    assert watch_sun(Seen(), [PV], dark) == (Seen(), None)


def test_a_load_of_a_meter_that_went_dark_changes_nothing() -> None:
    dark = picture(NOON, {"pv.power": (10.0, 0.0)})
    told = SeenLoad(meter=METER, at_s=NOON.timestamp(), kw=10.0, members=(PV.point,))
    assert export_claims([PV], {}, dark, NOON, told) == {}
    half = picture(NOON, {METER: (-90.0, 0.0)})
    assert export_claims([PV], {}, half, NOON, told) == {}
