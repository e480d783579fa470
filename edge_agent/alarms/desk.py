"""From sights to conditions: every rule with its hysteresis and its delays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from edge_agent.alarms.latch import Latch, advance
from edge_agent.alarms.rule import Figure, Rule
from edge_agent.alarms.sight import Sight
from edge_agent.alarms.soc_jumps import SocJumps
from edge_agent.alarms.table import RULES
from edge_agent.health import Condition


class AlarmDesk:
    """Keeps what each figure has been doing; `look` once per beat of the health loop."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        self._rules = tuple(rules)
        self._known = frozenset(rule.code for rule in self._rules)
        self._jumps = SocJumps()
        self._latches: dict[tuple[str, str], Latch] = {}

    def look(self, sight: Sight) -> list[Condition]:
        """What is wrong now, in the order of the table; what no rule names comes last, as it is."""
        sight = replace(sight, batteries=self._jumps.look(sight.batteries))
        reported = sight.reported
        found = [c for rule in self._rules for c in self._by_rule(rule, sight, reported)]
        return [*found, *(one for one in reported if one.code not in self._known)]

    def _by_rule(
        self, rule: Rule, sight: Sight, reported: Iterable[Condition]
    ) -> Iterator[Condition]:
        figures = _facts(rule, reported) if rule.figures is None else rule.figures(sight)
        now_s = sight.beside.monotonic_s
        latest = {figure.subject: figure for figure in figures}
        known = [subject for code, subject in self._latches if code == rule.code]
        for subject in dict.fromkeys((*known, *latest)):
            # A subject that is no longer looked at has nothing wrong with it any more.
            figure = latest.get(subject, Figure(subject=subject, value=rule.limit.clear, text=""))
            latch = self._advance(rule, figure, now_s)
            if latch is not None and latch.standing:
                yield _condition(rule, subject, latch.text)

    def _advance(self, rule: Rule, figure: Figure, now_s: float) -> Latch | None:
        key = (rule.code, figure.subject)
        before = self._latches.pop(key, None)
        latch = advance(before, rule.limit, figure.value, now_s)
        if latch is None:
            return None
        wrong = figure.value is not None and not rule.limit.back(figure.value)
        self._latches[key] = replace(latch, text=figure.text) if wrong else latch
        return self._latches[key]


def _facts(rule: Rule, reported: Iterable[Condition]) -> Iterator[Figure]:
    for one in reported:
        if one.code == rule.code:
            yield Figure(subject=one.subject, value=1.0, text=one.text)


def _condition(rule: Rule, subject: str, text: str) -> Condition:
    return Condition(
        code=rule.code,
        subject=subject,
        text=text,
        severity=rule.severity,
        cause=rule.cause,
        remedy=rule.remedy,
    )
