"""How often something outside the envelope leaves the guard, over adversarial random sites."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from bench.control_parts import referee
from bench.control_parts.adversary import START, site, tick, told_loads
from edge_agent.arbiter import arbitrate
from edge_agent.guard import guard_cycle
from edge_agent.guarding.bms import TRIP
from edge_agent.guarding.recall import Recall, tripped

STEPS_S = (0.0, 1.0, 5.0, 5.0, 60.0, 3600.0, -3600.0)


def case(chance: Random, ticks: int = 3) -> Iterator[str]:
    """One site over some ticks, the clock stepping as it likes; what escaped, in words."""
    envelopes = site(chance)
    now, recall = START, Recall()
    for _ in range(ticks):
        seen = tick(chance, envelopes, now)
        loads = told_loads(chance, seen.snapshot)
        cycle = guard_cycle(
            arbitrate(envelopes, seen.entries, now), envelopes, seen.snapshot, recall, loads
        )
        untripped = [
            one for one in cycle.guarded if not tripped(recall.points.get(one.point), now, TRIP)
        ]
        sent = {point: one.value for point, one in recall.points.items() if one.value is not None}
        told = referee.Told(loads=loads, sent=sent)
        yield from referee.escapes(envelopes, seen.snapshot, cycle.guarded, untripped, told)
        recall = cycle.recall
        now += timedelta(seconds=chance.choice(STEPS_S))


def count_escapes(cases: int = 10_000, seed: int = 1) -> int:
    """Values that escaped in so many random cases."""
    chance = Random(seed)  # noqa: S311
    return sum(len(list(case(chance))) for _ in range(cases))
