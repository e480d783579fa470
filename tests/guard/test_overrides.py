"""Overrides of named persons: kept, ended, refused."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from field_images import NOW

from edge_agent.arbiter import Priority
from edge_agent.clock import ManualClock
from edge_agent.notes import Notebook
from edge_agent.overrides import KEY, LONGEST, OverrideError, Overrides, override_of
from edge_agent.store.store import Store

HOUR = timedelta(hours=1)


@pytest.fixture
async def drawer(tmp_path: Path) -> AsyncIterator[Notebook]:
    store = await Store.open(tmp_path / "edge.db", ManualClock(NOW))
    yield Notebook(store)
    await store.close()


async def test_an_override_survives_a_restart_and_ends_by_itself(drawer: Notebook) -> None:
    before = Overrides(drawer)
    assert await before.put(override_of("fcu.setpoint", 22.5, HOUR, "Ada", "cold guest", NOW))
    assert await before.put(override_of("bat.setpoint", None, 2 * HOUR, "Bob", "service", NOW))
    after = Overrides(drawer)
    await after.load(NOW + HOUR / 2)
    claims = {one.point: one for one in after.claims(NOW + HOUR / 2)}
    assert claims["fcu.setpoint"].value == 22.5
    assert claims["fcu.setpoint"].priority is Priority.MANUAL
    assert "Ada" in claims["fcu.setpoint"].who
    assert claims["bat.setpoint"].value is None
    assert [one.point for one in after.claims(NOW + HOUR)] == ["bat.setpoint"]
    late = Overrides(drawer)
    await late.load(NOW + 2 * HOUR)
    assert late.claims(NOW + HOUR) == []


async def test_the_younger_replaces_the_older_and_can_be_cancelled(drawer: Notebook) -> None:
    overrides = Overrides(drawer)
    await overrides.put(override_of("fcu.setpoint", 22.5, HOUR, "Ada", "cold guest", NOW))
    await overrides.put(override_of("fcu.setpoint", 20.0, HOUR, "Bob", "empty room", NOW))
    (one,) = overrides.live(NOW)
    assert (one.person, one.value) == ("Bob", 20.0)
    assert await overrides.cancel("fcu.setpoint", NOW) == one
    assert await overrides.cancel("fcu.setpoint", NOW) is None
    again = Overrides(drawer)
    await again.load(NOW)
    assert again.live(NOW) == ()


async def test_a_clock_that_has_left_a_far_future_behind_ends_what_was_set_there(
    drawer: Notebook,
) -> None:
    overrides = Overrides(drawer)
    future = NOW + timedelta(days=900)
    await overrides.put(override_of("fcu.setpoint", 22.5, HOUR, "Ada", "cold guest", future))
    assert overrides.claims(NOW) == []


@pytest.mark.parametrize("text", ["{", "[1]", '[{"point": "fcu.setpoint"}]'])
async def test_what_cannot_be_read_is_not_taken_up(drawer: Notebook, text: str) -> None:
    await drawer.state_put(KEY, text)
    overrides = Overrides(drawer)
    await overrides.load(NOW)
    assert overrides.live(NOW) == ()


async def test_nothing_kept_is_nothing_in_force(drawer: Notebook) -> None:
    overrides = Overrides(drawer)
    await overrides.load(NOW)
    assert overrides.live(NOW) == ()


@pytest.mark.parametrize(
    ("value", "span", "person", "reason", "why"),
    [
        (22.0, HOUR, " ", "cold", "a person and a reason"),
        (22.0, HOUR, "Ada", "", "a person and a reason"),
        (math.nan, HOUR, "Ada", "cold", "no number"),
        (math.inf, HOUR, "Ada", "cold", "no number"),
        (22.0, timedelta(0), "Ada", "cold", "31 days"),
        (22.0, LONGEST + HOUR, "Ada", "cold", "31 days"),
    ],
)
def test_what_is_refused(value: float, span: timedelta, person: str, reason: str, why: str) -> None:
    with pytest.raises(OverrideError, match=why):
        override_of("fcu.setpoint", value, span, person, reason, NOW)
