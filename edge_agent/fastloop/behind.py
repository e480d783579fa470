"""What a meter shows beside some equipment of ours, in spite of its delay. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.fastloop.meter import KEEP_S, Own, Seen, read_s, taken
from edge_agent.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Equipment that moves the meter: its point, where it tells of itself, and how it counts."""

    point: str
    power: str
    rated_kw: float
    share: float = 1.0
    """Of its power, what the meter counts as import; -1 for a producer."""


def behind(
    seen: Seen,
    meter: str,
    meter_kw: float | None,
    members: Sequence[Member],
    snapshot: Snapshot,
    sent: Mapping[str, tuple[float, float]] | None = None,
) -> Seen | None:
    """With this tick's readings; None when not all of them are there.

    `sent` is what left last by point: seconds since the epoch, and kW.
    """
    powers = [snapshot.value(one.power) for one in members]
    known_kw = [kw for kw in powers if kw is not None]
    if meter_kw is None or not members or len(known_kw) != len(powers):
        return None
    own = Own(
        members=tuple(one.point for one in members),
        at_s=max(read_s(snapshot, one.power) for one in members),
        kw=sum(one.share * kw for one, kw in zip(members, known_kw, strict=True)),
        rated_kw=sum(abs(one.share) * one.rated_kw for one in members),
    )
    if sent is not None and own.members == seen.members:
        if any(one.point in sent for one in members):
            seen = _commanded(seen, members, known_kw, sent)
        elif seen.commands.kw and seen.commands.kw[-1] != 0.0:
            # Released: the same power asked for again is a command of its own.
            seen = replace(seen, commands=seen.commands.add(snapshot.at.timestamp(), 0.0, KEEP_S))
    return taken(seen, own, read_s(snapshot, meter), meter_kw)


def _commanded(
    seen: Seen,
    members: Sequence[Member],
    powers_kw: Sequence[float],
    sent: Mapping[str, tuple[float, float]],
) -> Seen:
    """Remember where they were sent; one that was not stays where it is."""
    at_s = max(sent[one.point][0] for one in members if one.point in sent)
    total_kw = sum(
        one.share * sent.get(one.point, (0.0, kw))[1]
        for one, kw in zip(members, powers_kw, strict=True)
    )
    if seen.commands.kw and seen.commands.kw[-1] == total_kw:
        return seen
    return replace(seen, commands=seen.commands.add(at_s, total_kw, KEEP_S))
