"""The power at the meter that is not our batteries', in spite of unknown delays. Pure.

A meter shows the sum of load and battery of some seconds ago. Where the battery stood still in
all of the time the reading may stem from, the difference is the load exactly; where it moved, the
load is only known to lie between two bounds, and the last one known is moved no further than into
them. So the estimate never leaves the range of the true load and our own steps, seen late, are
never taken for a load: nothing can swing up, however long the delay.
"""

from __future__ import annotations

from edge_agent.fastloop.lag import Lag
from edge_agent.fastloop.trace import Trace

TRAVEL_S = 20.0
"""Longest time a battery takes to follow a command, its ramp included."""
ARRIVED_SHARE = 0.9
"""Of the way to a command: a battery that shows so much of it is done with those before."""


def own_hull(battery: Trace, commands: Trace, lag: Lag, meter_s: float) -> tuple[float, float]:
    """Lowest and highest power of the batteries that a reading of `meter_s` may contain, kW."""
    from_s, to_s = meter_s - lag.high_s, meter_s - lag.low_s
    commanded_s = commands.last_s
    moving = commanded_s > from_s - TRAVEL_S
    low_kw, high_kw = battery.hull(from_s, to_s, reach_back=moving) or (0.0, 0.0)
    if to_s > battery.last_s and commanded_s > battery.last_s - TRAVEL_S:
        # Not seen yet, but a command may have moved it since.
        sent = commands.hull(_pending_s(battery, commands), to_s, reach_back=False)
        if sent is not None:
            return min(low_kw, sent[0]), max(high_kw, sent[1])
    return low_kw, high_kw


def _pending_s(battery: Trace, commands: Trace) -> float:
    """From when on commands may not have been carried out yet, as far as the battery has told."""
    before_kw, sent_kw = battery.at(commands.last_s), commands.kw[-1]
    if abs(sent_kw - battery.kw[-1]) < (1 - ARRIVED_SHARE) * abs(sent_kw - before_kw):
        return commands.last_s
    return battery.last_s - TRAVEL_S


def load_estimate(before_kw: float | None, meter_kw: float, own_kw: tuple[float, float]) -> float:
    """The estimate moved into what the meter leaves possible; kW, import positive."""
    low_kw, high_kw = meter_kw - own_kw[1], meter_kw - own_kw[0]
    if before_kw is None:
        return (low_kw + high_kw) / 2
    return min(max(before_kw, low_kw), high_kw)
