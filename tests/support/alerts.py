"""Alarms by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edge_agent.health import Alert, Severity
from edge_agent.notify.message import Line, Message, Word

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """So long after the morning."""
    return MORNING + timedelta(seconds=seconds)


def alert(
    subject: str = "meter",
    code: str = "device_offline",
    *,
    since: datetime = MORNING,
    cleared: datetime | None = None,
    severity: Severity = Severity.WARNING,
) -> Alert:
    """One that stands, unless told otherwise."""
    return Alert(
        code=code,
        subject=subject,
        text=f"no usable reading of {subject}",
        since=since,
        cleared=cleared,
        severity=severity,
        cause="the cable is off",
        remedy="plug it in",
    )


def message(*alerts: Alert, number: int = 1) -> Message:
    """A message that raises them."""
    return Message(
        id=f"hotel-{number}",
        site="hotel_main",
        at=MORNING,
        lines=tuple(Line(word=Word.RAISED, alert=one) for one in alerts),
        standing=len(alerts),
    )
