"""From a figure to an alarm that does not flutter. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.alarms.rule import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """A figure that has gone beyond its limit; times are monotonic seconds."""

    since_s: float
    standing: bool
    """Whether it has been there long enough to be an alarm."""
    back_s: float | None = None
    """Since when the figure is good again."""
    text: str = ""


def advance(latch: Latch | None, limit: Limit, value: float | None, now_s: float) -> Latch | None:
    """The latch after one more figure; None = nothing is wrong. Unknown proves nothing."""
    if latch is None or not latch.standing:
        return _rising(latch, limit, value, now_s)
    if value is None or not limit.back(value):
        return replace(latch, back_s=None)
    back_s = now_s if latch.back_s is None else latch.back_s
    return None if now_s - back_s >= limit.linger_s else replace(latch, back_s=back_s)


def _rising(latch: Latch | None, limit: Limit, value: float | None, now_s: float) -> Latch | None:
    if value is None or not limit.exceeded(value):
        return None
    since_s = now_s if latch is None else latch.since_s
    long_enough = limit.hold_s == 0 or now_s - since_s > limit.hold_s
    return Latch(since_s=since_s, standing=long_enough)
