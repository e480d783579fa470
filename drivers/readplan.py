"""Which registers to ask for at once, pure: spans in, blocks out.

A span is what one value needs and is never split; blocks are what goes into one request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

MAX_REGISTERS = 125
"""Most registers one Modbus read may ask for."""


class Function(IntEnum):
    """Modbus read functions."""

    HOLDING = 3
    INPUT = 4


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Registers [address, address + count) read by `function`; `alone` is never merged."""

    function: Function
    address: int
    count: int
    alone: bool = False

    @property
    def end(self) -> int:
        """First address behind."""
        return self.address + self.count

    def as_data(self) -> tuple[int, int, int]:
        """(function, address, count): how a learnt hole is kept on disk."""
        return int(self.function), self.address, self.count

    @staticmethod
    def from_data(data: Sequence[int]) -> Span:
        """The inverse of `as_data`; ValueError for anything else."""
        function, address, count = data
        return Span(Function(function), address, count)

    def covers(self, other: Span) -> bool:
        """Whether `other` lies wholly inside."""
        return (
            self.function == other.function
            and self.address <= other.address
            and other.end <= self.end
        )

    def overlaps(self, other: Span) -> bool:
        """Whether one register belongs to both."""
        return (
            self.function == other.function
            and self.address < other.end
            and other.address < self.end
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One request and the spans it serves."""

    area: Span
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a device takes: registers a read, registers wasted between two spans."""

    max_block: int = MAX_REGISTERS
    max_gap: int = 8


def plan(
    spans: Iterable[Span], limits: Limits | None = None, holes: Iterable[Span] = ()
) -> tuple[Block, ...]:
    """Blocks that serve every span once; a hole is never part of a block that merges spans.

    Spans may overlap. A span wider than `max_block` is a ValueError.
    """
    bounds = limits or Limits()
    forbidden = tuple(holes)
    blocks: list[Block] = []
    for span in sorted(set(spans)):
        if not 0 < span.count <= bounds.max_block:
            msg = f"{span.count} registers at {span.address}: a read takes 1..{bounds.max_block}"
            raise ValueError(msg)
        merged = _merge(blocks[-1], span, bounds, forbidden) if blocks else None
        if merged is None:
            blocks.append(Block(area=span, spans=(span,)))
        else:
            blocks[-1] = merged
    return tuple(blocks)


def _merge(block: Block, span: Span, limits: Limits, holes: tuple[Span, ...]) -> Block | None:
    """The block with `span` in it, None when they must stay apart."""
    area = block.area
    if area.function != span.function or area.alone or span.alone:
        return None
    end = max(area.end, span.end)
    joined = Span(area.function, area.address, end - area.address)
    if span.address - area.end > limits.max_gap or joined.count > limits.max_block:
        return None
    if any(joined.overlaps(hole) for hole in holes):
        return None
    return Block(area=joined, spans=(*block.spans, span))


def bisect(block: Block) -> tuple[Block, Block] | None:
    """The block in two halves of its spans, to find a hole; None when it serves one span."""
    if len(block.spans) < 2:  # noqa: PLR2004 - two halves
        return None
    middle = len(block.spans) // 2
    return _around(block.spans[:middle]), _around(block.spans[middle:])


def _around(spans: tuple[Span, ...]) -> Block:
    """The smallest block that serves `spans`."""
    address = spans[0].address
    end = max(span.end for span in spans)
    area = spans[0] if len(spans) == 1 else Span(spans[0].function, address, end - address)
    return Block(area=area, spans=spans)
