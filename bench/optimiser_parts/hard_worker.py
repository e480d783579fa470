"""A planning worker for hard problems that speaks the gateway's own lines on its pipes.

The number of the request says which day it is; every fourth day is one of deeply negative prices.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.optimiser_parts.hotel import START, default, hundred
from edge_agent.memory import rss_mb
from edge_agent.plan_lines import ANSWER, REQUEST
from edge_agent.plan_words import PlanAnswer
from edge_agent.worker_answers import solving_s
from models.cache import compile_key, load
from models.solver import Optimiser, Rejected
from models.types import Problem


def hard_day(number: int) -> Problem:
    """A day of 100 devices."""
    day = hundred(default(15 * (number % 96)), seed=number)
    if number % 4:
        return day
    prices = tuple(price - 0.5 for price in day.forecast.import_price_per_kwh)
    return replace(day, forecast=replace(day.forecast, import_price_per_kwh=prices))


def main(words: list[str]) -> int:
    """Answer line by line."""
    first = hard_day(1)
    compiled = load(Path(words[0]), compile_key(first.site, first.grid.step_s))
    optimiser = Optimiser(compiled)
    for line in sys.stdin.buffer:
        began_s = time.monotonic()
        request = REQUEST.validate_json(line)
        day = hard_day(request.id)
        left_s = solving_s(request.budget_s) - (time.monotonic() - began_s)
        outcome = optimiser.solve(day, left_s, START)
        plan = None if isinstance(outcome, Rejected) else outcome
        why = outcome.reason.text if isinstance(outcome, Rejected) else ""
        answer = PlanAnswer(id=request.id, plan=plan, refusal=why, rss_mb=rss_mb())
        sys.stdout.buffer.write(ANSWER.dump_json(answer) + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
