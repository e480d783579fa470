"""What named persons want of points for a while: kept over a restart, ending by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from edge_agent.arbiter import Entry, Priority
from edge_agent.drawer import Drawer

KEY = "overrides"
LONGEST = timedelta(days=31)


class OverrideError(ValueError):
    """An override that cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """`value` in the point's unit, None = left to the device itself."""

    point: str
    value: float | None
    person: str
    reason: str
    since: datetime
    expires: datetime

    def __post_init__(self) -> None:
        """Refuse what has no name, no reason, no number or no end."""
        if not self.person.strip() or not self.reason.strip():
            msg = f"{self.point}: an override needs a person and a reason"
            raise OverrideError(msg)
        if self.value is not None and not math.isfinite(self.value):
            msg = f"{self.point}: {self.value} is no number"
            raise OverrideError(msg)
        if not timedelta(0) < self.expires - self.since <= LONGEST:
            msg = f"{self.point}: an override lasts up to {LONGEST.days} days"
            raise OverrideError(msg)

    def live(self, now: datetime) -> bool:
        """Whether it holds; one of a future that the clock has left behind no longer does."""
        return now < self.expires and self.since - now <= LONGEST

    @property
    def claim(self) -> Entry:
        """What the arbiter makes of it."""
        return Entry(
            point=self.point,
            value=self.value,
            priority=Priority.MANUAL,
            owner=self.person,
            reason=self.reason,
            since=self.since,
            expires=self.expires,
        )


OVERRIDES = TypeAdapter(tuple[Override, ...])


class Overrides:
    """All overrides in force, one per point; the younger replaces the older."""

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer
        self._held: dict[str, Override] = {}

    async def load(self, now: datetime) -> None:
        """Take up those of before that have not ended."""
        text = await self._drawer.state(KEY)
        if text is None:
            return
        try:
            kept = OVERRIDES.validate_json(text)
        except ValidationError:
            return
        self._held = {one.point: one for one in kept if one.live(now)}

    async def put(self, override: Override) -> bool:
        """Add or renew one; whether it will survive a restart."""
        self._held[override.point] = override
        return await self._keep(override.since)

    async def cancel(self, point: str, now: datetime) -> Override | None:
        """End one now; None when there was none."""
        ended = self._held.pop(point, None)
        if ended is not None:
            await self._keep(now)
        return ended

    def live(self, now: datetime) -> tuple[Override, ...]:
        """Those in force."""
        return tuple(one for one in self._held.values() if one.live(now))

    def claims(self, now: datetime) -> list[Entry]:
        """For the arbiter."""
        return [one.claim for one in self.live(now)]

    async def _keep(self, now: datetime) -> bool:
        self._held = {one.point: one for one in self.live(now)}
        running = tuple(self._held.values())
        return await self._drawer.state_put(KEY, OVERRIDES.dump_json(running).decode())


def override_of(
    point: str, value: float | None, span: timedelta, person: str, reason: str, now: datetime
) -> Override:
    """An override that begins now; OverrideError when it cannot be taken."""
    return Override(
        point=point, value=value, person=person, reason=reason, since=now, expires=now + span
    )
