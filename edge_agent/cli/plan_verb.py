"""`semdr-edge plan`: the plan in force as a table."""

from __future__ import annotations

from argparse import Namespace
from itertools import accumulate
from typing import Any

from edge_agent.cli.live import show

ROWS = 24


def main(options: Namespace) -> int:
    """0 when there is a plan."""
    return show(options, "/api/plan", as_text)


def as_text(plan: dict[str, Any]) -> str:
    """Source, reasons and the first steps."""
    lines = [f"plan of {plan['made_at'][:19]}Z from {plan['source']}, {plan['solve_s']:.2f} s"]
    lines += [f"  because {reason['text']}" for reason in plan["reasons"]]
    offsets = accumulate(plan["grid"]["step_s"], initial=0)
    batteries = plan["batteries"]
    lines.append(f"  {'+min':>5} {'grid kW':>9} {'load kW':>9} {'hvac kW':>9} {'battery kW':>11}")
    for step, offset_s in zip(range(min(ROWS, len(plan["grid_kw"]))), offsets, strict=False):
        battery_kw = sum(part["power_kw"][step] for part in batteries)
        lines.append(
            f"  {offset_s // 60:>5} {plan['grid_kw'][step]:>9.1f} {plan['load_kw'][step]:>9.1f} "
            f"{plan['hvac_kw'][step]:>9.1f} {battery_kw:>11.1f}"
        )
    return "\n".join(lines)
