"""The second stage: among plans almost as cheap, the one that moves the batteries least."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from models.affine import Floats
from models.flows import GRID_PAIR, OpposedFlows, net_where_free, offenders
from models.highs import HotLp, Move, SecondStage
from models.readout import read_plan
from models.search import Decisions
from models.solved import Solved
from models.types import Plan
from models.verify import verify

_CURTAILED = 0.5
"""A kWh given away weighs so much against a kW of movement."""
_CLOSE_PER_HOUR = 1.0
"""A kW away from the last plan for an hour weighs as much as a kW of movement."""


def tidied(
    lp: HotLp,
    first: tuple[Solved, Plan],
    search: tuple[list[OpposedFlows], Decisions],
    deadline_s: float,
) -> tuple[Solved, Plan]:
    """The first stage's plan, or a calmer one within its money bound that passes the verifier."""
    solved, plan = first
    flows, decisions = search
    problem = solved.problem
    if problem.tidiness is None:
        return first
    integers = solved.compiled.integers
    if len(integers) and decisions.whole is not None and not decisions.first_wins:
        lp.hold(integers, decisions.whole)
    money = solved.programme.cost
    worth = sum(abs(getattr(plan.cost, part)) for part in ("energy", "demand", "wear", "events"))
    stage = SecondStage(
        cost=_giving_away(solved),
        money=money,
        most=float(money @ solved.values) + problem.tidiness.money_share * worth,
        moves=tuple(_moves(solved)),
    )
    left_s = deadline_s - time.monotonic()
    found = lp.settle(stage, left_s / 2) if stage.moves and left_s > 0 else None
    if found is None:
        return first
    net_where_free(flows[GRID_PAIR], found.values, money)
    if offenders(flows, found.values):
        return first
    calmer = replace(solved, values=found.values)
    calm = read_plan(calmer, plan.made_at, plan.source)
    return (calmer, calm) if verify(problem, calm).ok else first


def _giving_away(solved: Solved) -> Floats:
    """Costs of the second stage: production is worth a little, so that nothing is given away."""
    cost = np.zeros(solved.compiled.column_count)
    hours = np.array(solved.problem.grid.step_s) / 3600.0
    for pv in solved.problem.site.pvs:
        cost[solved.compiled.columns[f"pv[{pv.id}].pv_kw"].cells] = -_CURTAILED * hours
    return cost


def _moves(solved: Solved) -> Iterator[Move]:
    """Changes of battery power from step to step, and away from the last plan."""
    problem = solved.problem
    last_kw = dict(problem.tidiness.last_kw) if problem.tidiness else {}
    for battery in problem.batteries:
        if battery.soc_kwh is None:
            continue
        into = solved.compiled.columns[f"battery[{battery.id}].charge_kw"].start
        out = solved.compiled.columns[f"battery[{battery.id}].discharge_kw"].start
        for step in range(1, len(problem.grid)):
            columns = (into + step, out + step, into + step - 1, out + step - 1)
            yield Move(columns, (1.0, -1.0, -1.0, 1.0), 0.0)
        last = last_kw.get(battery.id, ())
        for step, (power, seconds) in enumerate(zip(last, problem.grid.step_s, strict=False)):
            weight = _CLOSE_PER_HOUR * seconds / 3600.0
            yield Move((into + step, out + step), (weight, -weight), weight * power)
