"""What a billing block still allows, by the second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dead_time_rig import NOON, flat_plan

from edge_agent.billing import OpenBlock, open_block
from edge_agent.fastloop.budget import Charge, charges, import_cap_kw, targets_kw


def cap(
    second: int,
    average_kw: float,
    measured_s: float,
    net_kw: float,
    lead_s: float = 0.0,
    tick_s: float = 5.0,
) -> float:
    """The cap for a target of 100 kW, a block measured without a hole up to now."""
    now = NOON + timedelta(seconds=second)
    block = OpenBlock(
        start=NOON,
        block_s=900,
        import_kwh=average_kw * measured_s / 3600,
        measured_s=measured_s,
        last_at=now,
    )
    return import_cap_kw(Charge(id="c", peak_kw=0, block=block), 100.0, net_kw, now, lead_s, tick_s)


@pytest.mark.parametrize(
    ("second", "average_kw", "measured_s", "net_kw", "wanted"),
    [
        (0, 0, 0, 500, 100),
        (450, 100, 450, 100, 100),
        (450, 80, 450, 80, 120),
        (450, 120, 450, 120, 80),
        (600, 120, 600, 120, 60),
        (600, 160, 600, 160, 0),
        (870, 99, 870, 99, 129),
        (890, 99, 890, 99, 100 + 890 / 10),
        (895, 99, 895, 99, 100 + 895 / 10),
        (600, 80, 60, 80, 104),
        (600, 0, 0, 80, 100),
    ],
)
def test_what_was_saved_or_overspent_is_spread_over_the_rest(
    second: int, average_kw: float, measured_s: float, net_kw: float, wanted: float
) -> None:
    assert cap(second, average_kw, measured_s, net_kw) == pytest.approx(wanted)


def test_until_a_command_takes_effect_the_present_power_flows() -> None:
    assert cap(450, 100, 450, 190, lead_s=10) == pytest.approx(100 - 90 * 10 / 440)
    assert cap(450, 100, 450, -500, lead_s=10) == pytest.approx(100 + 100 * 10 / 440)


def test_an_effect_after_the_end_belongs_to_the_next_block() -> None:
    assert cap(895, 300, 895, 100, lead_s=4.9) == 0
    assert cap(895, 300, 895, 100, lead_s=5.0) == 100
    assert cap(895, 300, 895, 190, lead_s=15.0) == pytest.approx(100 - 90 * 10 / 890)


@pytest.mark.parametrize(
    ("lead_s", "least_s"), [(0.0, 10.0), (2.0, 18.0), (5.0, 30.0), (7.0, 30.0)]
)
def test_the_sooner_a_command_takes_effect_the_later_a_block_is_put_right(
    lead_s: float, least_s: float
) -> None:
    spent_kws = 890 + lead_s
    assert cap(890, 99, 890, 99, lead_s=lead_s) == pytest.approx(100 + spent_kws / least_s)


def test_a_coarse_tick_spreads_over_no_less_than_itself() -> None:
    assert cap(870, 99, 870, 99, tick_s=60) == pytest.approx(100 + 870 / 60)


def test_the_target_is_billed_or_planned_and_never_made_up() -> None:
    block = open_block(NOON, 900)
    two = charges({"quarter": 120.0}, {"quarter": block, "hour": open_block(NOON, 3600)})
    assert [(charge.id, charge.peak_kw) for charge in two] == [("quarter", 120.0), ("hour", 0.0)]
    plan = flat_plan(peak_kw=100.0)
    assert targets_kw(plan, two) == [120.0, None]
    assert targets_kw(flat_plan(), two) == [None, None]
