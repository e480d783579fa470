"""The ladder: solver, last plan, rules, safe; walked with real worker processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from field_images import snapshot
from plans import NOON, plan
from worker_scripts import ANSWER, DIE, answering, command, in_turn, refusing

from edge_agent.ladder import Rung
from edge_agent.plan_lines import PLAN
from edge_agent.plan_words import Reality
from edge_agent.planner import LAST_PLAN_MAX_AGE, Planner, Standing
from edge_agent.reality import knowledge, reality
from edge_agent.site.load import LoadedSite
from edge_agent.store.store import Store
from edge_agent.worker_client import WorkerClient
from models.knowledge import Knowledge
from models.types import Plan, PlanSource, Reason, ReasonCode, TimeGrid

MEASURED: dict[str, float | None] = {
    "meter.power": 60.0,
    "battery.soc": 50.0,
    "battery.power": 0.0,
    "battery.charge_limit_kw": 40.0,
    "battery.discharge_limit_kw": 40.0,
    "inverter.ac_power": 20.0,
    "room.temperature": 22.0,
}
LONG = plan(grid=TimeGrid(start=NOON, step_s=(43_200, 43_200)))
ONCE = (
    ANSWER.replace("in sys.stdin:", "in [sys.stdin.readline()]:")
    + "sys.stdin.readline(); sys.exit(3)"
)
"""Answers one question and dies of the next."""
Hire = Callable[[Sequence[str]], Planner]


@pytest.fixture
async def hire(store: Store) -> AsyncIterator[Hire]:
    clients: list[WorkerClient] = []

    def planner(words: Sequence[str]) -> Planner:
        clients.append(WorkerClient(words, start_s=5.0))
        return Planner(clients[-1], store, budget_s=2.0)

    yield planner
    for client in clients:
        await client.close()


def known(
    loaded: LoadedSite, hours: float = 0.0, **lost: float | None
) -> tuple[Reality, Knowledge]:
    """The measured state so many hours after noon."""
    changes = {key.replace("__", "."): value for key, value in lost.items()}
    image = snapshot(MEASURED | changes, now=NOON + timedelta(hours=hours))
    found = reality(loaded.site, loaded.tariff, image, {}, {})
    return found, knowledge(loaded.site, loaded.tariff, image, found)


def texts(made: Plan) -> list[str]:
    return [reason.text for reason in made.reasons]


async def test_the_workers_plan_is_adopted_and_kept(
    hire: Hire, paper: LoadedSite, store: Store
) -> None:
    planner = hire(answering(LONG))
    made = await planner.replan(*known(paper))
    assert made == LONG
    assert planner.current == LONG
    assert (planner.counts[PlanSource.SOLVER], planner.failures_in_a_row) == (1, 0)
    kept = await store.plan_latest()
    assert kept is not None
    assert PLAN.validate_json(kept) == LONG


async def test_down_the_ladder_and_up_again(
    hire: Hire, paper: LoadedSite, tmp_path: Path, store: Store
) -> None:
    planner = hire(in_turn(tmp_path / "turn", LONG, ONCE, DIE, DIE, ANSWER))
    assert (await planner.replan(*known(paper))).source is PlanSource.SOLVER

    last = await planner.replan(*known(paper, 1))
    assert (last.source, last.batteries, last.made_at) == (PlanSource.LAST, LONG.batteries, NOON)
    assert [reason.code for reason in last.reasons] == [
        ReasonCode.WORKER_DOWN,
        ReasonCode.PLAN_SHIFTED,
    ]
    assert texts(last)[0] == "planning worker: the worker broke off: it ended with code 3"
    assert last.degraded

    rules = await planner.replan(*known(paper, 7))
    assert rules.source is PlanSource.RULES
    assert rules.made_at == NOON + timedelta(hours=7)
    assert rules.grid_kw[0] == pytest.approx(60.0)

    safe = await planner.replan(*known(paper, 8, meter__power=None))
    assert safe.source is PlanSource.SAFE
    assert any("meter.power" in text for text in texts(safe))
    assert planner.failures_in_a_row == 3

    assert planner.worker_faults == 3

    trial = await planner.replan(*known(paper, 9))
    assert (trial.source, planner.failures_in_a_row, planner.worker_faults) == ("safe", 0, 0)
    assert planner.unsettled
    assert any(text.startswith("a better plan is on trial (1 of 2)") for text in texts(trial))
    assert (await planner.replan(*known(paper, 10))).source is PlanSource.SOLVER
    assert not planner.unsettled
    assert dict(await store.plan_counts(NOON)) == {"solver": 2, "last": 1, "rules": 1, "safe": 2}
    broke = "planning worker: the worker broke off: it ended with code 3"
    steps = await rungs(store)
    assert steps[:3] == [
        "plan from solver instead of nothing: a new plan by the solver",
        f"plan from last instead of solver: {broke}",
        f"plan from rules instead of last: {broke}",
    ]
    assert steps[3].startswith(f"plan from safe instead of rules: {broke}; meter.power has no")
    assert steps[4:] == ["plan from solver instead of safe: a new plan by the solver"]


async def rungs(store: Store) -> list[str]:
    """What the audit trail says of the ladder, oldest first."""
    return [row.text for row in await store.audit_tail(100) if row.kind == "ladder"]


async def test_rules_hold_while_the_solver_is_on_trial(
    hire: Hire, paper: LoadedSite, tmp_path: Path
) -> None:
    planner = hire(in_turn(tmp_path / "turn", LONG, ONCE, DIE, DIE, ANSWER))
    await planner.replan(*known(paper))
    standing = planner.standing
    assert standing is not None
    assert (standing.rung, standing.since) == (Rung.SOLVER, NOON)
    await planner.replan(*known(paper, 7))
    trial = await planner.replan(*known(paper, 8))
    assert trial.source is PlanSource.RULES
    assert planner.standing is not None
    assert planner.standing.since == NOON + timedelta(hours=7)
    found = await planner.replan(*known(paper, 8.5))
    assert (found.source, planner.unsettled) == (PlanSource.RULES, True)
    held = await planner.replan(*known(paper, 8.5 + 59 / 3600))
    assert (held.source, held.made_at) == (PlanSource.RULES, known(paper, 8.5 + 59 / 3600)[0].at)
    assert (await planner.replan(*known(paper, 9))).source is PlanSource.SOLVER
    assert planner.standing is not None
    assert planner.standing.since == NOON + timedelta(hours=9)


async def test_a_plan_on_trial_is_no_last_plan(
    hire: Hire, paper: LoadedSite, tmp_path: Path
) -> None:
    at_seven = 'plan["made_at"] = "2026-06-01T19:00:00Z"\nfor line'
    fresh = ONCE.replace("for line", at_seven)
    planner = hire(in_turn(tmp_path / "turn", LONG, ONCE, fresh, DIE))
    await planner.replan(*known(paper))
    assert (await planner.replan(*known(paper, 7))).source is PlanSource.RULES
    assert (await planner.replan(*known(paper, 7.1))).source is PlanSource.RULES
    assert planner.failures_in_a_row == 0
    assert (await planner.replan(*known(paper, 7.2))).source is PlanSource.RULES
    assert (await planner.replan(*known(paper, 7.3))).source is PlanSource.RULES
    assert planner.failures_in_a_row == 2


async def test_a_plan_that_has_run_out_releases_and_says_so(
    hire: Hire, paper: LoadedSite, store: Store
) -> None:
    planner = hire(answering(LONG))
    await planner.look(NOON)
    assert planner.standing is None
    await planner.replan(*known(paper))
    last = LONG.grid.end - timedelta(seconds=1)
    await planner.look(last)
    assert planner.standing is not None
    assert planner.standing.rung is Rung.SOLVER
    await planner.look(LONG.grid.end)
    assert planner.standing == Standing(
        rung=Rung.RELEASED, since=LONG.grid.end, why="the plan has run out"
    )
    await planner.look(last)
    assert planner.standing.rung is Rung.SOLVER
    await planner.look(LONG.grid.end)
    assert (await planner.replan(*known(paper, 25))).source is PlanSource.SOLVER
    assert len(await rungs(store)) == 5


@pytest.mark.parametrize(
    ("age", "left", "source"),
    [
        (LAST_PLAN_MAX_AGE, timedelta(hours=1), PlanSource.LAST),
        (LAST_PLAN_MAX_AGE + timedelta(seconds=1), timedelta(hours=9), PlanSource.RULES),
        (timedelta(minutes=15), timedelta(minutes=59), PlanSource.RULES),
    ],
)
async def test_a_last_plan_must_be_young_and_reach_far_enough(
    hire: Hire,
    paper: LoadedSite,
    tmp_path: Path,
    age: timedelta,
    left: timedelta,
    source: PlanSource,
) -> None:
    span_s = round((age + left).total_seconds())
    made = replace(LONG, grid=TimeGrid(start=NOON, step_s=(span_s - 60, 60)))
    planner = hire(in_turn(tmp_path / "turn", made, ONCE, DIE))
    assert (await planner.replan(*known(paper))).source is PlanSource.SOLVER
    fallen = await planner.replan(*known(paper, age.total_seconds() / 3600))
    assert fallen.source is source


async def test_a_refusal_says_why(hire: Hire, paper: LoadedSite) -> None:
    made = await hire(refusing("no load has been measured yet")).replan(*known(paper))
    assert made.source is PlanSource.RULES
    assert "no solver plan: no load has been measured yet" in texts(made)
    assert ReasonCode.SOLVER_FAILED in {reason.code for reason in made.reasons}


async def test_a_refusal_is_an_answer_and_no_fault_of_the_worker(
    hire: Hire, paper: LoadedSite
) -> None:
    planner = hire(refusing("no load has been measured yet"))
    await planner.replan(*known(paper))
    assert (planner.failures_in_a_row, planner.worker_faults) == (1, 0)


async def test_without_any_worker_there_is_a_plan(hire: Hire, paper: LoadedSite) -> None:
    why = Reason(code=ReasonCode.WORKER_DOWN, text="the planning worker is starting")
    planner = hire(command(DIE))
    _, rules = known(paper)
    made = await planner.without_worker(rules, NOON, why)
    assert (made.source, planner.current) == (PlanSource.RULES, made)
    assert why in made.reasons
    assert planner.failures_in_a_row == 0
