"""The optimiser's figures: speed, gap, memory, restarts, lateness, adversity, a month of planning.

One table, or one JSON object with `--json`. `--full` plans more days and waits for more answers.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.optimiser_parts.adversity import adversity, unnoticed
from bench.optimiser_parts.devices import devices
from bench.optimiser_parts.gateway import gateway_worker
from bench.optimiser_parts.lateness import lateness
from bench.optimiser_parts.month import rolling_month_share
from bench.optimiser_parts.processes import processes
from bench.optimiser_parts.speed import speed
from bench.optimiser_parts.sure import BenchError

GOALS = {
    "hot_to_cold_6h": (0.0, 0.40),
    "hot_to_cold_24h": (0.0, 0.40),
    "update_ms_20k": (0.0, 10.0),
    "fresh_to_hot_6h": (10.0, None),
    "fresh_to_hot_24h": (4.0, None),
    "gap_100_devices": (0.0, 0.005),
    "answer_s_100_devices": (0.0, 10.0),
    "worker_rss_mb_24h": (0.0, 60.0),
    "gateway_worker_rss_mb_24h": (0.0, 60.0),
    "worker_rss_mb_100": (0.0, 150.0),
    "warm_to_spawn": (0.0, 0.35),
    "pyomo_in_worker": (0.0, 0.0),
    "late_answers": (0.0, 0.0),
    "infeasible": (0.0, 0.0),
    "unverified": (0.0, 0.0),
    "numbers_unnoticed": (0.0, 0.0),
    "rolling_month_share": (0.93, None),
}
"""Lowest and highest figure that is good."""
Figures = dict[str, float | int | str | None]


def measure(full: bool, folder: Path) -> Figures:  # noqa: FBT001 - a switch of the command line
    """Every figure, one measurement after the other; null with its reason where there is none."""
    parts: tuple[tuple[str, Callable[[], Figures]], ...] = (
        ("hot_to_cold_24h", lambda: {**speed()}),
        ("worker_rss_mb_24h", lambda: {**processes(folder, 5 if full else 3)}),
        ("gateway_worker_rss_mb_24h", lambda: {**gateway_worker(folder)}),
        ("gap_100_devices", lambda: {**devices(20 if full else 6)}),
        ("late_answers", lambda: {**lateness(folder / "hundred.npz", 40 if full else 8)}),
        ("infeasible", lambda: {**adversity(1000)}),
        ("numbers_unnoticed", lambda: {**unnoticed()}),
        ("rolling_month_share", lambda: {"rolling_month_share": rolling_month_share()}),
    )
    figures: Figures = {}
    for name, part in parts:
        try:
            figures |= part()
        except BenchError as error:
            figures |= {name: None, f"{name}_reason": str(error)}
    for name in GOALS:
        figures.setdefault(name, None)
    return figures


def main() -> int:
    """The table or the JSON object; exit code 1 when a figure misses its goal."""
    with tempfile.TemporaryDirectory(prefix="semdr-optimiser-") as name:
        figures = measure("--full" in sys.argv, Path(name))
    bad = [name for name in GOALS if not _is_good(name, figures[name])]
    print(json.dumps(figures) if "--json" in sys.argv else _table(figures))
    return int(bool(bad))


def _is_good(name: str, figure: float | int | str | None) -> bool:
    """Whether it is within its goal; what is not known is not bad."""
    low, high = GOALS[name]
    if figure is None:
        return True
    return float(figure) >= low and (high is None or float(figure) <= high)


def _table(figures: Figures) -> str:
    """One line a figure: name, figure, goal, and a word where it is missed."""
    lines = []
    for name, figure in figures.items():
        goal, word = "", ""
        if name in GOALS:
            low, high = GOALS[name]
            goal = f">= {low:g}" if high is None else f"<= {high:g}"
            word = "" if _is_good(name, figure) else "missed"
        shown = "-" if figure is None else str(figure)
        lines.append(f"{name:<26}{shown:>12}  {goal:<9} {word}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
