from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.arbiter import Entry, Priority, arbitrate

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def entry(priority: Priority, value: float | None = 1.0, *, ends_s: float = 60.0) -> Entry:
    return Entry(
        point="bat.setpoint",
        value=value,
        priority=priority,
        owner=priority.name.lower(),
        reason="test",
        since=NOW,
        expires=NOW + timedelta(seconds=ends_s),
    )


@pytest.mark.parametrize(
    ("claims", "winner"),
    [
        ([], None),
        ([Priority.RULES], Priority.RULES),
        ([Priority.RULES, Priority.PLAN], Priority.PLAN),
        ([Priority.PLAN, Priority.CLOUD], Priority.CLOUD),
        ([Priority.EVENT, Priority.CLOUD], Priority.EVENT),
        ([Priority.EVENT, Priority.MANUAL], Priority.MANUAL),
        ([Priority.LOCAL_OVERRIDE, Priority.MANUAL], Priority.LOCAL_OVERRIDE),
        ([Priority.LOCAL_OVERRIDE, Priority.GRID_OPERATOR], Priority.GRID_OPERATOR),
        ([Priority.SAFETY, Priority.GRID_OPERATOR, Priority.PLAN], Priority.SAFETY),
    ],
)
def test_the_highest_class_wins(claims: list[Priority], winner: Priority | None) -> None:
    (decision,) = arbitrate(["bat.setpoint"], [entry(one) for one in claims], NOW)
    assert (None if decision.winner is None else decision.winner.priority) == winner
    assert [claim.priority for claim in decision.array] == sorted(claims)


def test_an_expired_claim_loses_to_a_lower_one() -> None:
    claims = [entry(Priority.MANUAL, ends_s=0), entry(Priority.PLAN)]
    (decision,) = arbitrate(["bat.setpoint"], claims, NOW)
    assert decision.winner is not None
    assert decision.winner.priority is Priority.PLAN


def test_a_claim_without_end_is_refused_but_for_safety() -> None:
    with pytest.raises(ValueError, match="needs an expiry"):
        Entry(
            point="p.q",
            value=1.0,
            priority=Priority.MANUAL,
            owner="me",
            reason="",
            since=NOW,
            expires=None,
        )


def test_nobody_means_released() -> None:
    (decision,) = arbitrate(["bat.setpoint"], [], NOW)
    assert decision.value is None
    assert decision.reason.startswith("released")


@given(st.permutations([entry(priority) for priority in Priority]))
def test_the_order_of_claims_does_not_matter(claims: list[Entry]) -> None:
    (decision,) = arbitrate(["bat.setpoint"], claims, NOW)
    assert decision.winner is not None
    assert decision.winner.priority is Priority.SAFETY
