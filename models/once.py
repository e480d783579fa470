"""One plan from one problem, without a site file and without keeping anything for the next."""

from __future__ import annotations

from models.compiled import compile_site
from models.rules import rules_plan
from models.solver import Optimiser, Rejected
from models.types import Plan, Problem


def solve(problem: Problem, budget_s: float = 10.0) -> Plan:
    """The cheapest plan found within `budget_s` seconds of solving, else the rules' and why.

    BadInputError names the first number that cannot be planned with. The plan is dated to the
    start of its grid. Compiles the site each time: keep an `Optimiser` to solve it again and again.
    """
    made_at = problem.grid.start
    optimiser = Optimiser(compile_site(problem.site, problem.grid.step_s))
    match optimiser.solve(problem, budget_s, made_at):
        case Rejected(reason=reason):
            return rules_plan(problem, made_at, (reason,))
        case plan:
            return plan
