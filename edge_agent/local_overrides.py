"""Points that somebody at the device holds: left alone for a while, also over a restart.

A person is given hours; who changes our value again and again within an hour of our holding it is
another controller, and is given a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from drivers.contention import Contention
from drivers.types import Clock
from edge_agent.arbiter import Entry, Priority
from edge_agent.drawer import Drawer
from edge_agent.site.schema import Site

KEY = "local_overrides"
PERSON = "device"
SECOND_MASTER = "second_master"
LOCAL_HOLD_S = 7_200.0
"""How long a point is left alone where the site file says nothing, plant seconds."""
SECOND_MASTER_S = 86_400.0
_HOLDS_REMEMBERED = 4
"""Changes count against a second master for so many times the hold of the point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOverride:
    """Somebody at the device has the point until `expires`; `owner` says what kind of somebody."""

    point: str
    owner: str
    reason: str
    since: datetime
    expires: datetime

    @property
    def claim(self) -> Entry:
        """What the arbiter makes of it."""
        return Entry(
            point=self.point,
            value=None,
            priority=Priority.LOCAL_OVERRIDE,
            owner=self.owner,
            reason=self.reason,
            since=self.since,
            expires=self.expires,
        )


OVERRIDES = TypeAdapter(tuple[LocalOverride, ...])


class LocalOverrides:
    """Who was found at which point. `hold_s` by point is the site file's, in plant seconds."""

    def __init__(self, drawer: Drawer, clock: Clock) -> None:
        self._drawer = drawer
        self._clock = clock
        self._known: dict[str, LocalOverride] = {}
        self._contention: dict[str, Contention] = {}
        self._held_since_s: dict[str, float] = {}
        self.hold_s: Mapping[str, float] = {}

    async def load(self) -> None:
        """Take up those of before that have not ended."""
        text = await self._drawer.state(KEY)
        if text is None:
            return
        try:
            kept = OVERRIDES.validate_json(text)
        except ValidationError:
            return
        now = self._clock.now()
        self._known = {one.point: one for one in kept if now < one.expires}

    def claims(self) -> list[Entry]:
        """For the arbiter: those that have not ended."""
        now = self._clock.now()
        return [one.claim for one in self._known.values() if now < one.expires]

    def taken(self) -> Mapping[str, str]:
        """Points that are not ours now, with the reason; for the plan."""
        return {claim.point: claim.reason for claim in self.claims()}

    def holding(self, key: str) -> None:
        """Our value stands at the point."""
        self._count(key)
        self._held_since_s[key] = self._clock.monotonic_s()

    def let_go(self, key: str) -> None:
        """We have given the point back."""
        self._count(key)
        self._held_since_s.pop(key, None)

    async def found(self, key: str, reason: str) -> LocalOverride:
        """Somebody holds the point: leave it alone from now on."""
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        hold_s = self.hold_s.get(key, LOCAL_HOLD_S)
        self._count(key)
        known = self._contention.get(key, Contention())
        if self._held_since_s.pop(key, None) is not None:
            forgiven_s = max(SECOND_MASTER_S, _HOLDS_REMEMBERED * hold_s)
            known = replace(known, forgiven_after_s=forgiven_s).changed(now_s)
            self._contention[key] = known
        owner = PERSON
        if known.second_master(now_s) or reason.startswith("second master"):
            owner, hold_s = SECOND_MASTER, max(SECOND_MASTER_S, hold_s)
        override = LocalOverride(
            point=key,
            owner=owner,
            reason=reason or "held at the device",
            since=now,
            expires=now + timedelta(seconds=hold_s),
        )
        self._known[key] = override
        await self._persist()
        return override

    async def clear(self, key: str) -> None:
        """A person says that it is over: what was counted against the point is forgotten too."""
        self._contention.pop(key, None)
        if self._known.pop(key, None) is not None:
            await self._persist()

    def _count(self, key: str) -> None:
        since_s = self._held_since_s.get(key)
        if since_s is None:
            return
        now_s = self._clock.monotonic_s()
        known = self._contention.get(key, Contention())
        self._contention[key] = known.held(now_s - since_s)
        self._held_since_s[key] = now_s

    async def _persist(self) -> None:
        now = self._clock.now()
        self._known = {key: one for key, one in self._known.items() if now < one.expires}
        kept = OVERRIDES.dump_json(tuple(self._known.values())).decode()
        await self._drawer.state_put(KEY, kept)


def hold_times(site: Site) -> Mapping[str, float]:
    """Plant seconds each commanded point is left alone to who is found at it; guests have longer.

    A zone with `guest` set counts as guests' own.
    """
    settings, assets = site.agent, site.assets
    ours = [battery.setpoint for battery in assets.battery]
    ours += [pv.limit for pv in assets.pv if pv.limit is not None]
    ours += [tank.setpoint for tank in assets.thermal_stores if tank.setpoint is not None]
    ours += [one.point for one in assets.switches] + [one.cap for one in assets.heat_pumps]
    hours = dict.fromkeys(ours, settings.local_hold_h)
    for zone in assets.hvac.zones:
        hours[zone.setpoint] = settings.guest_hold_h if zone.guest else settings.local_hold_h
    return {key: 3600.0 * hold_h for key, hold_h in hours.items()}
