"""When to try again: backoff for a link, and a breaker for a unit that does not answer.

Times are wall seconds of one monotonic source, handed in.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST_S = 1.0
LONGEST_S = 60.0
FAILURES_TO_OPEN = 2


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Doubling pauses with jitter, so that many gateways do not knock at once."""

    first_s: float = FIRST_S
    longest_s: float = LONGEST_S
    random: random.Random = field(default_factory=random.Random)
    _pause_s: float = 0.0
    _until_s: float = 0.0

    def fail(self, now_s: float) -> None:
        """Pause, twice as long as before: 75 to 100 % of the nominal length."""
        self._pause_s = min(self.longest_s, self._pause_s * 2 or self.first_s)
        self._until_s = now_s + self._pause_s * self.random.uniform(0.75, 1.0)

    def succeed(self) -> None:
        """Forget all failures."""
        self._pause_s = self._until_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next try is due, 0 when it is."""
        return max(0.0, self._until_s - now_s)


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Keeps a dead unit from blocking the others: one probe per pause once it has opened."""

    backoff: Backoff = field(default_factory=Backoff)
    failures: int = 0
    """In a row."""

    @property
    def open(self) -> bool:
        """Whether requests are held back, but for one probe when the pause is over."""
        return self.failures >= FAILURES_TO_OPEN

    def wait_s(self, now_s: float) -> float:
        """Seconds before the unit may be asked again, 0 when it may."""
        return self.backoff.wait_s(now_s) if self.open else 0.0

    def fail(self, now_s: float) -> None:
        """No answer."""
        self.failures += 1
        if self.open:
            self.backoff.fail(now_s)

    def succeed(self) -> None:
        """Any answer, an exception reply too."""
        self.failures = 0
        self.backoff.succeed()
