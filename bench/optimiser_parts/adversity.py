"""Inputs far outside what a sound site shows, and numbers that are none.

Every input is answered hot after the one before it, and the judge is asked about the answer again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from rich_site import RICH, STEP_S, Chaos

from models.compiled import compile_site
from models.parameters import parameters
from models.rules import rules_plan
from models.solver import Optimiser, Rejected
from models.types import BadInputError, Plan, Problem, Reason, ReasonCode
from models.verify import verify

BUDGET_S = 0.2
"""Short, so that every rung of the ladder is met."""
_NO_NUMBERS = {"reasons", "grid", "site", "firm"}


def adversity(count: int) -> dict[str, int]:
    """How many of `count` inputs had no feasible plan though time was left, and what they got."""
    optimiser = Optimiser(compile_site(RICH, STEP_S))
    chaos = Chaos(np.random.default_rng(2026))
    infeasible = unverified = without_solver = 0
    for _ in range(count):
        problem = chaos.draw()
        outcome = optimiser.solve(problem, BUDGET_S, problem.grid.start)
        why, plan = _answer(problem, outcome)
        late = any(reason.code is ReasonCode.SOLVER_LATE for reason in why)
        infeasible += not plan.source.by_solver and not late
        without_solver += not plan.source.by_solver
        unverified += not verify(problem, plan).ok
    return {
        "inputs": count,
        "infeasible": infeasible,
        "unverified": unverified,
        "answered_without_solver": without_solver,
    }


def _answer(problem: Problem, outcome: Plan | Rejected) -> tuple[tuple[Reason, ...], Plan]:
    """Why it is what it is, and the plan: after a refusal that of the rules, as in the gateway."""
    if isinstance(outcome, Rejected):
        return (outcome.reason,), rules_plan(problem, problem.grid.start)
    return outcome.reasons, outcome


def unnoticed() -> dict[str, int]:
    """How many numbers that are none got through, each place of a rich problem spoilt in turn."""
    chaos = Chaos(np.random.default_rng(30))
    problem = next(each for each in _draws(chaos) if len(each.events) == len(("one", "two")))
    tried = missed = 0
    for path in _places(problem):
        name = next(key for key in reversed(path) if isinstance(key, str))
        for bad in (math.nan, math.inf, -math.inf):
            tried += 1
            missed += not _is_refused(_spoilt(problem, path, bad), name)
    return {"numbers_spoilt": tried, "numbers_unnoticed": missed}


def _draws(chaos: Chaos) -> Iterator[Problem]:
    while True:
        yield chaos.draw()


def _is_refused(problem: Problem, name: str) -> bool:
    """Whether it is refused with the name of the input."""
    try:
        parameters(problem)
    except BadInputError as error:
        return name in str(error)
    return False


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - a tree of dataclasses
    """Paths to all numbers but those of site and grid; of a series the first and the last."""
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in _NO_NUMBERS:
                yield from _places(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for index in {0, 1, len(value) - 1} & set(range(len(value))):
            yield from _places(value[index], (*path, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def _spoilt(value: Any, path: tuple[Any, ...], bad: float) -> Any:  # noqa: ANN401 - likewise
    """The same tree with `bad` in one place."""
    if not path:
        return bad
    key, *rest = path
    if isinstance(key, str):
        return replace(value, **{key: _spoilt(getattr(value, key), tuple(rest), bad)})
    return (*value[:key], _spoilt(value[key], tuple(rest), bad), *value[key + 1 :])
