"""When to learn: soon after the start where nothing is known, and then once a day, in a child."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from drivers.types import Clock
from edge_agent.drawer import Drawer
from edge_agent.forecasting.words import FIT_REQUEST, KEY, LEARNT, FitRequest, read_learnt
from models.forecast.learnt import Learnt

log = logging.getLogger(__name__)

EVERY = timedelta(hours=24)
RETRY = timedelta(hours=1)
"""After a child that failed."""
FIRST = timedelta(minutes=10)
"""After the start, before the first child where nothing is known."""
YOUNG = timedelta(hours=6)
"""Pause while too little has been measured for a load to be learnt."""
PATIENCE_S = 600.0
"""Wall seconds a child may take."""


Asking = Callable[[datetime], Awaitable[FitRequest]]
"""The request for a moment: what the gateway did itself up to then."""


class FittingError(Exception):
    """The child did not learn anything; the message says why."""


def fit_command(site: Path, database: Path) -> tuple[str, ...]:
    """How the fitting child of a site is started."""
    return (sys.executable, "-I", "-m", "edge_agent.forecasting.child", str(site), str(database))


class DailyFitting:
    """Holds what was learnt, and has it learnt anew every day."""

    def __init__(
        self, command: Sequence[str], drawer: Drawer, clock: Clock, asking: Asking | None = None
    ) -> None:
        self._command = tuple(command)
        self._drawer = drawer
        self._clock = clock
        self._asking = asking or _plain_request
        self.learnt: Learnt | None = None
        self.last_error = ""
        """Why the last child failed, empty when it did not."""

    async def load(self) -> None:
        """Take up what was learnt before a restart."""
        self.learnt = read_learnt(await self._drawer.state(KEY))

    async def run(self) -> None:
        """Learn for ever; what fails is told and tried again."""
        await self._clock.sleep(self._pause_s(self._clock.now()))
        while True:
            try:
                await self.fit_now()
            except FittingError as error:
                self.last_error = str(error)
                log.warning("forecasts are not learnt anew: %s", error)
            await self._clock.sleep(self._pause_s(self._clock.now()))

    async def fit_now(self) -> Learnt:
        """One child's findings, kept; raises FittingError and keeps what was known."""
        request = await self._asking(self._clock.now())
        text = await self._child(FIT_REQUEST.dump_json(request))
        learnt = read_learnt(text)
        if learnt is None:
            msg = "the child's answer cannot be read"
            raise FittingError(msg)
        self.learnt, self.last_error = learnt, ""
        await self._drawer.state_put(KEY, LEARNT.dump_json(learnt).decode())
        return learnt

    def _pause_s(self, now: datetime) -> float:
        if self.last_error:
            return RETRY.total_seconds()
        if self.learnt is None:
            return FIRST.total_seconds()
        every = YOUNG if self.learnt.load is None else EVERY
        # A clock that was set back does not put learning off for longer than a period.
        left = min(every, self.learnt.made_at + every - now)
        return max(FIRST, left).total_seconds()

    async def _child(self, question: bytes) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
            )
        except OSError as error:
            msg = f"the child cannot be started: {error}"
            raise FittingError(msg) from error
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer, trouble = await process.communicate(question)
        except TimeoutError as error:
            msg = f"the child took more than {PATIENCE_S:.0f} s"
            raise FittingError(msg) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            msg = f"the child ended with {process.returncode}: {_tail(trouble)}"
            raise FittingError(msg)
        return answer.decode()


def _tail(trouble: bytes) -> str:
    return trouble.decode(errors="replace").strip()[-500:]


async def _plain_request(at: datetime) -> FitRequest:
    return FitRequest(at=at)
