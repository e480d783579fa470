"""Alarms with since and cleared. Pure: conditions in, book out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

KEEP_CLEARED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alarm; `cleared` None while it stands."""

    code: str
    subject: str
    text: str
    since: datetime
    cleared: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is wrong right now."""

    code: str
    subject: str
    text: str


class AlertBook:
    """Turns the conditions of each cycle into alarms, one per code and subject."""

    def __init__(self) -> None:
        self._standing: dict[tuple[str, str], Alert] = {}
        self._cleared: list[Alert] = []

    def update(self, conditions: Iterable[Condition], now: datetime) -> list[Alert]:
        """Raise what is new, clear what is gone; returns what changed."""
        seen = {(c.code, c.subject): c for c in conditions}
        changed = []
        for key in [key for key in self._standing if key not in seen]:
            done = replace(self._standing.pop(key), cleared=now)
            self._cleared = [*self._cleared, done][-KEEP_CLEARED:]
            changed.append(done)
        for key, condition in seen.items():
            if key in self._standing:
                self._standing[key] = replace(self._standing[key], text=condition.text)
                continue
            alert = Alert(
                code=condition.code, subject=condition.subject, text=condition.text, since=now
            )
            self._standing[key] = alert
            changed.append(alert)
        return changed

    @property
    def standing(self) -> tuple[Alert, ...]:
        """What is wrong now, oldest first."""
        return tuple(sorted(self._standing.values(), key=lambda alert: alert.since))

    @property
    def all(self) -> tuple[Alert, ...]:
        """Standing ones, then the newest cleared ones."""
        return (*self.standing, *reversed(self._cleared))
