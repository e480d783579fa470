"""What a move came to, from the samples before, during and after it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.types import WriteOutcome
from edge_agent.commissioning.report import Finding, Stage
from edge_agent.commissioning.steps import Move
from edge_agent.commissioning.verdict import Moved, judge, mean
from edge_agent.commissioning.watch import Moment, centre

UNREAD = "the meter or the device cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Samples around a move."""

    before: Sequence[Moment]
    during: Sequence[Moment]
    after: Sequence[Moment]


def slack_kw(move: Move) -> float:
    """Largest difference from what is meant that counts as there."""
    return Moved(asked_kw=move.meter_kw or 0.0, moved_kw=0.0).tolerance_kw


def weighed(move: Move, outcome: WriteOutcome, seen: Seen) -> Stage:
    """The verdict on a move: first whether the device obeyed, then whether the meter saw it."""
    (base_kw, own_base_kw), (end_kw, own_end_kw) = centre(seen.before), centre(seen.after)
    during_kw, own_during_kw = centre(seen.during)
    meter_moved_kw = during_kw - (base_kw + end_kw) / 2
    own_moved_kw = own_during_kw - (own_base_kw + own_end_kw) / 2
    own = Moved(asked_kw=move.own_kw or 0.0, moved_kw=own_moved_kw)
    finding, says = judge(own, "the device's own power")
    if finding is Finding.PASSED:
        still_kw = [moment.meter_kw for moment in seen.before]
        meter = Moved(
            asked_kw=move.meter_kw or 0.0,
            moved_kw=meter_moved_kw,
            noise_kw=max(max(still_kw) - min(still_kw), abs(base_kw - end_kw)),
            phases_kw=_phases(seen),
        )
        finding, says = judge(meter, "the meter")
    told = {"meter_moved_kw": round(meter_moved_kw, 3), "own_moved_kw": round(own_moved_kw, 3)}
    return stage(move, outcome, finding, says).model_copy(update=told)


def stage(move: Move, outcome: WriteOutcome | None, finding: Finding, says: str) -> Stage:
    """A move without a verdict of its own."""
    return Stage(
        asked=move.value,
        result="" if outcome is None else outcome.result.value,
        readback=None if outcome is None else outcome.readback,
        finding=finding,
        says=says,
        expected_kw=move.meter_kw,
    )


def in_words(outcome: WriteOutcome) -> str:
    """Result and reason."""
    return f"{outcome.result} {outcome.reason}".rstrip()


def _phases(seen: Seen) -> dict[str, float]:
    """How far each phase moved, kW, where it was read throughout."""
    every = (*seen.before, *seen.during)
    names = set.intersection(*(set(moment.phases_kw) for moment in every))
    return {
        name: mean([moment.phases_kw[name] for moment in seen.during])
        - mean([moment.phases_kw[name] for moment in seen.before])
        for name in sorted(names)
    }
