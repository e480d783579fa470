"""The figures of the control cycle as one JSON object: escapes, dead time, a year, stories."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.control_parts.escapes import escapes
from bench.control_parts.matrix import matrix
from bench.control_parts.stories import stories
from bench.control_parts.year import year_of_minutes_s

GOALS = {
    "escapes": 0,
    "limit_cycle_share_max": 0.02,
    "overshoot_share_max": 0.05,
    "settling_dead_times_max": 3.0,
    "year_of_minutes_s": 60.0,
}
"""Highest figure that is good."""


def main() -> int:
    """One JSON object of named figures; `--full` puts noise on every cell of the matrix."""
    figures: dict[str, float | int | str | None] = {}
    figures["escapes"], why_no_escapes = escapes()
    figures |= matrix(full="--full" in sys.argv)
    cpu_s, wall_s = year_of_minutes_s()
    figures |= {"year_of_minutes_s": round(cpu_s, 1), "year_of_minutes_wall_s": round(wall_s, 1)}
    figures["stories_passed"], figures["stories"], why_no_stories = stories()
    reasons = {"escapes_reason": why_no_escapes, "stories_reason": why_no_stories}
    figures |= {name: reason for name, reason in reasons.items() if reason}
    print(json.dumps(figures))
    return 0 if _good(figures) else 1


def _good(figures: dict[str, float | int | str | None]) -> bool:
    """Whether every figure that is known is within its goal; what is not known is not bad."""
    for name, most in GOALS.items():
        figure = figures[name]
        if figure is not None and float(figure) > most:
            return False
    return figures["stories_passed"] == figures["stories"]


if __name__ == "__main__":
    sys.exit(main())
