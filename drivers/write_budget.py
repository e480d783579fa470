"""What may be written to a point now: hard limits, rate of change, writes a day; pure.

A gateway may write one value every few seconds for years: registers kept in flash wear out. A
release is never refused, and a value that only keeps what stands costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.types import Point

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class WriteHistory:
    """Changed values written in the last day, as (monotonic plant second, value), oldest first.

    None stands for giving the point back: the device writes its own value then.
    """

    changes: tuple[tuple[float, float | None], ...] = ()

    def spent(self, now_s: float) -> int:
        """Changed values of the last 24 hours."""
        return sum(now_s - at_s < DAY_S for at_s, _ in self.changes)

    def after(self, value: float | None, now_s: float) -> WriteHistory:
        """The history with this value written at `now_s`; what is older than a day is dropped."""
        if self.changes and self.changes[-1][1] == value:
            return self
        kept = [change for change in self.changes[:-1] if now_s - change[0] < DAY_S]
        return WriteHistory((*kept, *self.changes[-1:], (now_s, value)))


def write_objection(point: Point, value: float, history: WriteHistory, now_s: float) -> str:
    """Why `value` may not be written at `now_s`, empty when it may."""
    if not -float("inf") < value < float("inf"):
        return f"{value} is no number to write"
    if point.hard is not None and not point.hard[0] <= value <= point.hard[1]:
        return f"{value:g} {point.unit} is outside {point.hard[0]:g}..{point.hard[1]:g} for ever"
    last = history.changes[-1] if history.changes else None
    if last is not None and last[1] == value:
        return ""
    if last is not None and last[1] is not None and point.max_rate_per_s is not None:
        reach = point.max_rate_per_s * max(0.0, now_s - last[0])
        if abs(value - last[1]) > reach + point.tolerance:
            return f"{value:g} is {abs(value - last[1]):g} away, {reach:g} {point.unit} may be gone"
    if point.writes_per_day is not None and history.spent(now_s) >= point.writes_per_day:
        return f"{point.writes_per_day} changed values in 24 h are all the device's memory stands"
    return ""


def within_rate(point: Point, value: float, history: WriteHistory, now_s: float) -> float:
    """The value nearest to `value` that hard limits and rate of change let through."""
    if point.hard is not None:
        value = min(max(value, point.hard[0]), point.hard[1])
    if point.max_rate_per_s is None or not history.changes:
        return value
    at_s, last = history.changes[-1]
    if last is None:
        return value
    reach = point.max_rate_per_s * max(0.0, now_s - at_s)
    return min(max(value, last - reach), last + reach)
