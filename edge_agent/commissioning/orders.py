"""One value's registers in all four byte and word orders, side by side. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers.codec import Order
from drivers.profile import RegisterProfile
from drivers.types import Reading
from edge_agent.validate import PLAUSIBLE

_LARGEST = 1e9
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """The values of one point by order, None for no value; `likely` are those worth a look."""

    point: str
    unit: str
    configured: Order
    values: Mapping[Order, float | None]
    likely: tuple[Order, ...]


def order_views(profile: RegisterProfile, readings: list[Reading]) -> tuple[OrderView, ...]:
    """A view for each point of the profile that takes more than one register and was read."""
    views = []
    for reading in readings:
        if reading.point not in profile.points or len(reading.raw) < 2:  # noqa: PLR2004 - words
            continue
        encoding = profile.encoding(reading.point)
        if len(reading.raw) != encoding.kind.width:
            continue
        values = {order: replace(encoding, order=order).value(reading.raw) for order in Order}
        views.append(
            OrderView(
                point=reading.point,
                unit=reading.unit,
                configured=encoding.order,
                values=values,
                likely=tuple(o for o, value in values.items() if believable(value, reading.unit)),
            )
        )
    return tuple(views)


def believable(value: float | None, unit: str) -> bool:
    """Whether a meter may show the value: in the unit's range, and no bit salad."""
    if value is None or not math.isfinite(value):
        return False
    low, high = PLAUSIBLE.get(unit, (-_LARGEST, _LARGEST))
    if not max(low, -_LARGEST) <= value <= min(high, _LARGEST):
        return False
    return value == 0 or abs(value) >= _SMALLEST
