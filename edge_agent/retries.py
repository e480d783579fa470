"""A step that failed waits with growing pauses; another step or another value does not."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.types import Clock
from edge_agent.lease import Step

RETRY_S = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Plant seconds before the next try, by failures in a row."""


@dataclass(slots=True, kw_only=True)
class _Retry:
    """A step that failed; only the very same one waits."""

    step: Step
    value: float | None
    attempts: int = 0
    not_before_s: float = 0.0


class Retries:
    """What failed last at each point, and until when the same is not tried again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[str, _Retry] = {}

    def must_wait(self, key: str, step: Step, value: float | None) -> bool:
        """Whether this very step has just failed."""
        retry = self._failed.get(key)
        if retry is None or (retry.step, retry.value) != (step, value):
            return False
        return self._clock.monotonic_s() < retry.not_before_s

    def failed(self, key: str, step: Step, value: float | None) -> None:
        """Put the same step off, longer each time."""
        before = self._failed.get(key)
        attempts = before.attempts if before is not None and before.step is step else 0
        pause_s = RETRY_S[min(attempts, len(RETRY_S) - 1)]
        self._failed[key] = _Retry(
            step=step,
            value=value,
            attempts=attempts + 1,
            not_before_s=self._clock.monotonic_s() + pause_s,
        )

    def forget(self, key: str) -> None:
        """It went well."""
        self._failed.pop(key, None)
