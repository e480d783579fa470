"""A planning process of its own: compile or load one site, plan a few times, tell what it took.

`child.py spawn|warm 6h|24h|hundred CACHE PLANS` prints one line of JSON once the first plan is
made and one at the end. `spawn` imports Pyomo and compiles, `warm` reads the cache file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.optimiser_parts.hotel import default, even, hotel, hundred
from bench.optimiser_parts.sure import a_plan
from edge_agent.memory import one_heap
from edge_agent.start_pages import give_back_code
from models.types import Problem

BUDGET_S = 10.0


def problem(case: str, turn: int) -> Problem:
    """The problem of one turn, a quarter of an hour after the one before."""
    match case:
        case "6h":
            return hotel(even(5, 6, 15 * turn), 5, seed=turn)
        case "24h":
            return hotel(even(5, 24, 15 * turn), 10, seed=turn)
        case _:
            return hundred(default(15 * turn), seed=turn)


def main(words: list[str]) -> int:
    """Plan, and print what it took."""
    how, case, cache, plans = words[0], words[1], Path(words[2]), int(words[3])
    one_heap()
    first = problem(case, 0)
    from models.solver import Optimiser

    if how == "spawn":
        from models.compiled import compile_site

        compiled = compile_site(first.site, first.grid.step_s)
    else:
        from models.cache import compile_key, load

        compiled = load(cache, compile_key(first.site, first.grid.step_s))
    give_back_code()
    optimiser = Optimiser(compiled)
    for turn in range(plans):
        day = problem(case, turn)
        a_plan(optimiser.solve(day, BUDGET_S, day.grid.start))
        give_back_code()  # as the gateway's worker does after each answer
        if turn == 0:
            sys.stdout.write("{}\n")
            sys.stdout.flush()
    told = {"peak_mb": _peak_mb(), "pyomo": "pyomo" in sys.modules}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _peak_mb() -> float:
    """The most memory this process has ever held."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
