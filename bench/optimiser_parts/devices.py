"""A day of 100 controllable devices: how long an answer takes and how far it is from the bound."""

from __future__ import annotations

import time

from bench.optimiser_parts.hotel import default, rooms
from bench.optimiser_parts.sure import a_plan, proven, sure
from models.affine import Programme, fill
from models.clusters import cluster_rooms, per_room
from models.compiled import compile_site
from models.highs import HotLp
from models.parameters import parameters
from models.solver import Optimiser
from models.types import Problem

BUDGET_S = 10.0
PLENTY_S = 120.0


def devices(days: int) -> dict[str, float]:
    """The worst of several days, a quarter of an hour apart, each hot after the other.

    The bound is the relaxed programme's, which no whole decision can undercut.
    """
    first = cluster_rooms(rooms(default(), 0)).problem
    compiled = compile_site(first.site, first.grid.step_s)
    optimiser, relaxed = Optimiser(compiled), HotLp(compiled)
    answers, gaps = [], []
    for turn in range(days):
        asked = rooms(default(15 * turn), turn)
        began_s = time.monotonic()
        clustered = cluster_rooms(asked)
        plan = a_plan(optimiser.solve(clustered.problem, BUDGET_S, asked.grid.start))
        handed_back = per_room(asked, clustered, plan.zones)
        answers.append(time.monotonic() - began_s)
        sure(len(handed_back) == len(asked.zones), "a room has no plan")
        programme = fill(compiled, compiled.flatten(parameters(clustered.problem)))
        relaxed.update(programme)
        bound = _bound(relaxed, programme)
        gaps.append((plan.cost.objective - bound) / abs(bound))
    return {
        "gap_100_devices": round(max(gaps), 5),
        "answer_s_100_devices": round(max(answers), 2),
        "controllable_devices": _count(asked),
        "zones_after_clustering": len(first.site.zones),
    }


def _bound(relaxed: HotLp, programme: Programme) -> float:
    """The least money of the programme without its either-or decisions."""
    solution = proven(relaxed.run(PLENTY_S))
    return float(programme.cost @ solution.values) + programme.cost_offset


def _count(problem: Problem) -> int:
    """Controllable devices of a site."""
    site = problem.site
    kinds = (
        site.zones,
        site.batteries,
        site.pvs,
        site.thermal_stores,
        site.shiftables,
        site.shed_groups,
    )
    return sum(map(len, kinds))
