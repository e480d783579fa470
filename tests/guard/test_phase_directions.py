"""Fuses whose meter tells no phase power: relief only where the sum tells the direction."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from field_images import NOW, snapshot

from edge_agent.arbiter import Entry, Priority, arbitrate
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope
from edge_agent.guard import guard_cycle
from edge_agent.guarding.phases import flow_kw
from edge_agent.guarding.recall import Recall

VOLTS, FUSE_A = 230.0, 35.0
CONNECTION = ConnectionEnvelope(
    meter="meter.power",
    import_limit_kw=40.0,
    export_limit_kw=40.0,
    currents=tuple(f"meter.current_l{line}" for line in (1, 2, 3)),
    voltages=tuple(f"meter.voltage_l{line}" for line in (1, 2, 3)),
    max_current_a=FUSE_A,
)
BATTERY = BatteryEnvelope(
    point="bat.setpoint",
    soc="bat.soc",
    power="bat.power",
    charge_kw=12.0,
    discharge_kw=12.0,
    soc_min_percent=5.0,
    soc_max_percent=95.0,
    charge_limit=None,
    discharge_limit=None,
    connection=CONNECTION,
)
Lines = tuple[float, float, float]


def shown(lines_kw: Lines, factor: float = 1.0) -> dict[str, float | None]:
    """What the meter shows of these phases, import positive, at one power factor."""
    values: dict[str, float | None] = {"meter.power": sum(lines_kw)}
    for line, kw in enumerate(lines_kw, start=1):
        values[f"meter.current_l{line}"] = 1000 * abs(kw) / VOLTS / factor
        values[f"meter.voltage_l{line}"] = VOLTS
    return values


def course(
    phase: int | None, base_kw: Lines, wish_kw: float, start_kw: float, factor: float = 1.0
) -> list[tuple[float, float]]:
    """Battery and L1, kW, tick by tick, when the battery does as the guard says."""
    one = dataclasses.replace(BATTERY, phase=phase)
    recall, bat_kw, seen = Recall(), start_kw, []
    for tick in range(8):
        now = NOW + timedelta(seconds=5 * tick)
        on = [bat_kw * ((phase is None) / 3 + (phase == line)) for line in (1, 2, 3)]
        first, second, third = (base + own for base, own in zip(base_kw, on, strict=True))
        seen.append((bat_kw, first))
        values = shown((first, second, third), factor)
        image = snapshot(values | {one.soc: 50.0, one.power: bat_kw}, now=now)
        wish = Entry(
            point=one.point,
            value=wish_kw,
            priority=Priority.PLAN,
            owner="plan",
            reason="",
            since=now,
            expires=now + timedelta(seconds=60),
        )
        cycle = guard_cycle(arbitrate([one.point], [wish], now), {one.point: one}, image, recall)
        recall, left_kw = cycle.recall, cycle.guarded[0].value
        assert left_kw is not None
        bat_kw = left_kw
    return seen


@pytest.mark.parametrize(("phase", "rests_kw"), [(1, 0.45), (None, 1.35)])
def test_a_phase_that_exports_too_much_is_relieved_by_charging_though_the_sum_imports(
    phase: int | None, rests_kw: float
) -> None:
    """Taken to flow as the sum does, each relief would make the next one greater."""
    seen = course(phase, (-8.5, 6.0, 6.0), wish_kw=0.0, start_kw=0.0)
    assert max(abs(first) for _, first in seen) == 8.5
    # It follows the reading, which it has changed itself: 0 kW again once there is room.
    assert {round(bat, 2) for bat, _ in seen} <= {0.0, rests_kw}
    assert seen[1] == pytest.approx((rests_kw, -8.05))


@pytest.mark.parametrize("phase", [1, None])
@pytest.mark.parametrize(("wish_kw", "start_kw"), [(0.0, 0.0), (-6.0, -3.0), (6.0, 3.0)])
@pytest.mark.parametrize("way", [1, -1])
def test_with_no_direction_known_an_overload_holds_the_battery_still(
    phase: int | None, wish_kw: float, start_kw: float, way: int
) -> None:
    """37 A on L1 beside 36 A the other way round on L2: either may be what imports."""
    own_kw = start_kw * (1.0 if phase == 1 else 1 / 3)
    rest_kw = 0.0 if phase == 1 else own_kw
    base_kw = (way * 8.51 - own_kw, -way * 8.28 - rest_kw, 0.1 - rest_kw)
    seen = course(phase, base_kw, wish_kw, start_kw)
    assert [bat for bat, _ in seen] == pytest.approx([start_kw] * len(seen))
    assert [first for _, first in seen] == pytest.approx([way * 8.51] * len(seen))


@pytest.mark.parametrize("factor", [1.0, 0.9, 0.8])
def test_three_balanced_phases_are_relieved_whatever_their_power_factor(factor: float) -> None:
    over_kw = factor * 37 * VOLTS / 1000
    seen = course(None, (over_kw, over_kw, over_kw), wish_kw=0.0, start_kw=0.0, factor=factor)
    assert seen[0][0] == 0.0
    assert all(-1.39 < bat < -1.0 for bat, _ in seen[1:])
    assert 1000 * seen[-1][1] / VOLTS / factor == pytest.approx(FUSE_A, abs=0.05)


@pytest.mark.parametrize(
    ("lines_kw", "factor", "told_kw"),
    [
        ((8.0, 6.0, 6.0), 1.0, (8.0, 6.0, 6.0)),
        ((-8.0, 6.0, 6.0), 1.0, (-8.0, 6.0, 6.0)),
        ((-8.0, -6.0, 6.0), 1.0, (-8.0, -6.0, -6.0)),
        ((8.0, -0.1, 6.0), 1.0, (8.0, 0.1, 6.0)),
        ((8.0, 8.0, 8.0), 0.8, (10.0, 10.0, 10.0)),
        ((8.0, -7.9, 0.0), 1.0, (8.0, 7.9, 0.0)),
        ((-8.0, 7.9, 0.0), 1.0, (-8.0, -7.9, 0.0)),
        ((8.0, 8.0, 8.0), 0.7, (80 / 7, 80 / 7, 80 / 7)),
    ],
)
def test_where_the_sum_leaves_it_open_a_phase_shows_as_the_sum_flows(
    lines_kw: Lines, factor: float, told_kw: Lines
) -> None:
    image = snapshot(shown(lines_kw, factor))
    found = [flow_kw(CONNECTION, index, sum(lines_kw), image) for index in range(3)]
    assert found == pytest.approx(list(told_kw))


def test_a_current_that_is_not_seen_leaves_the_others_open() -> None:
    """L1 exports, but only with all three could that be told."""
    image = snapshot(shown((-8.0, 6.0, 6.0)) | {"meter.current_l3": None})
    assert flow_kw(CONNECTION, 0, 4.0, image) == pytest.approx(8.0)
