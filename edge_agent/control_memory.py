"""What the control cycle still knows after a restart: ramps, times, the operator's limits."""

from __future__ import annotations

import json

from edge_agent import grid_operator
from edge_agent.drawer import Drawer
from edge_agent.fastloop.lag import Lag
from edge_agent.grid_operator import States
from edge_agent.guarding import recall as recalling
from edge_agent.guarding.recall import Recall

GUARD_KEY = "guard"
OPERATOR_KEY = "grid_operator"
LAG_KEY = "meter_lag"


class ControlMemory:
    """The guard's recall and the grid operator's signals; written when they have changed."""

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer
        self._written: dict[str, str] = {}
        self.recall = Recall()
        self.states: States = {}
        self._meter = ""
        self.lag = Lag()
        """How late the site's meter was found to be."""

    async def load(self, meter: str = "") -> None:
        """Take up what was known before; `meter` marks the one that the lag must be of."""
        self._meter = meter
        self.recall = recalling.from_json(await self._drawer.state(GUARD_KEY))
        self.states = grid_operator.from_json(await self._drawer.state(OPERATOR_KEY))
        self.lag = _lag(await self._drawer.state(LAG_KEY), meter)

    async def save(self) -> None:
        """Keep what has changed since the last time."""
        await self._put(GUARD_KEY, recalling.to_json(self.recall))
        if self.lag.known:
            span = {"low_s": self.lag.low_s, "high_s": self.lag.high_s}
            found = {**span, "meter": self._meter}
            await self._put(LAG_KEY, json.dumps(found))
        if self.states:
            await self._put(OPERATOR_KEY, grid_operator.to_json(self.states))

    async def _put(self, key: str, text: str) -> None:
        if self._written.get(key) != text and await self._drawer.state_put(key, text):
            self._written[key] = text


def _lag(text: str | None, meter: str) -> Lag:
    """The lag as it was kept of this meter; unknown when nothing is that can be read."""
    try:
        found = json.loads(text or "null")
        if found["meter"] != meter:
            return Lag()
        return Lag(low_s=float(found["low_s"]), high_s=float(found["high_s"]), known=True)
    except (ValueError, TypeError, KeyError):
        return Lag()
