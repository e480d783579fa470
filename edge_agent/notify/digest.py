"""What is worth a message, and when: grouping, rate limit, repeats. Pure; times are UTC.

What has been told is held against what stands, so nothing is told twice and nothing is forgotten,
over a restart either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter

from edge_agent.health import Alert, Severity
from edge_agent.notify.message import Line, Word
from edge_agent.notify.settings import NotifySettings

HOUR_S = 3_600.0
CHATTER_S = 6 * HOUR_S
CHATTER = 6
"""An alarm told so often within CHATTER_S waits for company or for the span to end."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alarm people know of, and when they were last told."""

    alert: Alert
    at: datetime


TOLD = TypeAdapter(tuple[Told, ...])


class Digest:
    """Decides, at every beat, whether a message goes out now, and what it says."""

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._told: dict[Key, Told] = {}
        self._passed: dict[Key, Line] = {}
        self._changes: dict[Key, list[datetime]] = {}
        self._sent: list[datetime] = []
        self._waiting_since: datetime | None = None

    @property
    def told(self) -> tuple[Told, ...]:
        """What people know of, for the next start."""
        return tuple(self._told.values())

    def take_up(self, told: Iterable[Told]) -> None:
        """What people were told before a restart."""
        self._told = {_key(one.alert): one for one in told}

    def look(
        self, standing: Sequence[Alert], gone: Iterable[Alert], now: datetime
    ) -> tuple[Line, ...]:
        """The lines of a message that goes out now; none when there is nothing to say yet."""
        there = {_key(alert): alert for alert in standing if self._counts(alert)}
        self._note_passed(gone)
        news = self._news(there, now)
        repeats = self._repeats(there, now)
        if not (self._ripe(news, now) or repeats) or not self._may_send(now):
            return ()
        lines = (*news, *repeats)
        self._remember(lines, now)
        return lines

    def _counts(self, alert: Alert) -> bool:
        order = tuple(Severity)
        return order.index(alert.severity) <= order.index(self._settings.least)

    def _note_passed(self, gone: Iterable[Alert]) -> None:
        """Remember what came and went before anybody was told."""
        for alert in gone:
            key = _key(alert)
            if key in self._told or not self._counts(alert):
                continue
            times = 1 + self._passes(key)
            self._passed[key] = Line(word=Word.PASSED, alert=alert, times=times)

    def _passes(self, key: Key) -> int:
        return self._passed[key].times if key in self._passed else 0

    def _news(self, there: Mapping[Key, Alert], now: datetime) -> list[Line]:
        raised = [
            Line(word=Word.RAISED, alert=alert, times=1 + self._passes(key))
            for key, alert in there.items()
            if key not in self._told or self._told[key].alert.since != alert.since
        ]
        cleared = [
            Line(word=Word.CLEARED, alert=replace(told.alert, cleared=now))
            for key, told in self._told.items()
            if key not in there
        ]
        passed = [line for key, line in self._passed.items() if key not in there]
        return [*raised, *cleared, *passed]

    def _repeats(self, there: Mapping[Key, Alert], now: datetime) -> list[Line]:
        return [
            Line(word=Word.STANDING, alert=alert)
            for key, alert in there.items()
            if alert.acknowledged is None
            and (told := self._told.get(key)) is not None
            and told.alert.since == alert.since
            and not _within(told.at, now, self._settings.repeat_s)
        ]

    def _ripe(self, news: Sequence[Line], now: datetime) -> bool:
        """Whether something new has waited long enough for what belongs to it."""
        if not any(self._calm(_key(line.alert), now) for line in news):
            self._waiting_since = None
            return False
        if self._waiting_since is None or self._waiting_since > now:
            self._waiting_since = now
        return not _within(self._waiting_since, now, self._settings.gather_s)

    def _calm(self, key: Key, now: datetime) -> bool:
        told = [at for at in self._changes.get(key, ()) if _within(at, now, CHATTER_S)]
        return len(told) < CHATTER

    def _may_send(self, now: datetime) -> bool:
        self._sent = [at for at in self._sent if _within(at, now, HOUR_S)]
        lately = any(_within(at, now, self._settings.gap_s) for at in self._sent)
        return not lately and len(self._sent) < self._settings.per_hour

    def _remember(self, lines: Iterable[Line], now: datetime) -> None:
        self._sent.append(now)
        self._waiting_since = None
        self._passed = {}
        for line in lines:
            key = _key(line.alert)
            if line.word in (Word.RAISED, Word.STANDING):
                self._told[key] = Told(alert=line.alert, at=now)
            else:
                self._told.pop(key, None)
            if line.word is not Word.STANDING:
                kept = [at for at in self._changes.get(key, ()) if _within(at, now, CHATTER_S)]
                self._changes[key] = [*kept, now]
        self._changes = {
            key: kept
            for key, times in self._changes.items()
            if (kept := [at for at in times if _within(at, now, CHATTER_S)])
        }


def _key(alert: Alert) -> Key:
    return alert.code, alert.subject


def _within(at: datetime, now: datetime, span_s: float) -> bool:
    """Whether `at` is less than `span_s` ago; a time to come was told by a clock set back since."""
    return 0 <= (now - at).total_seconds() < span_s
