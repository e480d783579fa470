"""Tells people: takes the alarms of every beat, makes messages, and hands them to the lanes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from drivers.types import Clock
from edge_agent.alarms.sight import ChannelSight
from edge_agent.health import Alert
from edge_agent.notify.channel import Channel
from edge_agent.notify.digest import TOLD, Digest
from edge_agent.notify.lane import Lane
from edge_agent.notify.message import Message
from edge_agent.notify.near import LogChannel
from edge_agent.notify.settings import NotifySettings

log = logging.getLogger(__name__)


class Notifier:
    """`post` at every beat of the health loop, `run` as a supervised task."""

    def __init__(
        self, settings: NotifySettings, clock: Clock, channels: Iterable[Channel] = ()
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._digest = Digest(settings)
        self._lanes = tuple(
            Lane(channel, clock, settings.queue, settings.give_up_s)
            for channel in (LogChannel(), *channels)
        )
        self._numbers = 0

    def post(self, standing: Sequence[Alert], gone: Iterable[Alert]) -> Message | None:
        """Queue what is to be said now, if anything; never waits.

        `standing` are the alarms that stand (those carried over a restart too), `gone` the ones
        that cleared since the last call.
        """
        now = self._clock.now()
        lines = self._digest.look(standing, gone, now)
        if not lines:
            return None
        self._numbers += 1
        message = Message(
            id=f"{self._settings.site}-{now:%Y%m%dT%H%M%SZ}-{self._numbers}",
            site=self._settings.site,
            at=now,
            lines=lines,
            standing=len(standing),
        )
        for lane in self._lanes:
            lane.put(message)
        return message

    async def run(self) -> None:
        """Deliver for ever, each channel for itself."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(lane.run())

    @property
    def channels(self) -> tuple[ChannelSight, ...]:
        """How each way does, for the alarm rules."""
        return tuple(lane.sight for lane in self._lanes)

    def dump(self) -> str:
        """What people know of, as JSON: told in no message that still waits."""
        waiting = {
            (line.alert.code, line.alert.subject)
            for lane in self._lanes
            for message in lane.waiting
            for line in message.lines
        }
        told = (t for t in self._digest.told if (t.alert.code, t.alert.subject) not in waiting)
        return TOLD.dump_json(tuple(told)).decode()

    def load(self, text: str | None) -> None:
        """Take up what `dump` gave before a restart."""
        if text is None:
            return
        try:
            self._digest.take_up(TOLD.validate_json(text))
        except ValidationError as error:
            log.warning("who was told of which alarm cannot be read: %s", error)


def channels_of(settings: NotifySettings) -> tuple[Channel, ...]:
    """The configured channels beside the log; their libraries are loaded here and not before."""
    found: list[Channel] = []
    if settings.smtp is not None:
        from edge_agent.notify.smtp import SmtpChannel

        found.append(SmtpChannel(settings.smtp))
    if settings.webhook is not None:
        from edge_agent.notify.webhook import WebhookChannel

        found.append(WebhookChannel(settings.webhook))
    return tuple(found)
