from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.billing import OpenBlock, metered, open_block

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def feed(
    powers_kw: list[float], every_s: float, begin: datetime = START
) -> tuple[OpenBlock, list[OpenBlock]]:
    block, closed = open_block(begin, 900), []
    for index, power_kw in enumerate(powers_kw):
        block, done = metered(block, begin + timedelta(seconds=index * every_s), power_kw)
        closed += [done] if done else []
    return block, closed


def test_a_constant_import_is_its_own_average() -> None:
    _, closed = feed([100.0] * 182, every_s=5.0)
    assert [done.average_kw for done in closed] == [pytest.approx(100.0)]
    assert closed[0].import_kwh == pytest.approx(25.0)


def test_export_does_not_lower_the_billed_average() -> None:
    half = [100.0] * 90 + [-100.0] * 92
    _, closed = feed(half, every_s=5.0)
    assert closed[0].average_kw == pytest.approx(50.0, abs=1.0)


def test_a_block_that_was_hardly_measured_has_no_average() -> None:
    _, closed = feed([100.0] * 8, every_s=200.0)
    assert [done.average_kw for done in closed] == [None]


def test_a_block_joined_late_has_no_average() -> None:
    _, closed = feed([100.0] * 100, every_s=5.0, begin=START + timedelta(seconds=500))
    assert [done.average_kw for done in closed] == [None]


def test_the_open_block_goes_on_after_its_predecessor() -> None:
    block, _ = feed([100.0] * 190, every_s=5.0)
    assert block.start == START + timedelta(minutes=15)
    assert block.measured_s == pytest.approx(45.0)


@given(st.lists(st.floats(-500, 500), min_size=2, max_size=400), st.floats(1, 59))
def test_an_average_lies_between_the_extremes(powers_kw: list[float], every_s: float) -> None:
    _, closed = feed(powers_kw, every_s)
    for done in closed:
        if done.average_kw is not None:
            assert -1e-9 <= done.average_kw <= max(0.0, *powers_kw) + 1e-9
            assert done.measured_s <= 900.0 + 1e-6
