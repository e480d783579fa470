"""What has to be so for a figure to mean anything; else there is no figure but an error."""

from __future__ import annotations

from models.highs import Solution
from models.solver import Rejected
from models.types import Plan


class BenchError(Exception):
    """A measurement that measured something else; the message says what."""


def sure(holds: bool, text: str) -> None:  # noqa: FBT001 - the condition is the argument
    """BenchError unless it holds."""
    if not holds:
        raise BenchError(text)


def a_plan(outcome: Plan | Rejected) -> Plan:
    """The plan that was to come."""
    if isinstance(outcome, Rejected):
        raise BenchError(outcome.reason.text)
    return outcome


def proven(solution: Solution | None) -> Solution:
    """The optimum that was to come."""
    if solution is None or not solution.proven:
        raise BenchError("the programme was not solved to its optimum")
    return solution
