"""The agent's end of the worker, against real processes that do what they should not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
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


def gone(pid: int | None) -> bool:
    """Whether no process of that number is left."""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


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
    pid = client.pid
    await client.close()
    assert gone(pid)
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
    began_s = time.monotonic()
    asked = asyncio.create_task(failure(client.ask(request(NOON, budget_s=0.1))))
    async with asyncio.timeout(5):
        while client.pid is None:  # noqa: ASYNC110 - the process has no event to wait for
            await asyncio.sleep(0.005)
    pid = client.pid
    assert await asked == "no plan within 0.5 s"
    assert time.monotonic() - began_s < 1.5
    assert gone(pid)
    assert (await client.ask(request(NOON, 2))).plan == plan()


async def test_the_first_answer_may_take_longer_and_the_next_may_not(employ: Employ) -> None:
    slow_from_the_second = """
import json, sys, time
for count, line in enumerate(sys.stdin):
    time.sleep(0.4)
    print(json.dumps({"id": json.loads(line)["id"], "plan": None, "refusal": "x"}), flush=True)
"""
    client = employ(command(slow_from_the_second))
    assert (await client.ask(request(NOON, budget_s=0.05))).refusal == "x"
    assert await failure(client.ask(request(NOON, 2, budget_s=0.05))) == "no plan within 0.2 s"
    answer = await client.ask(request(NOON, 3, budget_s=0.05))
    assert answer.id == 3, "the late answer to question 2 died with its process"


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
    async with asyncio.timeout(5):
        while client.pid is None:  # noqa: ASYNC110 - the process has no event to wait for
            await asyncio.sleep(0.005)
    pid = client.pid
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert gone(pid)


async def test_a_worker_that_cannot_be_started_is_a_worker_error(
    employ: Employ, tmp_path: Path
) -> None:
    words = await failure(employ([str(tmp_path / "nobody")]).ask(request(NOON)))
    assert "No such file" in words


def test_the_worker_is_started_apart_from_the_folder_it_is_started_in(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("site: {}\n")
    words = worker_command(site, Path("/state"), Path("/state/edge.db"))
    assert words[1:4] == ("-I", "-m", "edge_agent.worker")
    assert words[4:] == (str(site), fingerprint(site), "/state", "/state/edge.db")
