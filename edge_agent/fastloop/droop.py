"""Droop support: power against a deviation of the grid's frequency, given back afterwards. Pure.

Low frequency discharges, high frequency charges, in proportion to the deviation beyond the dead
band. It only spends the reserve that the plan keeps for it, and it is no certified service.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

LONGEST_HOLD_S = 2.0
"""A power stands for no longer than this between two readings; after that the answer is 0."""
EVEN_KWH = 1e-4
"""Energy below this is given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroopSettings:
    """What may be spent, and how; the plan keeps `reserve_kw` and `reserve_kwh` both ways."""

    reserve_kw: float
    reserve_kwh: float
    nominal_hz: float = 50.0
    dead_band_hz: float = 0.02
    full_at_hz: float = 0.2
    """Deviation at which the whole reserve answers."""
    rest_s: float = 60.0
    """Calm time before energy is given back."""
    give_back_share: float = 0.1
    """Of `reserve_kw`, at most, while giving back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One excursion beyond the dead band, as it goes into the log."""

    start: datetime
    end: datetime
    worst_hz: float
    energy_kwh: float = 0.0
    """Charged (positive) or discharged (negative) for it."""
    largest_kw: float = 0.0
    """Largest power of the answer, by size."""
    spent: bool = False
    """The reserve ran out, or the battery could not give what was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroopState:
    """Carried from reading to reading."""

    at: datetime | None = None
    power_kw: float = 0.0
    owed_kwh: float = 0.0
    """Energy taken from the plan: positive was charged, negative discharged."""
    open: Deviation | None = None
    calm_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to add to the battery's planned power (kW, charging positive); `ended` goes to a log."""

    power_kw: float
    ended: Deviation | None = None


def answer(
    settings: DroopSettings,
    state: DroopState,
    frequency_hz: float | None,
    now: datetime,
    room_kw: tuple[float, float],
) -> tuple[DroopState, Answer]:
    """The answer to one reading; `room_kw` is how far down and up the battery can still go."""
    passed_s = 0.0 if state.at is None else max(0.0, (now - state.at).total_seconds())
    passed_h = min(passed_s, LONGEST_HOLD_S) / 3600
    given_kwh = state.power_kw * passed_h
    state = replace(state, at=now, owed_kwh=state.owed_kwh + given_kwh)
    if state.open is not None:
        state = replace(state, open=_grown(state.open, given_kwh, now))
    if frequency_hz is None:
        return _calm(replace(state, calm_since=None), 0.0)
    due_kw = _due_kw(settings, frequency_hz)
    if due_kw == 0.0:
        since = now if state.calm_since is None else min(state.calm_since, now)
        power_kw = 0.0
        if (now - since).total_seconds() >= settings.rest_s:
            power_kw = _give_back_kw(settings, state.owed_kwh, passed_h)
        return _calm(replace(state, calm_since=since), _inside(power_kw, room_kw))
    return _answered(settings, state, frequency_hz, now, _inside(due_kw, room_kw))


def _due_kw(settings: DroopSettings, frequency_hz: float) -> float:
    """Power by the droop line, charging positive."""
    deviation_hz = frequency_hz - settings.nominal_hz
    beyond_hz = abs(deviation_hz) - settings.dead_band_hz
    if beyond_hz <= 0:
        return 0.0
    share = min(1.0, beyond_hz / (settings.full_at_hz - settings.dead_band_hz))
    return share * settings.reserve_kw * (1.0 if deviation_hz > 0 else -1.0)


def _answered(
    settings: DroopSettings,
    state: DroopState,
    frequency_hz: float,
    now: datetime,
    possible_kw: float,
) -> tuple[DroopState, Answer]:
    due_kw = _due_kw(settings, frequency_hz)
    used_up = state.owed_kwh * due_kw > 0 and abs(state.owed_kwh) >= settings.reserve_kwh
    power_kw = 0.0 if used_up else possible_kw
    before = state.open or Deviation(start=now, end=now, worst_hz=frequency_hz)
    off_hz = abs(frequency_hz - settings.nominal_hz)
    worse = off_hz > abs(before.worst_hz - settings.nominal_hz)
    deviation = replace(
        before,
        worst_hz=frequency_hz if worse else before.worst_hz,
        largest_kw=max(before.largest_kw, power_kw, key=abs),
        spent=before.spent or power_kw != due_kw,
    )
    after = replace(state, open=deviation, power_kw=power_kw, calm_since=None)
    return after, Answer(power_kw=power_kw)


def _calm(state: DroopState, power_kw: float) -> tuple[DroopState, Answer]:
    """No deviation now: one that was open has ended."""
    return replace(state, open=None, power_kw=power_kw), Answer(power_kw=power_kw, ended=state.open)


def _grown(deviation: Deviation, given_kwh: float, now: datetime) -> Deviation:
    return replace(deviation, end=now, energy_kwh=deviation.energy_kwh + given_kwh)


def _give_back_kw(settings: DroopSettings, owed_kwh: float, passed_h: float) -> float:
    """Slowly back to what the plan counts with."""
    if abs(owed_kwh) < EVEN_KWH:
        return 0.0
    most_kw = settings.give_back_share * settings.reserve_kw
    if passed_h > 0:
        most_kw = min(most_kw, abs(owed_kwh) / passed_h)
    return -most_kw if owed_kwh > 0 else most_kw


def _inside(power_kw: float, room_kw: tuple[float, float]) -> float:
    """As far as the room goes; a room that is on one side of 0 never turns the answer round."""
    low_kw, high_kw = min(0.0, room_kw[0]), max(0.0, room_kw[1])
    return min(max(power_kw, low_kw), high_kw)
