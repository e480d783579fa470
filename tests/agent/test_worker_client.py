"""The agent's end of the worker, against real processes that do what they should not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from plans import NOON, plan
from worker_scripts import (
    ANSWER,
    DIE,
    ENDLESS,
    GARBAGE,
    HANG,
    WRONG_QUESTION,
    answering,
    command,
    in_turn,
    refusing,
    request,
)

from edge_agent.fingerprint import fingerprint
from edge_agent.plan_lines import PLAN
from edge_agent.worker_answers import solving_s
from edge_agent.worker_client import WorkerClient, WorkerError, worker_command

Employ = Callable[..., WorkerClient]


@pytest.fixture
async def employ() -> AsyncIterator[Employ]:
    hired: list[WorkerClient] = []

    def hire(words: Sequence[str], *, start_s: float = 5.0) -> WorkerClient:
        client = WorkerClient(words, start_s=start_s)
        hired.append(client)
        return client

    yield hire
    for client in hired:
        await client.close()


async def gone(pid: int) -> None:
    """Wait until nothing runs under that number; what init has still to bury runs no more."""
    async with asyncio.timeout(10):
        while runs(pid):  # noqa: ASYNC110 - the process has no event to wait for
            await asyncio.sleep(0.005)


def runs(pid: int) -> bool:
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return said.rpartition(")")[2].split()[0] not in {"Z", "X"}


async def up(client: WorkerClient) -> int:
    """The process id of its worker, once it has one."""
    async with asyncio.timeout(5):
        while client.pid is None:  # noqa: ASYNC110 - the process has no event to wait for
            await asyncio.sleep(0.005)
    return client.pid


async def failure(work: Awaitable[object]) -> str:
    with pytest.raises(WorkerError) as caught:
        await work
    return str(caught.value)


async def test_one_process_answers_many_questions(employ: Employ) -> None:
    client = employ(answering(plan()))
    assert client.pid is None
    for number in (1, 2, 3):
        answer = await client.ask(request(NOON, number))
        assert (answer.id, answer.plan) == (number, plan())
    assert (client.starts, client.rss_mb) == (1, 12.5)
    pid = await up(client)
    await client.close()
    await gone(pid)
    assert client.pid is None
    await client.close()


async def test_questions_at_the_same_time_are_asked_one_by_one(employ: Employ) -> None:
    client = employ(answering(plan()))
    answers = await asyncio.gather(*(client.ask(request(NOON, number)) for number in range(5)))
    assert [answer.id for answer in answers] == list(range(5))
    assert client.starts == 1


async def test_a_refusal_is_an_answer(employ: Employ) -> None:
    client = employ(refusing("no load has been measured yet"))
    answer = await client.ask(request(NOON))
    assert (answer.plan, answer.refusal) == (None, "no load has been measured yet")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (DIE, "the worker broke off: it ended with code 3"),
        (GARBAGE, "the worker broke off: "),
        (WRONG_QUESTION, "the worker broke off: answer 999 to question 1"),
        (ENDLESS, "the worker broke off: "),
    ],
)
async def test_a_worker_that_does_not_answer_as_agreed_is_replaced(
    employ: Employ, tmp_path: Path, script: str, words: str
) -> None:
    client = employ(in_turn(tmp_path / "turn", plan(), script, ANSWER))
    asked = asyncio.create_task(client.ask(request(NOON)))
    assert (await failure(asked)).startswith(words)
    assert client.pid is None
    assert (await client.ask(request(NOON, 2))).plan == plan()
    assert client.starts == 2


async def test_a_hanging_worker_is_killed_in_time_and_replaced(
    employ: Employ, tmp_path: Path
) -> None:
    client = employ(in_turn(tmp_path / "turn", plan(), HANG, ANSWER), start_s=0.3)
    asked = asyncio.create_task(failure(client.ask(request(NOON, budget_s=0.1))))
    pid = await up(client)
    assert await asked == "no plan within 0.4 s"
    assert client.pid is None
    await gone(pid)
    assert (await client.ask(request(NOON, 2))).plan == plan()
    assert client.starts == 2


async def test_a_stopped_worker_is_replaced_and_the_next_plan_comes(employ: Employ) -> None:
    """SIGSTOP leaves it alive and deaf: nothing but a kill ends it, and nobody waits for that."""
    client = employ(answering(plan()))
    await client.ask(request(NOON))
    pid = await up(client)
    os.kill(pid, signal.SIGSTOP)
    assert await failure(client.ask(request(NOON, 2, budget_s=0.1))) == "no plan within 0.1 s"
    await gone(pid)
    assert (await client.ask(request(NOON, 3))).plan == plan()
    assert (client.starts, client.pid == pid) == (2, False)


async def test_the_first_plan_may_take_longer_and_the_next_may_not(employ: Employ) -> None:
    slow = """
import json, sys, time
for count, line in enumerate(sys.stdin):
    time.sleep(0.4)
    plan = json.loads(sys.argv[1]) if count else None
    said = {"id": json.loads(line)["id"], "plan": plan, "refusal": "" if plan else "x"}
    print(json.dumps(said), flush=True)
"""
    client = employ(command(slow, PLAN.dump_json(plan()).decode()))
    assert (await client.ask(request(NOON, budget_s=0.05))).refusal == "x"
    assert (await client.ask(request(NOON, 2, budget_s=0.05))).plan == plan()
    assert await failure(client.ask(request(NOON, 3, budget_s=0.05))) == "no plan within 0.1 s"
    answer = await client.ask(request(NOON, 4))
    assert answer.id == 4, "the late answer to question 3 died with its process"


async def test_who_replaces_another_goes_on_starting_while_its_questions_fail_in_time(
    employ: Employ, tmp_path: Path
) -> None:
    """Nobody waits for a start beyond the budget; the late answers are passed over."""
    start = tmp_path / "start"
    waiting = f"""
import pathlib, time
while not pathlib.Path({str(start)!r}).exists():
    time.sleep(0.005)
"""
    client = employ(in_turn(tmp_path / "turn", plan(), DIE, waiting + ANSWER), start_s=60.0)
    assert "ended with code 3" in await failure(client.ask(request(NOON)))
    for number in (2, 3):
        words = await failure(client.ask(request(NOON, number, budget_s=0.05)))
        assert words == "the worker is still starting"
    pid = client.pid
    start.touch()
    answer = await client.ask(request(NOON, 4))
    assert (answer.id, answer.plan) == (4, plan())
    assert (client.starts, client.pid) == (2, pid)


async def test_who_replaces_another_and_never_starts_is_replaced_too(
    employ: Employ, tmp_path: Path
) -> None:
    turns = in_turn(tmp_path / "turn", plan(), DIE, HANG, ANSWER)
    client = employ(turns, start_s=0.2)
    await failure(client.ask(request(NOON)))
    words = ""
    async with asyncio.timeout(10):
        while not words.startswith("no plan"):
            words = await failure(client.ask(request(NOON, 2, budget_s=0.05)))
    assert client.pid is None
    assert (await client.ask(request(NOON, 3))).plan == plan()
    assert client.starts == 3


async def test_what_a_killed_worker_has_started_ends_with_it(
    employ: Employ, tmp_path: Path
) -> None:
    """A compile child must not outlive the worker that waits for it."""
    place = tmp_path / "pid"
    parent = f"""
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-E", "-c", "import time; time.sleep(600)"])
pathlib.Path({str(place)!r}).write_text(str(child.pid) + ".")
child.wait()
"""
    client = employ(command(parent))
    asked = asyncio.create_task(failure(client.ask(request(NOON, budget_s=600))))
    async with asyncio.timeout(10):
        while not place.exists() or not place.read_text().endswith("."):  # noqa: ASYNC110 - nor has a file
            await asyncio.sleep(0.005)
    await client.close()
    await gone(int(place.read_text()[:-1]))
    assert "the worker broke off" in await asked


async def test_a_worker_killed_between_questions_is_replaced(employ: Employ) -> None:
    client = employ(answering(plan()))
    await client.ask(request(NOON))
    assert client.pid is not None
    os.kill(client.pid, 9)
    with contextlib.suppress(WorkerError):
        await client.ask(request(NOON, 2))
    assert (await client.ask(request(NOON, 3))).plan == plan()
    assert client.starts == 2


async def test_whoever_is_cancelled_leaves_no_worker_with_a_half_read_answer(
    employ: Employ,
) -> None:
    client = employ(command(HANG))
    asked = asyncio.create_task(client.ask(request(NOON)))
    pid = await up(client)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await gone(pid)


async def test_a_worker_that_cannot_be_started_is_a_worker_error(
    employ: Employ, tmp_path: Path
) -> None:
    words = await failure(employ([str(tmp_path / "nobody")]).ask(request(NOON)))
    assert "No such file" in words


@pytest.mark.parametrize(
    ("budget_s", "solving"), [(10.0, 9.0), (2.0, 1.8), (1.0, 0.85), (0.4, 0.25), (0.2, 0.1)]
)
def test_the_worker_keeps_time_to_hand_its_plan_over(budget_s: float, solving: float) -> None:
    assert solving_s(budget_s) == pytest.approx(solving)


def test_the_worker_is_started_apart_from_the_folder_it_is_started_in(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("site: {}\n")
    words = worker_command(site, Path("/state"), Path("/state/edge.db"))
    assert words[1:4] == ("-I", "-m", "edge_agent.worker")
    assert words[4:] == (str(site), fingerprint(site), "/state", "/state/edge.db")
