"""The words of a rule: a figure, its limit with hysteresis and delays, cause and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge_agent.alarms.sight import Sight
from edge_agent.health import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Beyond `at` for longer than `hold_s` raises, back at `clear` for `linger_s` clears."""

    at: float
    clear: float
    below: bool = False
    """Whether a figure under the limit is the bad one."""
    hold_s: float = 0.0
    linger_s: float = 0.0

    def exceeded(self, value: float) -> bool:
        """Whether the figure is beyond the limit; the limit itself is still good."""
        return value < self.at if self.below else value > self.at

    def back(self, value: float) -> bool:
        """Whether the figure is good enough to end an alarm."""
        return value >= self.clear if self.below else value <= self.clear


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a rule looks at; `value` None = not known, which neither raises nor clears."""

    subject: str
    value: float | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alarm. Without `figures`, `edge_agent.conditions` finds it and the limit only lingers."""

    code: str
    severity: Severity
    cause: str
    remedy: str
    limit: Limit
    figures: Callable[[Sight], Iterable[Figure]] | None = None


def fact(*, hold_s: float = 0.0, linger_s: float = 0.0) -> Limit:
    """The limit of something that is so (1) or not (0)."""
    return Limit(at=0.5, clear=0.5, hold_s=hold_s, linger_s=linger_s)
