"""Alarms with since, cleared and acknowledged: conditions in, book out; JSON for a restart."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

log = logging.getLogger(__name__)

KEEP_CLEARED = 50
TAKE_UP = timedelta(minutes=15)
"""An alarm from before a restart that is raised within this is the same alarm: delays run anew."""
NAME_CHARS = 64
NOTE_CHARS = 200


class Severity(StrEnum):
    """How soon somebody should look; the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A named person has seen the alarm."""

    person: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alarm; `cleared` None while it stands."""

    code: str
    subject: str
    text: str
    since: datetime
    cleared: datetime | None = None
    severity: Severity = Severity.WARNING
    cause: str = ""
    remedy: str = ""
    acknowledged: Acknowledgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is wrong right now; `cause` and `remedy` are for the operator."""

    code: str
    subject: str
    text: str
    severity: Severity = Severity.WARNING
    cause: str = ""
    remedy: str = ""


Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAlerts:
    """What outlives a restart."""

    standing: tuple[Alert, ...] = ()
    cleared: tuple[Alert, ...] = ()


KEPT = TypeAdapter(KeptAlerts)


class AlertBook:
    """Turns the conditions of each cycle into alarms, one per code and subject."""

    def __init__(self) -> None:
        self._standing: dict[Key, Alert] = {}
        self._before: dict[Key, Alert] = {}
        """Stood before the restart and not seen again yet."""
        self._began: datetime | None = None
        self._cleared: list[Alert] = []

    def update(self, conditions: Iterable[Condition], now: datetime) -> list[Alert]:
        """Raise what is new, clear what is gone; returns what changed."""
        seen = {(c.code, c.subject): c for c in conditions}
        changed = self._clear(seen, now)
        for key, condition in seen.items():
            known = self._standing.get(key) or self._before.pop(key, None)
            alert = _told(known, condition, now)
            self._standing[key] = alert
            if known is None:
                changed.append(alert)
        return changed

    def acknowledge(
        self, code: str, subject: str, person: str, now: datetime, note: str = ""
    ) -> Alert:
        """Note who has seen a standing alarm: KeyError for none, ValueError without a name."""
        person = " ".join(person.split())[:NAME_CHARS]
        if not person:
            msg = "an alarm is acknowledged by a named person"
            raise ValueError(msg)
        seen = Acknowledgement(person=person, at=now, note=" ".join(note.split())[:NOTE_CHARS])
        alert = replace(self._standing[code, subject], acknowledged=seen)
        self._standing[code, subject] = alert
        return alert

    def dump(self) -> str:
        """Everything a restart must not lose, as JSON."""
        standing = (*self._before.values(), *self.standing)
        return KEPT.dump_json(KeptAlerts(standing=standing, cleared=tuple(self._cleared))).decode()

    def load(self, text: str | None, now: datetime) -> None:
        """Take up what `dump` gave before a restart; what cannot be read is left out, and said."""
        if text is None:
            return
        try:
            kept = KEPT.validate_json(text)
        except ValidationError as error:
            log.warning("the list of alarms cannot be read, it begins anew: %s", error)
            return
        self._before = {(a.code, a.subject): a for a in kept.standing}
        self._cleared = list(kept.cleared)[-KEEP_CLEARED:]
        self._began = now

    @property
    def standing(self) -> tuple[Alert, ...]:
        """What is wrong now, oldest first."""
        return tuple(sorted(self._standing.values(), key=lambda alert: alert.since))

    @property
    def carried(self) -> tuple[Alert, ...]:
        """Stood before a restart, and neither seen again nor given up yet."""
        return tuple(self._before.values())

    @property
    def all(self) -> tuple[Alert, ...]:
        """Standing ones, then the newest cleared ones."""
        return (*self.standing, *reversed(self._cleared))

    def _clear(self, seen: Collection[Key], now: datetime) -> list[Alert]:
        gone = [self._standing.pop(key) for key in list(self._standing) if key not in seen]
        # A clock that steps back must not keep alarms of an earlier run for ever.
        if self._began is not None and not timedelta(0) <= now - self._began < TAKE_UP:
            gone += [self._before.pop(key) for key in list(self._before) if key not in seen]
        done = [replace(alert, cleared=now) for alert in gone]
        self._cleared = [*self._cleared, *done][-KEEP_CLEARED:]
        return done


def _told(known: Alert | None, condition: Condition, now: datetime) -> Alert:
    return Alert(
        code=condition.code,
        subject=condition.subject,
        text=condition.text,
        since=now if known is None else known.since,
        severity=condition.severity,
        cause=condition.cause,
        remedy=condition.remedy,
        acknowledged=None if known is None else known.acknowledged,
    )
