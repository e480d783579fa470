"""Judging a trial: did the meter move as far, and in the direction, that was asked? Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_agent.commissioning.report import Finding

TOLERANCE_SHARE = 0.25
LEAST_TOLERANCE_KW = 0.1
STILL_SHARE = 0.25
"""A move smaller than this share of what was asked is none."""
RESTLESS_SHARE = 0.5
"""Other loads that move more than this share of the step hide it."""
ONE_TURNED, ONE_ABSENT = 1 / 3, 2 / 3
SHARE_SLACK = 0.08
FACTORS = (10.0, 100.0, 1000.0)
PHASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How far something moved, kW, against what was asked; `noise_kw` is how far by itself."""

    asked_kw: float
    moved_kw: float
    noise_kw: float = 0.0
    phases_kw: Mapping[str, float] | None = None
    """The same by phase, where the meter tells."""

    @property
    def tolerance_kw(self) -> float:
        """Largest difference that still counts as the same."""
        share_kw = TOLERANCE_SHARE * abs(self.asked_kw)
        return max(share_kw, LEAST_TOLERANCE_KW)


def mean(values: Sequence[float]) -> float:
    """The average of some values; ValueError of none."""
    if not values:
        msg = "no value to average"
        raise ValueError(msg)
    return sum(values) / len(values)


def judge(moved: Moved, what: str) -> tuple[Finding, str]:
    """The finding and one sentence; `what` is the name of what moved (`the meter`)."""
    finding = _finding(moved)
    text = f"{what} moved by {moved.moved_kw:+.1f} kW when {moved.asked_kw:+.1f} kW was asked"
    match finding:
        case Finding.SIGN:
            return finding, f"{text}: {_turned(moved)}"
        case Finding.NO_MOVE:
            return finding, f"{text}: it is not measured there, or the device does not obey"
        case Finding.SIZE:
            return finding, f"{text}: {_why_size(moved)}"
        case Finding.RESTLESS:
            noise = f"other loads moved by {moved.noise_kw:.1f} kW meanwhile"
            return finding, f"{text}, but {noise}: try again at a quieter hour"
        case _:
            return finding, text


def _finding(moved: Moved) -> Finding:
    asked, went = moved.asked_kw, moved.moved_kw
    if moved.noise_kw > RESTLESS_SHARE * abs(asked):
        return Finding.RESTLESS
    if abs(went - asked) <= moved.tolerance_kw:
        return Finding.PASSED
    if abs(went) < STILL_SHARE * abs(asked):
        return Finding.NO_MOVE
    return Finding.SIGN if went * asked < 0 else Finding.SIZE


def _turned(moved: Moved) -> str:
    wrong = wrong_phases(moved)
    if wrong and len(wrong) < PHASES:
        return f"the CT of {' and '.join(wrong)} is turned or on another phase"
    return "CT turned or sign wrong"


def _why_size(moved: Moved) -> str:
    wrong = wrong_phases(moved)
    if wrong:
        return f"the CT of {' and '.join(wrong)} is turned or on another phase"
    share = moved.moved_kw / moved.asked_kw
    if abs(share - ONE_TURNED) <= SHARE_SLACK:
        return "one of three CTs may be turned"
    if abs(share - ONE_ABSENT) <= SHARE_SLACK:
        return "one of three phases may not be measured"
    for factor in FACTORS:
        for times in (factor, 1 / factor):
            if abs(share - times) <= TOLERANCE_SHARE * times:
                return f"wrong by a factor of about {times:g}: CT ratio or unit"
    return "CT ratio, or not all of it is behind this meter"


def wrong_phases(moved: Moved) -> tuple[str, ...]:
    """The phases that clearly moved against what was asked."""
    least_kw = STILL_SHARE * abs(moved.asked_kw) / PHASES
    return tuple(
        phase
        for phase, kw in (moved.phases_kw or {}).items()
        if kw * moved.asked_kw < 0 and abs(kw) >= least_kw
    )
