"""A run cut into tasks that may be played anywhere; each returns one or more outcomes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.backtest.case import Case
from edge_agent.backtest.foresight import perfect
from edge_agent.backtest.meter import Meter
from edge_agent.backtest.outcome import Outcome
from edge_agent.backtest.plain_policies import greedy, no_control, peak_rule
from edge_agent.backtest.rolling import Policy, Rolling
from edge_agent.backtest.run import OURS, PERSISTENCE, Run, facts_of
from edge_agent.backtest.sight import ForecastKind

SIGMA_SHARE = 0.05
OTHER_SIGMAS = (0.02, 0.10)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """One policy (or all plain ones and the bound) over one case."""

    case: Case
    policy: Policy | None
    """None = the plain policies and the bound."""
    meter: Meter
    progress: Path | None = None
    """A file that is told the share done, where the task's machine can write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a task, and its wall seconds."""

    outcomes: tuple[Outcome, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Order:
    """One case to be played."""

    case: Case
    data: str
    forecast: ForecastKind = ForecastKind.OWN
    full: bool = False
    """Under other meters as well."""
    seed: int = 1


def tasks_of(order: Order) -> list[Task]:
    """In the order that `gathered` takes the results back; the longest first."""
    case = order.case
    meter = Meter(sigma_share=SIGMA_SHARE, seed=order.seed)
    ours = Policy(forecast=order.forecast, name=OURS)
    yesterday = Policy(forecast=ForecastKind.PERSISTENCE, name=PERSISTENCE)
    tasks = [Task(case=case, policy=policy, meter=meter) for policy in (ours, yesterday, None)]
    if order.full:
        tasks += [
            Task(case=case, policy=ours, meter=Meter(sigma_share=share, seed=order.seed))
            for share in OTHER_SIGMAS
        ]
    return tasks


def gathered(order: Order, found: list[Done]) -> Run:
    """The run of an order's finished tasks."""
    ours, yesterday, plain, *noisy = found
    outcomes = [*plain.outcomes, *yesterday.outcomes, *ours.outcomes]
    return Run(
        facts=facts_of(order.case, order.data, order.forecast, SIGMA_SHARE),
        outcomes={one.policy: one for one in outcomes},
        seconds=ours.seconds,
        noise={share: one.outcomes[0] for share, one in zip(OTHER_SIGMAS, noisy, strict=False)},
    )


def play_task(task: Task) -> Done:
    """Play one; runs in whatever process it is sent to."""
    began_s = time.perf_counter()
    if task.policy is None:
        rules = (no_control, greedy, peak_rule)
        outcomes = (*(rule(task.case, task.meter) for rule in rules), perfect(task.case))
    else:
        with tempfile.TemporaryDirectory(prefix="semdr-backtest-") as cache:
            rolling = Rolling(task.case, task.policy, Path(cache))
            outcomes = (rolling.run(task.meter, _teller(task.progress)),)
    _teller(task.progress)(1.0)
    return Done(outcomes=outcomes, seconds=time.perf_counter() - began_s)


def _teller(progress: Path | None) -> Callable[[float], None]:
    def tell(share: float) -> None:
        if progress is not None and progress.parent.is_dir():
            progress.write_text(f"{share:.4f}", encoding="ascii")

    return tell
