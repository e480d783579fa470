"""Limits the grid operator sets by a relay or a register, as claims nobody can opt out of. Pure.

Made for the dimming of controllable consumption (par. 14a EnWG: the consumption of all controllable
devices together, never below what the law guarantees) and for the stages of feed-in management
(par. 9 EEG: 60, 30 or 0 % of what is installed). The site states the kW of every level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from edge_agent.guarding.recall import elapsed_s
from edge_agent.guarding.sight import number, unseen
from edge_agent.snapshot import Snapshot


class LimitOn(StrEnum):
    """What a signal limits."""

    CONSUMPTION = "consumption"
    """Charging, heat pumps and switched loads of this gateway together."""
    SITE_IMPORT = "site_import"
    FEED_IN = "feed_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One input of the grid operator; kW >= 0."""

    id: str
    point: str
    limit_on: LimitOn
    full_kw: float
    """What the site can take or feed in at most: a limit there is none."""
    default_kw: float | None
    """Holds when the signal has been missing for `hold_s`; None = no limit."""
    levels: tuple[tuple[float, float | None], ...] = ()
    """Value of the point -> limit; None = no limit. Any other value counts as missing."""
    scale_kw: float | None = None
    """Where the point tells the limit itself: kW per unit; then `levels` only names exceptions."""
    hold_s: float = 900.0
    """So long the last state stands when the signal is missing."""
    restore_kw_per_s: float | None = None
    """How fast a limit is lifted; None = at once. Lowered it is always at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalState:
    """How one signal stands; kept as JSON over a restart."""

    told_kw: float | None
    told_at: datetime | None
    limit_kw: float | None
    """In force now; None = no limit."""
    at: datetime
    since: datetime
    """When a limit came into force, or the last one was lifted."""
    why: str


STATES = TypeAdapter(dict[str, SignalState])
States = Mapping[str, SignalState]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorLimit:
    """The strictest limit of one kind now."""

    limit_on: LimitOn
    limit_kw: float
    signal: str
    since: datetime
    why: str


def to_json(states: States) -> str:
    """For the store."""
    return STATES.dump_json(dict(states)).decode()


def from_json(text: str | None) -> States:
    """From the store; nothing when there is nothing that can be read."""
    if text is None:
        return {}
    try:
        return STATES.validate_json(text)
    except ValidationError:
        return {}


def follow(signals: Iterable[Signal], before: States, snapshot: Snapshot) -> States:
    """How every signal stands in this cycle."""
    return {signal.id: _step(signal, before.get(signal.id), snapshot) for signal in signals}


def limits(signals: Iterable[Signal], states: States) -> tuple[OperatorLimit, ...]:
    """What is in force, at most one limit of each kind."""
    found: dict[LimitOn, OperatorLimit] = {}
    for signal in signals:
        state = states[signal.id]
        known = found.get(signal.limit_on)
        if state.limit_kw is None or (known and known.limit_kw <= state.limit_kw):
            continue
        found[signal.limit_on] = OperatorLimit(
            limit_on=signal.limit_on,
            limit_kw=state.limit_kw,
            signal=signal.id,
            since=state.since,
            why=state.why,
        )
    return tuple(found.values())


def changes(before: States, after: States) -> tuple[str, ...]:
    """One line per signal that has begun or ended to limit, for the audit trail."""
    lines = []
    for name, state in after.items():
        old = before.get(name)
        limited = old is not None and old.limit_kw is not None
        if limited != (state.limit_kw is not None):
            word = "ends" if state.limit_kw is None else f"limits to {state.limit_kw:g} kW"
            lines.append(f"{name} {word}: {state.why}")
    return tuple(lines)


def _step(signal: Signal, before: SignalState | None, snapshot: Snapshot) -> SignalState:
    now = snapshot.at
    told_kw, told_at, why, target_kw = _target(signal, before, snapshot)
    limit_kw = _restored(signal, before, target_kw, now)
    same = before is not None and (before.limit_kw is None) == (limit_kw is None)
    if limit_kw is not None and target_kw is None:
        why = f"being lifted; {why}"
    return SignalState(
        told_kw=told_kw,
        told_at=told_at,
        limit_kw=limit_kw,
        at=now,
        since=before.since if before is not None and same else now,
        why=why,
    )


def _target(
    signal: Signal, before: SignalState | None, snapshot: Snapshot
) -> tuple[float | None, datetime | None, str, float | None]:
    """What was told last and when, why, and the limit that follows from it."""
    now = snapshot.at
    value = number(signal.point, snapshot)
    known, told_kw = _read(signal, value)
    if known:
        return told_kw, now, f"{signal.point} shows {value:g}", told_kw
    missing = unseen((signal.point,), snapshot)
    why = missing[0] if missing else f"{signal.point} shows {value:g}, which is no level"
    if before is None or before.told_at is None:
        return None, None, f"{why}: its default holds", signal.default_kw
    told_at = min(before.told_at, now)
    if elapsed_s(told_at, now) <= signal.hold_s:
        return before.told_kw, told_at, f"{why}: its last state holds", before.told_kw
    return before.told_kw, told_at, f"{why}: its default holds", signal.default_kw


def _read(signal: Signal, value: float | None) -> tuple[bool, float | None]:
    """Whether the value says anything, and the limit it says."""
    if value is None:
        return False, None
    for level, limit_kw in signal.levels:
        if level == value:
            return True, limit_kw
    if signal.scale_kw is None or value < 0:
        return False, None
    return True, value * signal.scale_kw


def _restored(
    signal: Signal, before: SignalState | None, target_kw: float | None, now: datetime
) -> float | None:
    """The limit in force: at once downwards, with the ramp upwards, None once it limits nothing."""
    goal_kw = signal.full_kw if target_kw is None else max(0.0, target_kw)
    last_kw = None if before is None else before.limit_kw
    if last_kw is not None and before is not None and signal.restore_kw_per_s is not None:
        goal_kw = min(goal_kw, last_kw + signal.restore_kw_per_s * elapsed_s(before.at, now))
    return None if goal_kw >= signal.full_kw else goal_kw


def strictest(found: Sequence[OperatorLimit], limit_on: LimitOn, own_kw: float) -> float:
    """The smaller of the site's own limit and the operator's, kW."""
    told = [one.limit_kw for one in found if one.limit_on is limit_on]
    return min([own_kw, *told])
