"""How fast a measured value may move before its reading is in doubt. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drivers.types import Reading


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Largest believable change within `dt` seconds: `jump + per_s * dt`, in the point's unit."""

    jump: float
    per_s: float

    def allowed(self, dt_s: float) -> float:
        """In the point's unit; a clock that stands or steps back allows the jump alone."""
        return self.jump + self.per_s * max(0.0, dt_s)


UNIT_RATES: Mapping[str, RateLimit] = {
    "degC": RateLimit(6.0, 0.1),
    "Hz": RateLimit(1.0, 0.5),
    "hPa": RateLimit(5.0, 0.05),
}
"""Units whose values have inertia; power, current, voltage and light may really jump."""

NAMED_RATES: Mapping[tuple[str, str], RateLimit] = {
    ("soc", "percent"): RateLimit(3.0, 0.15),
}
"""Points whose unit alone says too little, by name and unit: 0.15 %/s empties in 11 minutes."""


def rate_limit(point: str, unit: str, per_min: float | None = None) -> RateLimit | None:
    """The limit of a point: the site file's change per minute, else by name, else by unit."""
    if per_min is not None:
        return RateLimit(per_min, per_min / 60)
    return NAMED_RATES.get((point, unit)) or UNIT_RATES.get(unit)


def too_fast(
    limit: RateLimit, before: tuple[float, datetime] | None, reading: Reading
) -> str | None:
    """Why the change since the value and time `before` is hard to believe, or None."""
    if before is None or reading.value is None:
        return None
    value, at = before
    change, dt_s = reading.value - value, (reading.at - at).total_seconds()
    if abs(change) <= limit.allowed(dt_s):
        return None
    word = "rose" if change > 0 else "fell"
    return f"{word} {abs(change):.3g} {reading.unit} in {max(0.0, dt_s):.0f} s"
