"""One message about any number of alarms, and how it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from edge_agent.health import Alert, Severity

SUBJECTS_SHOWN = 10
"""Of one code; the rest is counted."""
WORST_FIRST = tuple(Severity)


class Word(StrEnum):
    """What has become of an alarm; `passed` came and went between two messages."""

    RAISED = "raised"
    STANDING = "standing"
    PASSED = "passed"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One alarm in a message; `times` it was raised since the last one."""

    word: Word
    alert: Alert
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes to every channel, once each; `id` is the same in every try."""

    id: str
    site: str
    at: datetime
    lines: tuple[Line, ...]
    standing: int
    """Alarms that stand at the site now, told or not."""
    given_up: int = 0
    """Earlier messages that this channel never delivered."""

    @property
    def title(self) -> str:
        """One line, such as `hotel_main: 2 alarms raised (critical), 1 cleared`."""
        counts = {word: sum(line.word is word for line in self.lines) for word in Word}
        said = [f"{n} {word}" for word, n in counts.items() if n]
        worst = min((WORST_FIRST.index(line.alert.severity) for line in self._bad), default=None)
        if worst is not None:
            said[0] += f" ({WORST_FIRST[worst]})"
        return f"{self.site}: alarms {', '.join(said)}"

    @property
    def text(self) -> str:
        """For people: what changed, by code, with cause and remedy."""
        return "\n".join(self._rows()) + "\n"

    @property
    def document(self) -> Mapping[str, object]:
        """For programs: flat JSON values."""
        return {
            "id": self.id,
            "site": self.site,
            "at": self.at.isoformat(timespec="seconds"),
            "title": self.title,
            "standing": self.standing,
            "given_up": self.given_up,
            "alarms": [_document(line) for line in self.lines],
        }

    @property
    def _bad(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.word is not Word.CLEARED)

    def _rows(self) -> Iterator[str]:
        yield f"{self.title}."
        for (word, code), group in groupby(sorted(self.lines, key=_place), key=_kind):
            yield ""
            yield from _group(word, code, list(group))
        yield ""
        yield f"At {self.at:%Y-%m-%d %H:%M:%S}Z, {self.standing} alarms stand at {self.site}."
        if self.given_up:
            yield f"{self.given_up} earlier messages could not be delivered here."


def _kind(line: Line) -> tuple[Word, str]:
    return line.word, line.alert.code


def _place(line: Line) -> tuple[int, int, str, datetime, str]:
    alert = line.alert
    word = tuple(Word).index(line.word)
    return word, WORST_FIRST.index(alert.severity), alert.code, alert.since, alert.subject


def _group(word: Word, code: str, lines: list[Line]) -> Iterator[str]:
    first = lines[0].alert
    count = f" at {len(lines)} places" if len(lines) > 1 else ""
    yield f"{word.upper()} {code}{count} ({first.severity})"
    for line in lines[:SUBJECTS_SHOWN]:
        again = f", {line.times} times" if line.times > 1 else ""
        yield f"  {line.alert.subject}: {line.alert.text}, {_span(line.alert)}{again}"
    if len(lines) > SUBJECTS_SHOWN:
        yield f"  and {len(lines) - SUBJECTS_SHOWN} more"
    if word in (Word.RAISED, Word.STANDING) and first.remedy:
        yield f"  Likely: {first.cause}."
        yield f"  To do: {first.remedy}."


def _span(alert: Alert) -> str:
    since = f"since {alert.since:%Y-%m-%d %H:%M}Z"
    return since if alert.cleared is None else f"{since} to {alert.cleared:%Y-%m-%d %H:%M}Z"


def _document(line: Line) -> Mapping[str, object]:
    alert = line.alert
    cleared = alert.cleared
    return {
        "word": line.word.value,
        "times": line.times,
        "code": alert.code,
        "subject": alert.subject,
        "severity": alert.severity.value,
        "text": alert.text,
        "since": alert.since.isoformat(timespec="seconds"),
        "cleared": None if cleared is None else cleared.isoformat(timespec="seconds"),
        "acknowledged_by": "" if alert.acknowledged is None else alert.acknowledged.person,
        "cause": alert.cause,
        "remedy": alert.remedy,
    }
