"""Watches the clock: asks for its trust now and then, and notices when somebody sets it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from drivers.types import Clock
from edge_agent.clock import SystemClock
from edge_agent.clock_trust import (
    ClockStep,
    ClockTrust,
    Probes,
    Verdict,
    judge_clock,
    sight,
    step_between,
)

ASK_S = 60.0
"""So often while the clock is not synchronised."""
ASK_SYNCHRONISED_S = 600.0
SHOW_STEP_S = 3_600.0
"""A step stays a condition for so long."""

Asking = Callable[[], Awaitable[Probes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """The clock, for the status picture."""

    trust: ClockTrust = ClockTrust.UNKNOWN
    reason: str = "not asked yet"
    since: datetime | None = None
    steps: int = 0
    """Since the start."""
    last_step_s: float | None = None
    """Seconds, forward is positive; None when there was none in the last hour."""


class ClockWatch:
    """Keeps the verdict. A clock that is not the machine's own is true by definition."""

    def __init__(self, clock: Clock, ask: Asking) -> None:
        self._clock = clock
        self._ask = ask
        self.newest_commit: datetime | None = None
        """Latest time found in the store at the start."""
        self._real = isinstance(clock, SystemClock)
        self._asked_s: float | None = None
        self._stepped_s = float("-inf")
        self._sight = sight(clock)
        self._last_step: ClockStep | None = None
        self._steps = 0
        self._since: datetime | None = None
        self.verdict = Verdict(trust=ClockTrust.UNKNOWN, reason="not asked yet")
        if not self._real:
            self._since = self._sight.now
            reason = "plant time, the same for the whole plant"
            self.verdict = Verdict(trust=ClockTrust.SYNCHRONISED, reason=reason)

    @property
    def trusted(self) -> bool:
        """Whether days and nights may be told from the clock."""
        return self.verdict.trust is not ClockTrust.UNKNOWN

    async def look(self) -> list[str]:
        """Look at the clock; what has happened to it since the last look, one line each."""
        if not self._real:
            return []
        news = []
        step = self._step()
        if step is not None:
            news.append(f"the clock was set by {step.step_s:+.1f} s to {step.at.isoformat()}")
        if step is not None or self._due():
            news += await self._judge()
        return news

    @property
    def view(self) -> ClockView:
        """For the status picture."""
        recent = self._clock.monotonic_s() - self._stepped_s <= SHOW_STEP_S
        step = self._last_step if recent else None
        return ClockView(
            trust=self.verdict.trust,
            reason=self.verdict.reason,
            since=self._since,
            steps=self._steps,
            last_step_s=None if step is None else step.step_s,
        )

    def _step(self) -> ClockStep | None:
        latest = sight(self._clock)
        step = step_between(self._sight, latest)
        self._sight = latest
        if step is not None:
            self._last_step = step
            self._steps += 1
            self._stepped_s = latest.after_s
        return step

    def _due(self) -> bool:
        if self._asked_s is None:
            return True
        synchronised = self.verdict.trust is ClockTrust.SYNCHRONISED
        pause_s = ASK_SYNCHRONISED_S if synchronised else ASK_S
        return self._clock.monotonic_s() - self._asked_s >= pause_s

    async def _judge(self) -> list[str]:
        probes = await self._ask()
        now = self._clock.now()
        self._asked_s = self._clock.monotonic_s()
        before, self.verdict = self.verdict, judge_clock(probes, now, self.newest_commit)
        if before.trust is self.verdict.trust and self._since is not None:
            return []
        self._since = now
        return [f"the clock is {self.verdict.trust}: {self.verdict.reason}"]
