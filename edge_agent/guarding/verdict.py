"""What the guard's parts are given and what they answer."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.arbiter import Bounds, Decision, Priority, clamp
from edge_agent.guarding.recall import Cycle, PointRecall
from edge_agent.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something an operator should know of; alarms are made of it."""

    code: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One decision in the light of one cycle."""

    decision: Decision
    wish: float | None
    """The decision's value; None = release. Always finite."""
    snapshot: Snapshot
    recall: PointRecall | None
    """What left in the cycle before."""

    @property
    def lawful(self) -> bool:
        """Whether safety or law asks for a change, which does not wait for holds and budgets."""
        if self._class() <= Priority.GRID_OPERATOR:
            return True
        last = None if self.recall is None else self.recall.value
        confined = self.decision.confined
        return last is not None and confined is not None and clamp(last, confined) != last

    @property
    def by_person(self) -> bool:
        """Whether a person, known by name or standing at the device, set the value."""
        return self._class() in (Priority.MANUAL, Priority.LOCAL_OVERRIDE)

    def _class(self) -> Priority:
        winner = self.decision.winner
        return Priority.RELEASED if winner is None else winner.priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may leave, None = release; with what was cut and what is worth an alarm."""

    value: float | None
    cuts: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    cycle: Cycle | None = None
    """How the anti-legionella cycle stands now."""


def blind(case: Case, why: tuple[str, ...], still: Bounds) -> Verdict:
    """Nothing can be seen: release, but for a confining claim, which rests on no reading.

    `still` are the values that are safe without sight; the one that confines least is taken.
    """
    if case.decision.confined is None:
        return Verdict(value=None, cuts=why)
    return Verdict(value=clamp(clamp(still[1], case.decision.confined), still), cuts=why)
