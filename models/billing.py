"""Billing blocks on the clock: which steps can fall into which block, and with what weight.

Rows stand on a raster of 15-minute clock slots, so their shape depends on the step lengths alone.
Row k belongs to the block that begins in slot k (row 0: to the block open at the start) and reaches
at most one hour ahead; a row whose slot begins no block has no weights and bounds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.types import DemandTerm, TimeGrid

SLOT_S = 900
BLOCK_LENGTHS_S = (900, 1800, 3600)
_LONGEST_BLOCK_S = max(BLOCK_LENGTHS_S)


@dataclass(frozen=True, slots=True)
class BilledBlock:
    """One block: mean import = sum of weight x power of the step + `floor_kw`."""

    row: int
    weights: dict[int, float]
    floor_kw: float


def row_count(step_s: tuple[int, ...]) -> int:
    """Number of clock slots the steps can touch, whatever second they start at."""
    return -(-(sum(step_s) + SLOT_S - 1) // SLOT_S)


def candidate_pairs(step_s: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Every (row, step) that can overlap for some start, in row order."""
    by_row: list[list[int]] = [[] for _ in range(row_count(step_s))]
    begin_s = 0
    for step, seconds in enumerate(step_s):
        last_s = begin_s + seconds + SLOT_S - 1
        first = max(0, (begin_s - _LONGEST_BLOCK_S) // SLOT_S + 1)
        for row in range(first, min(len(by_row), -(-last_s // SLOT_S))):
            by_row[row].append(step)
        begin_s += seconds
    return tuple((row, step) for row, steps in enumerate(by_row) for step in steps)


def billed_blocks(grid: TimeGrid, term: DemandTerm) -> tuple[BilledBlock, ...]:
    """The blocks of one demand charge that the grid touches.

    The mean of a block runs over the part that is known: what was measured of the open block plus
    what the grid covers. `open_block_kwh` and the load margin of the caller go into the floor.
    """
    origin_s = round(grid.start.timestamp())
    raster_s = origin_s - origin_s % SLOT_S
    overlaps: dict[int, dict[int, int]] = {}
    begin_s = origin_s
    for step, seconds in enumerate(grid.step_s):
        end_s = begin_s + seconds
        block_s = begin_s - begin_s % term.block_s
        while block_s < end_s:
            shared_s = min(end_s, block_s + term.block_s) - max(begin_s, block_s)
            overlaps.setdefault(block_s, {})[step] = shared_s
            block_s += term.block_s
        begin_s = end_s
    blocks = []
    for index, (block_s, shared) in enumerate(sorted(overlaps.items())):
        measured_s = term.open_block_elapsed_s if index == 0 else 0.0
        measured_kwh = term.open_block_kwh if index == 0 else 0.0
        known_s = measured_s + sum(shared.values())
        counts = term.counts or (1.0,) * len(grid)
        blocks.append(
            BilledBlock(
                row=max(0, (block_s - raster_s) // SLOT_S),
                weights={s: counts[s] * seconds / known_s for s, seconds in shared.items()},
                floor_kw=measured_kwh * 3600.0 / known_s,
            )
        )
    return tuple(blocks)
