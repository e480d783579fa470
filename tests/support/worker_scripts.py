"""Planning workers for tests: real processes that answer, hang, die, or talk nonsense."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from edge_agent.plan_lines import PLAN
from edge_agent.plan_words import PlanRequest, Reality
from models.types import Plan

ANSWER = """
import json, sys
plan = json.loads(sys.argv[1]) if sys.argv[1] else None
for line in sys.stdin:
    said = {"id": json.loads(line)["id"], "plan": plan, "refusal": sys.argv[2], "rss_mb": 12.5}
    print(json.dumps(said), flush=True)
"""
HANG = "import time; time.sleep(600)"
DIE = "import sys; sys.stdin.readline(); sys.exit(3)"
GARBAGE = (
    "import sys; sys.stdin.readline(); print('Traceback (most recent call last):', flush=True)"
)
WRONG_QUESTION = """
import json, sys
sys.stdin.readline()
print(json.dumps({"id": 999, "plan": None, "refusal": "no"}), flush=True)
"""
ENDLESS = """
import sys
sys.stdin.readline()
while True:
    sys.stdout.write("x" * 65536)
"""
IN_TURN = """
import pathlib, sys
place = pathlib.Path(sys.argv[3])
turn = int(place.read_text()) if place.exists() else 0
place.write_text(str(turn + 1))
exec(sys.argv[4 + min(turn, len(sys.argv) - 5)])
"""
"""Behaves at its first start like the first script named, then like the second, and so on."""


def command(script: str, *words: str) -> tuple[str, ...]:
    """A worker that runs the script."""
    return (sys.executable, "-S", "-E", "-c", script, *words)


def answering(plan: Plan) -> tuple[str, ...]:
    """A worker that always has this plan."""
    return command(ANSWER, PLAN.dump_json(plan).decode(), "")


def refusing(why: str) -> tuple[str, ...]:
    """A worker that never has one."""
    return command(ANSWER, "", why)


def in_turn(place: Path, plan: Plan, *scripts: str) -> tuple[str, ...]:
    """A worker that behaves otherwise each time it is started; `place` keeps the count."""
    return command(IN_TURN, PLAN.dump_json(plan).decode(), "", str(place), *scripts)


def request(at: datetime, number: int = 1, budget_s: float = 5.0) -> PlanRequest:
    """A question without any measurement."""
    known = Reality(at=at, batteries=(), zones=(), demand_terms=())
    return PlanRequest(id=number, reality=known, budget_s=budget_s)
