"""A group commit as it lies in the file."""

from __future__ import annotations

from typing import NamedTuple


class BlockRow(NamedTuple):
    """A row of commit_block, in the order of its columns."""

    seq: int
    start_ms: int
    n: int
    boot: int
    mono_ms: int
    body: bytes
    wall_ms: int | None
    """Read together with `mono_ms`; None where an older program wrote the row."""
    trust: int
    shift_ms: int
    """To be added to the times in `body`; `start_ms` has it."""
