"""The `status` shadow: what the gateway tells about itself, on change and not too often."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.types import Clock
from edge_agent.cloud.shadow_document import JsonObject, difference, same
from edge_agent.cloud.shadows import Accepted, Answer, Shadows

EVERY_S = 300.0
URGENT_GAP_S = 10.0


class StatusReporter:
    """Reports what has changed: every 5 minutes (plant), at once when one of `urgent` changes.

    Numbers that always move (uptime, ages) so cost one message in five minutes, and a change of
    mode is still seen within ten seconds.
    """

    def __init__(
        self, shadows: Shadows, clock: Clock, urgent: frozenset[str] = frozenset()
    ) -> None:
        self._shadows = shadows
        self._clock = clock
        self._urgent = urgent
        self._reported: JsonObject = {}
        self._sent_s: float | None = None

    async def report(self, state: Mapping[str, object]) -> Answer | None:
        """Send what differs from the last accepted report; None when there is no need yet."""
        changed = difference(state, self._reported)
        gone = {key: None for key in self._reported if key not in state}
        if not (changed or gone) or not self._due(state):
            return None
        self._sent_s = self._clock.monotonic_s()
        answer = await self._shadows.update("status", reported={**changed, **gone})
        if isinstance(answer, Accepted):
            self._reported = dict(state)
        return answer

    def _due(self, state: Mapping[str, object]) -> bool:
        if self._sent_s is None:
            return True
        waited_s = self._clock.monotonic_s() - self._sent_s
        urgent = any(not same(state.get(key), self._reported.get(key)) for key in self._urgent)
        return waited_s >= (URGENT_GAP_S if urgent else EVERY_S)
