"""A short memory of one power, kW over seconds since the epoch. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trace:
    """Samples in the order of their time; `add` gives a new one that forgets what is too old."""

    at_s: tuple[float, ...] = ()
    kw: tuple[float, ...] = ()

    def add(self, at_s: float, kw: float, keep_s: float) -> Trace:
        """With one sample more; an older one than the last says that the clock stepped: start anew.

        One sample older than `keep_s` stays, so that the whole span is covered.
        """
        if self.at_s and at_s <= self.at_s[-1]:
            return self if at_s == self.at_s[-1] else Trace((at_s,), (kw,))
        first = max(0, bisect_right(self.at_s, at_s - keep_s) - 1)
        return Trace((*self.at_s[first:], at_s), (*self.kw[first:], kw))

    @property
    def last_s(self) -> float:
        """When the last sample was taken; before all time when there is none."""
        return self.at_s[-1] if self.at_s else float("-inf")

    def hull(self, from_s: float, to_s: float, *, reach_back: bool) -> tuple[float, float] | None:
        """Lowest and highest power between two moments, the samples right around them included.

        Without `reach_back` the sample before the span is left out where one lies inside it.
        """
        if not self.at_s:
            return None
        first = bisect_left(self.at_s, from_s)
        last = min(len(self.at_s), bisect_right(self.at_s, to_s) + 1)
        if first > 0 and (reach_back or self.at_s[first:] == () or self.at_s[first] > to_s):
            first -= 1
        part = self.kw[first:last]
        return min(part), max(part)

    def spread(self, from_s: float, to_s: float) -> float:
        """How far it has moved between two moments, both included; kW >= 0."""
        first = max(0, bisect_right(self.at_s, from_s) - 1)
        part = self.kw[first : bisect_right(self.at_s, to_s)]
        return max(part) - min(part) if part else 0.0

    def at(self, moment_s: float) -> float:
        """Power at a moment, straight between samples, the nearest one beyond them."""
        right = bisect_left(self.at_s, moment_s)
        if right == 0:
            return self.kw[0]
        if right == len(self.at_s):
            return self.kw[-1]
        left = right - 1
        part = (moment_s - self.at_s[left]) / (self.at_s[right] - self.at_s[left])
        return self.kw[left] + part * (self.kw[right] - self.kw[left])
