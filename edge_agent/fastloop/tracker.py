"""Follows the plan against the live meter: claims on every point for this tick.

`Tracker` only carries the state from tick to tick; `follow` decides and is pure. Zones and
inverters are claimed as planned. The batteries' total is held between what the billed block and
the connection point still allow; where the meter cannot be steered by, they keep to the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from edge_agent.arbiter import Entry
from edge_agent.envelope import BatteryEnvelope, Envelope
from edge_agent.fastloop.binding import bound
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import Corridor, LoopSettings, Site, corridor, held
from edge_agent.fastloop.lag import Lag
from edge_agent.fastloop.meter import KEEP_S, Seen, seen_load, too_slow, watch
from edge_agent.fastloop.riding import Lately, Ride, aimed, calmed, lately, ridden_kw, ride_at
from edge_agent.fastloop.split import Part, split
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot
from edge_agent.tracking import POWER_GRAIN_KW, Actuators, claims, to_grain
from models.types import Plan

RATING = "the battery's rating"
RIDING = "the planned peak is held as the load asks for it"


@dataclass(frozen=True, slots=True)
class LoopState:
    """All that is carried from tick to tick."""

    seen: Seen = field(default_factory=Seen)
    wish_kw: float | None = None
    """Total last asked for while the meter was steered by."""
    note: str = ""
    """What keeps the batteries off the plan, or why the meter is not used; empty = nothing."""
    lately: Lately = field(default_factory=Lately)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What is known in one tick."""

    plan: Plan
    snapshot: Snapshot
    charges: Sequence[Charge]
    now: datetime
    ride: Ride | None = None
    """How this step stands to the planned peak."""
    charging: Plan | None = None
    """What is followed while the batteries are charged; None = the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The claims of one step of a plan."""

    plan: Plan
    start: datetime
    end: datetime
    entries: tuple[Entry, ...]
    aimed: Plan
    """With the loop's own margin put on its peaks."""
    ride: Ride | None
    charging: Plan
    counting: tuple[str, ...]
    """The charges that count now."""


class Tracker:
    """The fast loop of a site, one `step` a tick."""

    def __init__(
        self,
        envelopes: Mapping[str, Envelope],
        actuators: Actuators,
        settings: LoopSettings,
        lag: Lag | None = None,
        charge_names: Sequence[str] = (),
    ) -> None:
        """`lag` is what is known of the meter; `charge_names` are those of a plan's peaks."""
        points = [point for _, point in actuators.batteries]
        found = [envelopes.get(point) for point in points]
        self._fleet = tuple(one for one in found if isinstance(one, BatteryEnvelope))
        self._actuators = actuators
        self._settings = settings
        self._charge_names = tuple(charge_names)
        self._planned: Planned | None = None
        self.state = LoopState(seen=Seen(lag=lag or Lag()))

    def step(
        self,
        plan: Plan,
        snapshot: Snapshot,
        charges: Sequence[Charge],
        now: datetime,
        hold_s: float,
    ) -> list[Entry]:
        """Claims on every point for this tick, each ending after `hold_s`.

        `charges` are those that count now.
        """
        wanted = self._wanted(plan, tuple(charge.id for charge in charges), now)
        if wanted is None:
            self.released(now)
            return []
        tick = Tick(
            plan=wanted.aimed,
            snapshot=snapshot,
            charges=charges,
            now=now,
            ride=wanted.ride,
            charging=wanted.charging,
        )
        entries = wanted.entries
        self.state, powers_kw = follow(self.state, self._fleet, entries, tick, self._settings)
        expires = now + timedelta(seconds=hold_s)
        return [self._tracked(entry, powers_kw.get(entry.point), expires) for entry in entries]

    def released(self, now: datetime) -> None:
        """Nothing is claimed in this tick: what was sent before stands no longer."""
        self.state = LoopState(seen=_given_back(self.state.seen, now))

    def know(self, lag: Lag) -> None:
        """Take up what was known of the meter before a restart."""
        self.state = LoopState(seen=Seen(lag=lag))

    @property
    def lag(self) -> Lag:
        """How late the meter has been found to be."""
        return self.state.seen.lag

    @property
    def loads(self) -> tuple[SeenLoad, ...]:
        """The load behind the meter by the last step, where it is known; for the guard."""
        if not self._fleet:
            return ()
        load = seen_load(self.state.seen, self._fleet[0].connection.meter)
        return () if load is None else (load,)

    def _wanted(self, plan: Plan, counting: tuple[str, ...], now: datetime) -> Planned | None:
        """What the plan wants now; the same for a whole step, but for the end of the claims."""
        kept = self._planned
        same = kept is not None and kept.plan is plan and kept.counting == counting
        if kept is None or not same or not kept.start <= now < kept.end:
            step = plan.grid.step_at(now)
            if step is None:
                return None
            start = plan.grid.start + timedelta(seconds=sum(plan.grid.step_s[:step]))
            entries = tuple(claims(plan, self._actuators, now, 0.0))
            end = start + timedelta(seconds=plan.grid.step_s[step])
            rated_kw = sum(max(one.charge_kw, one.discharge_kw) for one in self._fleet)
            margin_kw = self._settings.target_margin_share * rated_kw
            binding = bound(plan, self._charge_names, counting)
            ride, aim = ride_at(binding, step), aimed(binding, margin_kw)
            kept = self._planned = Planned(
                plan=plan,
                start=start,
                end=end,
                entries=entries,
                aimed=aim,
                ride=ride,
                charging=calmed(aim, ride),
                counting=counting,
            )
        return kept

    def _tracked(self, entry: Entry, power_kw: float | None, expires: datetime) -> Entry:
        value, reason = entry.value, entry.reason
        if power_kw is not None and power_kw != value:
            value, reason = power_kw, f"{reason}; {self.state.note or RATING}"
        return Entry(
            point=entry.point,
            value=value,
            priority=entry.priority,
            owner=entry.owner,
            reason=reason,
            since=entry.since,
            expires=expires,
        )


def follow(
    state: LoopState,
    fleet: Sequence[BatteryEnvelope],
    entries: Sequence[Entry],
    tick: Tick,
    settings: LoopSettings,
) -> tuple[LoopState, dict[str, float]]:
    """The next state, and the power of each battery that is steered (kW, charging positive)."""
    planned = {entry.point: entry.value for entry in entries}
    fleet = [one for one in fleet if planned.get(one.point) is not None]
    if not fleet:
        return LoopState(seen=_given_back(state.seen, tick.now)), {}
    seen = watch(state.seen, fleet, tick.snapshot)
    if isinstance(seen, str):
        asked_kw = sum(planned[one.point] or 0.0 for one in fleet)
        return LoopState(seen=_sent(state.seen, asked_kw, tick.now), note=_blind(seen)), {}
    parts = {
        one.point: _part(one, planned[one.point] or 0.0, tick.snapshot, alone=len(fleet) == 1)
        for one in fleet
        if one.point in seen.members
    }
    planned_kw = sum(part.planned_kw for part in parts.values())
    slow = too_slow(seen, tick.now.timestamp())
    if slow is not None:
        return LoopState(_sent(seen, planned_kw, tick.now), None, _blind(slow)), {}
    recent = lately(state.lately, seen.calm_kw, tick.now.timestamp())
    site = _site(seen, [one for one in fleet if one.point in parts], recent)
    plan = tick.charging if tick.charging is not None and planned_kw > 0 else tick.plan
    bounds = corridor(site, plan, tick.charges, tick.now, settings)
    billed_kw = min((charge.peak_kw for charge in tick.charges), default=0.0)
    riding_kw = ridden_kw(tick.ride, planned_kw, recent.kw, billed_kw)
    wish_kw, note = _wish(state, riding_kw, bounds, settings.still_share * site.rated_kw)
    if riding_kw != planned_kw:
        note = note or RIDING
    powers = [to_grain(kw, POWER_GRAIN_KW) for kw in split(wish_kw, tuple(parts.values()))]
    after = LoopState(_sent(seen, sum(powers), tick.now), wish_kw, note, recent)
    return after, dict(zip(parts, powers, strict=True))


def _blind(why: str) -> str:
    return f"{why}: the plan is followed without the meter"


def _sent(seen: Seen, total_kw: float, now: datetime) -> Seen:
    """Remember a command that differs from the one before."""
    if seen.commands.kw and seen.commands.kw[-1] == total_kw:
        return seen
    return replace(seen, commands=seen.commands.add(now.timestamp(), total_kw, KEEP_S))


def _given_back(seen: Seen, now: datetime) -> Seen:
    """The same power asked for again is then a command of its own."""
    return _sent(seen, 0.0, now) if seen.commands.kw else seen


def _site(seen: Seen, steered: Sequence[BatteryEnvelope], recent: Lately) -> Site:
    return Site(
        connection=steered[0].connection,
        rated_kw=sum(max(one.charge_kw, one.discharge_kw) for one in steered),
        load_kw=seen.calm_kw,
        battery_kw=seen.battery.kw[-1],
        jitter_kw=seen.jitter_kw,
        flicker_kw=recent.flicker_kw,
    )


def _wish(
    state: LoopState, planned_kw: float, bounds: Corridor, still_kw: float
) -> tuple[float, str]:
    """The plan's power inside the bounds, or the last wish where it hardly differs; and why."""
    wish_kw, note = held(planned_kw, bounds)
    before_kw = state.wish_kw
    if before_kw is None or wish_kw == planned_kw:
        return wish_kw, note
    return (before_kw, note) if abs(wish_kw - before_kw) < still_kw else (wish_kw, note)


def _part(envelope: BatteryEnvelope, planned_kw: float, snapshot: Snapshot, *, alone: bool) -> Part:
    """What one battery can do; one that is alone is asked for all, and the guard cuts it."""
    high_kw, low_kw = envelope.charge_kw, -envelope.discharge_kw
    wanted_kw = min(max(planned_kw, low_kw), high_kw)
    if alone:
        return Part(wanted_kw, low_kw, high_kw)
    soc = snapshot.value(envelope.soc)
    full = soc is not None and soc >= envelope.soc_max_percent
    empty = soc is not None and soc <= envelope.soc_min_percent
    high_kw = 0.0 if full else _limit(high_kw, envelope.charge_limit, snapshot)
    low_kw = 0.0 if empty else -_limit(-low_kw, envelope.discharge_limit, snapshot)
    return Part(wanted_kw, low_kw, high_kw)


def _limit(rated_kw: float, key: str | None, snapshot: Snapshot) -> float:
    """The smaller of rating and live limit, where there is one."""
    live_kw = None if key is None else snapshot.value(key)
    return rated_kw if live_kw is None else min(rated_kw, max(0.0, live_kw))
