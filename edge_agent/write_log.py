"""What was written to points whose memory wears out, counted over restarts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from drivers.types import Clock, Point
from drivers.write_budget import WriteHistory, within_rate, write_objection
from edge_agent.drawer import Drawer

KEY = "write_log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A changed value at a point (`device.point`); None where the point was given back."""

    point: str
    value: float | None
    at: datetime


WRITTEN = TypeAdapter(tuple[Written, ...])


class WriteLog:
    """The changed values of the last day, of points with a budget or a bounded pace."""

    def __init__(self, drawer: Drawer, clock: Clock) -> None:
        self._drawer = drawer
        self._clock = clock
        self._histories: dict[str, WriteHistory] = {}

    async def load(self) -> None:
        """Take up what was written before the restart."""
        text = await self._drawer.state(KEY)
        if text is None:
            return
        try:
            kept = WRITTEN.validate_json(text)
        except ValidationError:
            return
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        for one in kept:
            # A clock that was set back makes no write younger than now.
            age_s = max(0.0, (now - one.at).total_seconds())
            history = self._histories.get(one.point, WriteHistory())
            self._histories[one.point] = history.after(one.value, now_s - age_s)

    def reachable(self, point: Point, value: float) -> float:
        """The value nearest to `value` that the point's pace lets through now."""
        if point.max_rate_per_s is None:
            return value
        return within_rate(point, value, self._history(point), self._clock.monotonic_s())

    def objection(self, point: Point, value: float) -> str:
        """Why `value` may not be written now, empty when it may."""
        return write_objection(point, value, self._history(point), self._clock.monotonic_s())

    async def note(self, point: Point, value: float | None) -> None:
        """A frame with `value` is about to leave, None gives the point back."""
        if point.writes_per_day is None and point.max_rate_per_s is None:
            return
        before = self._history(point)
        after = before.after(value, self._clock.monotonic_s())
        if after is before:
            return
        self._histories[point.key] = after
        if point.writes_per_day is not None:
            await self._persist()

    def _history(self, point: Point) -> WriteHistory:
        return self._histories.get(point.key, WriteHistory())

    async def _persist(self) -> None:
        now_s = self._clock.monotonic_s()
        now = self._clock.now().timestamp()
        rows = [
            {"point": key, "value": value, "at": now - (now_s - at_s)}
            for key, history in self._histories.items()
            for at_s, value in history.changes
        ]
        kept = WRITTEN.dump_json(WRITTEN.validate_python(rows)).decode()
        await self._drawer.state_put(KEY, kept)
