"""How the field drivers hold up: dead units, late replies, cost beside pymodbus, idling."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.field_parts.cost import cost, requests_for_40_points
from bench.field_parts.gateway import healthy_rate_share
from bench.field_parts.idle import idle_core_share
from bench.field_parts.late_bus import misattributed

GOALS = {
    "healthy_rate_share": (0.95, 1.0),
    "misattributed": (0, 0),
    "requests_for_40_points": (1, 1),
    "cpu_ratio_to_pymodbus": (0.0, 2.0),
    "missed_beats": (0, 0),
    "idle_core_share": (0.0, 0.01),
}
"""Lowest and highest figure that is good."""


def measure() -> dict[str, float]:
    """Every figure, one measurement after the other."""
    figures: dict[str, float] = {"requests_for_40_points": asyncio.run(requests_for_40_points())}
    figures |= asyncio.run(cost())
    wrong, values = asyncio.run(misattributed())
    figures |= {"misattributed": wrong, "values_on_the_late_bus": values}
    figures["healthy_rate_share"] = min(1.0, asyncio.run(healthy_rate_share()))
    figures["idle_core_share"] = idle_core_share()
    return figures


def main() -> int:
    """One JSON object of named figures; exit code 1 when one of them misses its goal."""
    figures = measure()
    print(json.dumps(figures))
    return int(any(not low <= figures[name] <= high for name, (low, high) in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
