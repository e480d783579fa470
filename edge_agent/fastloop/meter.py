"""What the loop knows of the site's meter and its batteries' total, tick after tick. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from edge_agent.envelope import BatteryEnvelope
from edge_agent.fastloop.lag import EARLIEST_S, LONGEST_S, RAREST_S, Lag, Scale, learned
from edge_agent.fastloop.load import TRAVEL_S, load_estimate, own_hull
from edge_agent.fastloop.trace import Trace
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot

KEEP_S = LONGEST_S + TRAVEL_S
SLOWEST_LAG_S = 15.0
"""A meter that shows more than this long ago is not steered by."""
CALM_SHARE = 1 / 3
"""Time constant of the calmed load as a share of the meter's lag."""
JITTER_GAIN = 0.05
OLDEST_S = 90.0
"""A reading older than a tenth of a quarter of an hour says too little about it."""


Change = tuple[tuple[float, float], float]
"""Between two readings of the meter (seconds since the epoch), kW."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Memory of the loop; powers in kW, import and charging positive."""

    members: tuple[str, ...] = ()
    """Setpoints of the batteries counted in `battery`."""
    battery: Trace = field(default_factory=Trace)
    commands: Trace = field(default_factory=Trace)
    meter_s: float = float("-inf")
    meter_kw: float = 0.0
    load_kw: float | None = None
    """Power at the meter without our batteries, by the last reading."""
    calm_kw: float = 0.0
    """The same, calmed for as long as the meter's lag leaves time to."""
    jitter_kw: float = 0.0
    """How far the load jumps from reading to reading, on average."""
    changes: tuple[Change, ...] = ()
    """The newest of the meter's: a battery that tells of itself late has yet to own up to them."""
    lag: Lag = field(default_factory=Lag)
    """Of the meter behind the batteries' own readings; negative where these are later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What our equipment shows of itself in one tick; kW as at the meter, import positive."""

    members: tuple[str, ...]
    """The points it is commanded by."""
    at_s: float
    kw: float
    rated_kw: float


def watch(seen: Seen, fleet: Sequence[BatteryEnvelope], snapshot: Snapshot) -> Seen | str:
    """Take this tick's readings; a sentence where they cannot be steered by."""
    meter = fleet[0].connection.meter
    meter_kw = snapshot.value(meter)
    if meter_kw is None:
        return snapshot.why_missing(meter)
    members: list[str] = []
    at_s, total_kw, rated_kw = -math.inf, 0.0, 0.0
    for one in fleet:
        rated_kw += max(one.charge_kw, one.discharge_kw)
        kw = snapshot.value(one.power)
        if kw is not None:
            members.append(one.point)
            total_kw += kw
            at_s = max(at_s, read_s(snapshot, one.power))
    if not members:
        return snapshot.why_missing(fleet[0].power)
    own = Own(members=tuple(members), at_s=at_s, kw=total_kw, rated_kw=rated_kw)
    return taken(seen, own, read_s(snapshot, meter), meter_kw)


def taken(seen: Seen, own: Own, meter_s: float, meter_kw: float) -> Seen:
    """With what the equipment and the meter show in this tick."""
    same = own.members == seen.members
    trace, commands = (seen.battery, seen.commands) if same else (Trace(), Trace())
    trace = trace.add(own.at_s, own.kw, KEEP_S)
    before_kw = seen.load_kw if same else None
    if meter_s == seen.meter_s and before_kw is not None:
        return seen if trace is seen.battery else replace(seen, battery=trace)
    changes, lag = _told(seen, own, meter_s, meter_kw, (trace, commands))
    load_kw = load_estimate(before_kw, meter_kw, own_hull(trace, commands, lag, meter_s))
    calm_kw, jump_kw = load_kw, 0.0
    if before_kw is not None:
        gain = _gain(lag, meter_s - seen.meter_s)
        calm_kw = seen.calm_kw + gain * (load_kw - seen.calm_kw)
        jump_kw = abs(load_kw - before_kw)
    jitter_kw = seen.jitter_kw + JITTER_GAIN * (jump_kw - seen.jitter_kw)
    return Seen(
        members=own.members,
        battery=trace,
        commands=commands,
        meter_s=meter_s,
        meter_kw=meter_kw,
        load_kw=load_kw,
        calm_kw=calm_kw,
        jitter_kw=jitter_kw,
        changes=changes,
        lag=lag,
    )


def _told(
    seen: Seen, own: Own, meter_s: float, meter_kw: float, ours: tuple[Trace, Trace]
) -> tuple[tuple[Change, ...], Lag]:
    """Changes of the meter that are still too new to learn from, and the lag the others tell."""
    changes, lag = seen.changes if own.members == seen.members else (), seen.lag
    if meter_s < seen.meter_s:
        # The clock stepped back: those of before would wait until it comes there again.
        changes = ()
    if 0 < meter_s - seen.meter_s <= RAREST_S:
        changes = (*changes, ((seen.meter_s, meter_s), meter_kw - seen.meter_kw))
    while changes and changes[0][0][1] + EARLIEST_S <= own.at_s:
        scale = Scale(own.rated_kw, seen.jitter_kw)
        lag = learned(lag, ours[0], *changes[0], scale, ours[1])
        changes = changes[1:]
    return changes, lag


def too_slow(seen: Seen, now_s: float) -> str | None:
    """Why this meter is not steered by, None while it is quick enough."""
    if seen.lag.known and seen.lag.low_s > SLOWEST_LAG_S:
        late = f"{seen.lag.low_s:.0f} to {seen.lag.high_s:.0f} s"
        return f"the meter shows what was {late} ago, which is too slow to steer by"
    age_s = now_s - seen.meter_s
    if age_s > OLDEST_S:
        return f"the meter was read {age_s:.0f} s ago, which is too long to steer by"
    return None


def seen_load(seen: Seen, meter: str, shares: tuple[float, ...] = ()) -> SeenLoad | None:
    """What the guard may know of the load; None before the first reading.

    While the lag is not known the longest that is likely is counted with: an answer that may not
    show yet is not given twice.
    """
    if seen.load_kw is None:
        return None
    return SeenLoad(
        meter=meter, at_s=seen.meter_s, kw=seen.load_kw, members=seen.members, shares=shares
    )


def _gain(lag: Lag, passed_s: float) -> float:
    """Share of a change that is believed at once: a late meter makes all else late anyway."""
    calm_s = CALM_SHARE * lag.low_s if lag.known else 0.0
    return 1.0 if calm_s <= 0 or passed_s <= 0 else 1.0 - math.exp(-passed_s / calm_s)


def read_s(snapshot: Snapshot, key: str) -> float:
    """When a point was read last, in seconds since the epoch."""
    usable = snapshot.seen[key].usable
    return float("-inf") if usable is None else usable.at.timestamp()
