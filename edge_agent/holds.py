"""Points that a person has given back to their devices for a while; they survive a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from edge_agent.arbiter import Entry, Priority

KEY = "holds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keep the plan off a point until `expires`."""

    point: str
    person: str
    reason: str
    since: datetime
    expires: datetime

    @property
    def claim(self) -> Entry:
        """What the arbiter makes of it."""
        return Entry(
            point=self.point,
            value=None,
            priority=Priority.MANUAL,
            owner=self.person,
            reason=self.reason,
            since=self.since,
            expires=self.expires,
        )


HOLDS = TypeAdapter(tuple[Hold, ...])


class Drawer(Protocol):
    """Where small named values are kept."""

    async def state(self, key: str) -> str | None:
        """The value as JSON."""
        ...

    async def state_put(self, key: str, json_text: str) -> bool:
        """Keep it; whether the disk took it."""
        ...


class Holds:
    """All holds in force, one per point."""

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer
        self._holds: dict[str, Hold] = {}

    async def load(self, now: datetime) -> None:
        """Take up those of before that have not ended."""
        text = await self._drawer.state(KEY)
        if text is None:
            return
        try:
            kept = HOLDS.validate_json(text)
        except ValidationError:
            return
        self._holds = {hold.point: hold for hold in kept if now < hold.expires}

    async def put(self, hold: Hold) -> bool:
        """Add or renew a hold; whether it will survive a restart."""
        self._holds[hold.point] = hold
        running = tuple(one for one in self._holds.values() if hold.since < one.expires)
        self._holds = {one.point: one for one in running}
        return await self._drawer.state_put(KEY, HOLDS.dump_json(running).decode())

    def claims(self, now: datetime) -> list[Entry]:
        """For the arbiter."""
        return [hold.claim for hold in self._holds.values() if now < hold.expires]


def hold_of(point: str, span: timedelta, person: str, reason: str, now: datetime) -> Hold:
    """A hold that begins now."""
    return Hold(point=point, person=person, reason=reason, since=now, expires=now + span)
