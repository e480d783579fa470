"""Keeps the counts of valid readings across restarts: one named value per day, in a ring."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.quality_kpi import QualityCounter

KEEP_DAYS = 35
"""Days that can be looked back at; the place of a day is used again after so many."""


class DayStore(Protocol):
    """Where the named values live."""

    async def state_put(self, key: str, json_text: str) -> object:
        """Keep a small named value; StoreUnavailableError when the disk refuses."""
        ...

    async def state_get(self, key: str) -> str | None:
        """A small named value, None when it was never put."""
        ...


class DayCounts(BaseModel):
    """A day as it is kept: valid and all readings by device."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    day: date
    devices: dict[str, tuple[int, int]]


class QualityDays:
    """Loads and saves the days of a counter."""

    def __init__(self, counter: QualityCounter, store: DayStore) -> None:
        self._counter = counter
        self._store = store
        self._taken_up: set[date] = set()
        self._saved: dict[date, str] = {}

    async def save(self, now: datetime) -> None:
        """Write what has changed; call it with a clock that can be trusted.

        Days far from today were counted by a clock that was wrong: they are dropped.
        """
        today = self._counter.day(now)
        for day in sorted(self._counter.days):
            if abs((today - day).days) >= KEEP_DAYS:
                del self._counter.days[day]
                continue
            await self._save_day(day)
            if day < today:
                del self._counter.days[day]
                self._taken_up.discard(day)
                self._saved.pop(day, None)

    async def load(self, now: datetime) -> None:
        """Take up what was counted today before."""
        await self._take_up(self._counter.day(now))

    async def day(self, day: date) -> DayCounts | None:
        """A day as it was saved last, None when it is not kept."""
        text = await self._store.state_get(_key(day))
        if text is None:
            return None
        try:
            found = DayCounts.model_validate_json(text)
        except ValidationError:
            return None
        return found if found.day == day else None

    async def _take_up(self, day: date) -> None:
        if day in self._taken_up:
            return
        self._taken_up.add(day)
        earlier = await self.day(day)
        if earlier is not None:
            self._counter.take_up(day, earlier.devices)

    async def _save_day(self, day: date) -> None:
        await self._take_up(day)
        counts = self._counter.days.get(day, {})
        devices = {name: [count.valid, count.total] for name, count in sorted(counts.items())}
        text = json.dumps({"day": day.isoformat(), "devices": devices}, separators=(",", ":"))
        if text != self._saved.get(day):
            await self._store.state_put(_key(day), text)
            self._saved[day] = text


def _key(day: date) -> str:
    return f"quality.day.{day.toordinal() % KEEP_DAYS}"
