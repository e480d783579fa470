"""Tasks that die come back, after a pause, and everybody can see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from field_images import NOW

from edge_agent.clock import ManualClock
from edge_agent.supervise import BACKOFF_S, Supervisor, TaskState
from tests.agent.conftest import Until


@pytest.fixture
async def supervisor(clock: ManualClock) -> AsyncIterator[Supervisor]:
    made = Supervisor(clock)
    yield made
    await made.stop_all()


class Work:
    """Fails as often as told, then stays; remembers when it was started."""

    def __init__(self, *ends: BaseException | None) -> None:
        self._ends = list(ends)
        self.starts_s: list[float] = []
        self.cancelled = 0

    async def __call__(self) -> None:
        self.starts_s.append(asyncio.get_running_loop().time())
        if self._ends:
            end = self._ends.pop(0)
            if end is not None:
                raise end
            return
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def test_a_task_that_dies_is_visible_and_started_again(
    supervisor: Supervisor, until: Until
) -> None:
    work = Work(ValueError("no such register"))
    supervisor.start("poll", work)
    status = supervisor.statuses["poll"]
    await until(lambda: status.state is TaskState.BACKING_OFF)
    assert (status.failures, status.last_error) == (1, "ValueError: no such register")
    assert status.last_failed_at == NOW
    await until(lambda: status.state is TaskState.RUNNING)
    assert len(work.starts_s) == 2
    assert work.starts_s[1] - work.starts_s[0] == pytest.approx(BACKOFF_S[0], abs=0.2)


@pytest.mark.slow
async def test_the_pauses_grow(supervisor: Supervisor, until: Until) -> None:
    work = Work(ValueError("one"), ValueError("two"))
    supervisor.start("poll", work)
    await until(lambda: len(work.starts_s) == 3)
    first, second, third = work.starts_s
    assert second - first >= BACKOFF_S[0]
    assert third - second >= BACKOFF_S[1]
    assert supervisor.statuses["poll"].failures == 2


@pytest.mark.parametrize(
    ("end", "words"),
    [(None, "ended by itself"), (asyncio.CancelledError(), "cancelled from inside")],
)
async def test_ending_without_an_error_is_a_failure_too(
    supervisor: Supervisor, until: Until, end: BaseException | None, words: str
) -> None:
    work = Work(end)
    supervisor.start("poll", work)
    await until(lambda: len(work.starts_s) == 2)
    assert supervisor.statuses["poll"].last_error == words


async def test_one_that_dies_leaves_the_others_alone(supervisor: Supervisor, until: Until) -> None:
    steady = Work()
    supervisor.start("steady", steady)
    supervisor.start("poll", Work(OSError("gone")))
    await until(lambda: supervisor.statuses["poll"].failures == 1)
    assert supervisor.statuses["steady"].failures == 0
    assert len(steady.starts_s) == 1


async def test_stopping_cancels_and_nothing_comes_back(
    supervisor: Supervisor, until: Until
) -> None:
    work, other = Work(), Work()
    supervisor.start("poll", work)
    supervisor.start("control", other)
    await until(lambda: bool(work.starts_s and other.starts_s))
    await supervisor.stop("poll")
    await supervisor.stop("poll")
    assert (work.cancelled, other.cancelled) == (1, 0)
    assert supervisor.statuses["poll"].state is TaskState.STOPPED
    assert supervisor.statuses["control"].state is TaskState.RUNNING
    await supervisor.stop_all()
    assert other.cancelled == 1
    assert {one.state for one in supervisor.statuses.values()} == {TaskState.STOPPED}


async def test_a_task_in_its_pause_can_be_stopped(supervisor: Supervisor, until: Until) -> None:
    work = Work(ValueError("x"))
    supervisor.start("poll", work)
    status = supervisor.statuses["poll"]
    await until(lambda: status.state is TaskState.BACKING_OFF)
    await supervisor.stop("poll")
    assert status.state is TaskState.STOPPED
    assert len(work.starts_s) == 1
