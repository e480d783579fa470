"""What a look at a whole series finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`doubt`: used with a mark and after what is sound; `change`: newer, used with a mark."""

    doubt: str = ""
    change: str = ""


FINE = Verdict()
