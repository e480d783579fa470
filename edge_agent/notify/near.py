"""Channels that cannot fail: the gateway's own log, and a value handed to whoever sends it on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from edge_agent.health import Severity
from edge_agent.notify.message import Line, Message, Word

log = logging.getLogger("edge_agent.alarm")

LINES_LOGGED = 20
LEVELS = {
    Severity.CRITICAL: logging.ERROR,
    Severity.WARNING: logging.WARNING,
    Severity.NOTICE: logging.INFO,
}


class LogChannel:
    """One line per alarm, at most LINES_LOGGED a message."""

    name = "log"

    async def deliver(self, message: Message) -> None:
        """Write it down."""
        log.warning("%s", message.title)
        for line in message.lines[:LINES_LOGGED]:
            alert = line.alert
            log.log(_level(line), "%s %s %s: %s", line.word, alert.code, alert.subject, alert.text)
        if len(message.lines) > LINES_LOGGED:
            log.warning("and %d more", len(message.lines) - LINES_LOGGED)


class HandOver:
    """Gives each message as JSON values to the sender of another room."""

    def __init__(self, name: str, give: Callable[[Mapping[str, object]], None]) -> None:
        self._name = name
        self._give = give

    @property
    def name(self) -> str:
        """Whose it becomes."""
        return self._name

    async def deliver(self, message: Message) -> None:
        """Hand it over."""
        self._give(message.document)


def _level(line: Line) -> int:
    return logging.INFO if line.word is Word.CLEARED else LEVELS[line.alert.severity]
