"""The billed peak: block averages of measured import, per demand charge. Pure.

A block counts only when its meter was read well enough; what was not measured is not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.types import floor_time

MIN_COVERAGE = 0.8
"""Share of a block that must have been measured for its average to count."""
MAX_HOLD_S = 60.0
"""A reading stands for the time since the one before it, but for no longer than this by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBlock:
    """The billing block in progress: import energy over the measured part."""

    start: datetime
    block_s: int
    import_kwh: float = 0.0
    measured_s: float = 0.0
    last_at: datetime | None = None

    @property
    def end(self) -> datetime:
        """When the block closes."""
        return self.start + timedelta(seconds=self.block_s)

    @property
    def average_kw(self) -> float | None:
        """Average import of a closed block, None when too little of it was measured."""
        if self.measured_s < MIN_COVERAGE * self.block_s:
            return None
        return self.import_kwh * 3600.0 / self.measured_s


def open_block(moment: datetime, block_s: int) -> OpenBlock:
    """An empty block that covers `moment`."""
    return OpenBlock(start=floor_time(moment, block_s), block_s=block_s)


def metered(
    block: OpenBlock, at: datetime, power_kw: float, max_hold_s: float = MAX_HOLD_S
) -> tuple[OpenBlock, OpenBlock | None]:
    """Take one meter reading (import positive); returns the open block and the one just closed."""
    into_s = (at - block.start).total_seconds()
    if into_s < 0:
        # The clock stepped back: what was measured belongs to no block that can be billed.
        return replace(open_block(at, block.block_s), last_at=at), None
    closed = None
    if into_s >= block.block_s:
        closed = _held_to(block, block.end, power_kw, max_hold_s, block.last_at)
        block = open_block(at, block.block_s)
        held_over = closed.last_at is not None and block.start == closed.end
        if held_over and (at - block.start).total_seconds() <= max_hold_s:
            block = replace(block, last_at=block.start)
    return _held_to(block, at, power_kw, max_hold_s, at), closed


def _held_to(
    block: OpenBlock,
    moment: datetime,
    power_kw: float,
    max_hold_s: float,
    last_at: datetime | None,
) -> OpenBlock:
    """The block with `power_kw` held from the last reading to `moment`, and read at `last_at`."""
    import_kwh, measured_s = block.import_kwh, block.measured_s
    if block.last_at is not None:
        held_s = (moment - block.last_at).total_seconds()
        if 0 < held_s <= max_hold_s:
            import_kwh += max(0.0, power_kw) * held_s / 3600.0
            measured_s += held_s
    return OpenBlock(
        start=block.start,
        block_s=block.block_s,
        import_kwh=import_kwh,
        measured_s=measured_s,
        last_at=last_at,
    )
