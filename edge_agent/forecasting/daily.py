"""When to learn: some hours after the start, then once a day, in a child."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from drivers.types import Clock
from edge_agent.drawer import Drawer
from edge_agent.forecasting.keys import HEAD_KEY, LEARNT_KEY, SCORES_KEY
from edge_agent.forecasting.view import ForesightView, read_view
from edge_agent.reaping import reaped
from models.forecast.learnt import VERSION

log = logging.getLogger(__name__)

EVERY = timedelta(hours=24)
RETRY = timedelta(hours=1)
"""After a child that failed."""
FIRST = timedelta(hours=3)
"""After the start, before the first child."""
ANEW = timedelta(minutes=10)
"""The same where an update has made what was learnt useless."""
YOUNG = timedelta(hours=6)
"""Pause while too little has been measured for a load to be learnt."""
PATIENCE_S = 1800.0
"""Wall seconds a child may take."""
PARTS = 3


class FittingError(Exception):
    """The child did not learn anything; the message says why."""


def fit_command(site: Path, database: Path) -> tuple[str, ...]:
    """How the fitting child of a site is started."""
    return (sys.executable, "-I", "-m", "edge_agent.forecasting.child", str(site), str(database))


class DailyFitting:
    """Has the site learnt anew every day; holds no more of it than how it went."""

    def __init__(self, command: Sequence[str], drawer: Drawer, clock: Clock) -> None:
        self._command = tuple(command)
        self._drawer = drawer
        self._clock = clock
        self._outdated = False
        """Whether there is enough to learn from, and nothing learnt that can be used."""
        self.view = ForesightView()

    async def load(self) -> None:
        """Take up how it stood before a restart; what is of another version is not learnt."""
        self.view = read_view(await self._drawer.state(HEAD_KEY)) or self.view
        if self.view.made_at is not None and self.view.version != VERSION:
            self.view = replace(self.view, made_at=None)
            self._outdated = True

    async def run(self) -> None:
        """Learn for ever; what fails is told and tried again."""
        await self._clock.sleep(self._pause_s(self._clock.now()))
        while True:
            try:
                await self.fit_now()
            except FittingError as error:
                self.view = replace(self.view, error=str(error))
                log.warning("forecasts are not learnt anew: %s", error)
            await self._clock.sleep(self._pause_s(self._clock.now()))

    async def fit_now(self) -> ForesightView:
        """One child's findings, kept; raises FittingError and leaves what was known."""
        asked = json.dumps({"at": self._clock.now().isoformat()})
        head, *others = (await self._child(asked.encode())).splitlines() or [""]
        view = read_view(head)
        if view is None or len(others) != PARTS - 1:
            msg = "the child's answer cannot be read"
            raise FittingError(msg)
        # Scores and findings are passed on unread.
        texts = zip((SCORES_KEY, LEARNT_KEY, HEAD_KEY), (*others, head), strict=True)
        kept = [await self._drawer.state_put(key, text) for key, text in texts]
        if not all(kept):
            msg = "the store did not take what was learnt"
            raise FittingError(msg)
        self.view = view
        return view

    def _pause_s(self, now: datetime) -> float:
        if self.view.error:
            return RETRY.total_seconds()
        if self.view.made_at is None:
            return (ANEW if self._outdated else FIRST).total_seconds()
        every = EVERY if self.view.load else YOUNG
        # A clock that was set back does not put learning off for longer than a period.
        left = min(every, self.view.made_at + every - now)
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
            await reaped(process)
        if process.returncode != 0:
            msg = f"the child ended with {process.returncode}: {_tail(trouble)}"
            raise FittingError(msg)
        return answer.decode()


def _tail(trouble: bytes) -> str:
    return trouble.decode(errors="replace").strip()[-500:]
