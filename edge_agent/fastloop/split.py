"""Shares one power out among the batteries of a site. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One battery: what the plan wants and what it can do now; charging positive, kW."""

    planned_kw: float
    low_kw: float
    high_kw: float


def split(total_kw: float, parts: Sequence[Part]) -> list[float]:
    """Powers that come to `total_kw` as far as the batteries can, each as near its plan as fair.

    What must change is shared in proportion to the room each battery has in that direction.
    """
    planned_kw = [part.planned_kw for part in parts]
    if total_kw == sum(planned_kw):
        return planned_kw
    at_kw = [min(max(part.planned_kw, part.low_kw), part.high_kw) for part in parts]
    change_kw = total_kw - sum(at_kw)
    if change_kw >= 0:
        room_kw = [part.high_kw - kw for part, kw in zip(parts, at_kw, strict=True)]
    else:
        room_kw = [part.low_kw - kw for part, kw in zip(parts, at_kw, strict=True)]
    whole_kw = sum(room_kw)
    if whole_kw == 0:
        return at_kw
    share = min(1.0, change_kw / whole_kw)
    return [kw + share * room for kw, room in zip(at_kw, room_kw, strict=True)]
