"""What the planning process holds at most, and how soon after its start it has a plan."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.optimiser_parts.child import problem
from bench.optimiser_parts.sure import BenchError, sure
from models.cache import save
from models.compiled import compile_site

CHILD = Path(__file__).with_name("child.py")
Told = dict[str, float | bool]


def processes(folder: Path, repeats: int) -> dict[str, float | int]:
    """Peak MB of warm workers, whether one imported Pyomo, and a warm start against a cold one."""
    caches = {case: _cached(case, folder) for case in ("6h", "24h", "hundred")}
    told = {case: _run("warm", case, caches[case], 6)[1] for case in ("24h", "hundred")}
    warm = median(_run("warm", "6h", caches["6h"], 1)[0] for _ in range(repeats))
    cold = median(_run("spawn", "6h", caches["6h"], 1)[0] for _ in range(repeats))
    return {
        "worker_rss_mb_24h": round(float(told["24h"]["peak_mb"]), 1),
        "worker_rss_mb_100": round(float(told["hundred"]["peak_mb"]), 1),
        "gateway_worker_bare_mb": _bare_mb(),
        "warm_to_spawn": round(warm / cold, 3),
        "warm_start_s": round(warm, 2),
        "pyomo_in_worker": sum(bool(each["pyomo"]) for each in told.values()),
    }


def _bare_mb() -> float:
    """What the gateway's worker holds before its first question: its imports alone."""
    words = (
        "import edge_agent.worker_answers; from edge_agent.memory import rss_mb; print(rss_mb())"
    )
    command = [sys.executable, "-c", words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CHILD.parents[2])
    return round(float(done.stdout), 1)


def _cached(case: str, folder: Path) -> Path:
    """The compiled site on disk."""
    first = problem(case, 0)
    path = folder / f"{case}.npz"
    save(compile_site(first.site, first.grid.step_s), path)
    return path


def _run(how: str, case: str, cache: Path, plans: int) -> tuple[float, Told]:
    """Wall seconds from the start of the process to its first plan, and its last words."""
    command = [sys.executable, str(CHILD), how, case, str(cache), str(plans)]
    began_s = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None:
            raise BenchError("the child has no pipe")
        child.stdout.readline()
        took_s = time.monotonic() - began_s
        told: Told = json.loads(child.stdout.readline())
    sure(child.returncode == 0, "the child failed")
    return took_s, told
