from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.billing import BLOCK_LENGTHS_S, billed_blocks, candidate_pairs, row_count
from models.pricing import billed_peak
from models.types import DemandTerm, TimeGrid, graded_grid

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def _term(block_s: int = 900, kwh: float = 0.0, elapsed_s: float = 0.0) -> DemandTerm:
    return DemandTerm(
        id="peak",
        price_per_kw=1.0,
        peak_so_far_kw=0.0,
        block_s=block_s,
        open_block_kwh=kwh,
        open_block_elapsed_s=elapsed_s,
    )


def test_blocks_stand_on_the_clock() -> None:
    """From 12:05 in 5 min steps the quarter hour closes after two steps."""
    grid = TimeGrid(start=NOON + timedelta(minutes=5), step_s=(300,) * 5)
    blocks = billed_blocks(grid, _term(kwh=1.0, elapsed_s=300))
    assert [sorted(block.weights) for block in blocks] == [[0, 1], [2, 3, 4]]
    assert blocks[0].floor_kw == pytest.approx(4.0)
    assert blocks[0].weights[0] == pytest.approx(1 / 3)


def test_a_step_longer_than_the_block_fills_several() -> None:
    grid = TimeGrid(start=NOON, step_s=(3600,))
    assert [block.weights for block in billed_blocks(grid, _term())] == [{0: 1.0}] * 4


steps = st.lists(st.sampled_from([60, 300, 900, 1800, 3600]), min_size=1, max_size=30)


@given(
    step_s=steps,
    minute=st.integers(0, 24 * 60),
    block_s=st.sampled_from(BLOCK_LENGTHS_S),
    power=st.floats(0, 500),
    kwh=st.floats(0, 50),
    elapsed_s=st.sampled_from([0.0, 60.0, 300.0, 840.0]),
)
def test_every_overlap_is_a_candidate_and_rows_give_the_peak_of_the_clock(
    step_s: list[int], minute: int, block_s: int, power: float, kwh: float, elapsed_s: float
) -> None:
    """The structure made from the lengths alone fits any start and weighs as the judge does."""
    grid = TimeGrid(start=NOON + timedelta(minutes=minute), step_s=tuple(step_s))
    powers = tuple(power if index % 3 else power / 2 for index in range(len(step_s)))
    pairs = set(candidate_pairs(grid.step_s))
    term = _term(block_s, kwh, elapsed_s)
    blocks = billed_blocks(grid, term)
    rows = [block.row for block in blocks]
    assert len(set(rows)) == len(rows)
    assert max(rows) < row_count(grid.step_s)
    assert {(block.row, step) for block in blocks for step in block.weights} <= pairs
    means = [
        block.floor_kw + sum(weight * powers[step] for step, weight in block.weights.items())
        for block in blocks
    ]
    peak = billed_peak(grid, powers, term, ())
    assert peak == pytest.approx(max(0.0, *means))


def test_the_graded_day_has_one_row_per_quarter_hour_and_one_to_spare() -> None:
    assert row_count(graded_grid(NOON).step_s) == 97
