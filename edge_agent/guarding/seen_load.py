"""The load behind a late meter, as the fast loop knows it, held against this cycle. Pure.

A meter shows the sum of load and batteries of some seconds ago, a battery tells of itself now.
What the loop has found the load to be says where the meter is heading by itself. That takes room
away at once; it gives none that the meter does not show, but lets the batteries stay, or go where
they were sent before, while the meter only has not shown yet that they get there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import repeat

from edge_agent.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLoad:
    """Power at a meter or on a phase that is not that of `members`; import positive, kW."""

    meter: str
    """The point that shows it: the meter's power, or a phase current."""
    at_s: float
    """Seconds since the epoch of the reading it was found with."""
    kw: float
    members: tuple[str, ...]
    """The points that command the equipment it leaves out."""
    shares: tuple[float, ...] = ()
    """Of each member's power, what flows here; () = all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What a meter will still show by itself, once it has seen what our equipment does; kW."""

    kw: float = 0.0
    """By where the equipment is."""
    sent_kw: float = 0.0
    """How far it still has to go to where it was sent before."""

    def part(self, share: float) -> Coming:
        """Of one phase."""
        return Coming(kw=share * self.kw, sent_kw=share * self.sent_kw)

    def room_kw(self, shown_kw: float, sign: int) -> float:
        """Room in the direction of `sign` (1 import) where the meter shows `shown_kw` of it."""
        return min(shown_kw - sign * self.kw, max(shown_kw, 0.0, sign * self.sent_kw))


NOTHING = Coming()


def coming(
    load: SeenLoad,
    meter_kw: float,
    own_kw: Mapping[str, float | None],
    sent_kw: Mapping[str, float],
    snapshot: Snapshot,
) -> Coming:
    """Of the meter (or phase) of `load`, which shows `meter_kw`.

    By point: `own_kw` is where the equipment is by its own reading, `sent_kw` what left last.
    """
    usable = snapshot.seen[load.meter].usable
    if usable is None or usable.at.timestamp() != load.at_s:
        return NOTHING
    now_kw = ahead_kw = 0.0
    for point, share in zip(load.members, load.shares or repeat(1.0), strict=False):
        power_kw = own_kw.get(point)
        if power_kw is None:
            return NOTHING
        now_kw += share * power_kw
        ahead_kw += share * (sent_kw.get(point, power_kw) - power_kw)
    return Coming(kw=load.kw + now_kw - meter_kw, sent_kw=ahead_kw)
