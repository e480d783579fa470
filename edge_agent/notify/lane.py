"""The queue before one channel: bounded, retried with growing pauses, losses counted and said."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import replace

from drivers.types import Clock
from edge_agent.alarms.sight import ChannelSight
from edge_agent.notify.channel import Channel, NotNowError, RefusedError
from edge_agent.notify.message import Message

log = logging.getLogger(__name__)

PAUSES_S = (5.0, 15.0, 60.0, 300.0, 900.0)
"""Before the next try, by failures in a row."""


class Lane:
    """Messages on their way to one channel, in their order."""

    def __init__(self, channel: Channel, clock: Clock, limit: int, give_up_s: float) -> None:
        self._channel = channel
        self._clock = clock
        self._limit = limit
        self._give_up_s = give_up_s
        self._waiting: deque[tuple[Message, float]] = deque()
        self._arrived = asyncio.Event()
        self._error = ""
        self._untold = 0
        """Given up, and the receiver does not know yet."""
        self.delivered = 0
        self.given_up = 0

    @property
    def waiting(self) -> tuple[Message, ...]:
        """Not delivered yet, oldest first."""
        return tuple(message for message, _ in self._waiting)

    @property
    def sight(self) -> ChannelSight:
        """For the alarm about alarms."""
        return ChannelSight(name=self._channel.name, error=self._error, given_up=self.given_up)

    def put(self, message: Message) -> None:
        """Queue a message; the oldest gives way when there is no room."""
        while len(self._waiting) >= self._limit:
            self._give_up("the queue is full")
        self._waiting.append((message, self._clock.monotonic_s()))
        self._arrived.set()

    async def run(self) -> None:
        """Deliver for ever."""
        failures = 0
        while True:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            if await self._try_first():
                failures = 0
                continue
            failures += 1
            await self._clock.sleep(PAUSES_S[min(failures, len(PAUSES_S)) - 1])
            self._drop_old()

    async def _try_first(self) -> bool:
        """Try the oldest message; whether the channel has spoken, yes or no."""
        message, _ = self._waiting[0]
        untold = self._untold
        try:
            await self._channel.deliver(replace(message, given_up=untold))
        except NotNowError as error:
            self._error = str(error)
            log.warning("alarms wait for %s: %s", self._channel.name, error)
            return False
        except RefusedError as error:
            self._error = str(error)
            if self._is_first(message):
                self._give_up(str(error))
            return True
        self._error = ""
        self._untold -= untold
        self.delivered += 1
        if self._is_first(message):
            self._waiting.popleft()
        return True

    def _is_first(self, message: Message) -> bool:
        """Whether it still stands in front: a full queue may have given it up meanwhile."""
        return bool(self._waiting) and self._waiting[0][0] is message

    def _drop_old(self) -> None:
        oldest_s = self._clock.monotonic_s() - self._give_up_s
        while self._waiting and self._waiting[0][1] < oldest_s:
            self._give_up("too old")

    def _give_up(self, why: str) -> None:
        message, _ = self._waiting.popleft()
        self.given_up += 1
        self._untold += 1
        log.error("message %s for %s is given up: %s", message.id, self._channel.name, why)
