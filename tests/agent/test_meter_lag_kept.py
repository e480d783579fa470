"""How late the meter is outlives a restart, and only for the very same meter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_house import write_site

from edge_agent.control_memory import LAG_KEY, ControlMemory
from edge_agent.fastloop.lag import Lag
from edge_agent.meters_of import meter_mark
from edge_agent.notes import Notebook
from edge_agent.site.load import load_site
from edge_agent.store.store import Store

KNOWN = Lag(low_s=3.0, high_s=6.0, known=True)


async def test_a_lag_is_believed_of_the_same_meter_alone(store: Store) -> None:
    notes = Notebook(store)
    before = ControlMemory(notes)
    await before.load("meter a")
    assert not before.lag.known
    before.lag = KNOWN
    await before.save()
    for meter, lag in (("meter a", KNOWN), ("meter b", Lag())):
        after = ControlMemory(notes)
        await after.load(meter)
        assert after.lag == lag


@pytest.mark.parametrize(
    "kept",
    ['{"low_s": 3, "high_s": 6}', '{"low_s": null, "high_s": 6, "meter": "a"}', "[]", "no json"],
)
async def test_what_does_not_say_of_which_meter_it_is_is_not_believed(
    kept: str, store: Store
) -> None:
    notes = Notebook(store)
    assert await notes.state_put(LAG_KEY, kept)
    memory = ControlMemory(notes)
    await memory.load("a")
    assert memory.lag == Lag()


def _mark(folder: Path, **changes: object) -> str:
    def change(site: dict[str, Any]) -> None:
        meter = site["devices"][0]
        for key, value in changes.items():
            if key == "url":
                site["links"][meter["link"]]["url"] = value
            else:
                meter[key] = value

    return meter_mark(load_site(write_site(folder, change=change)).site)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"location": "cellar", "poll_s": 5, "stale_s": 40}, True),
        ({"unit": 9}, False),
        ({"profile": "carlo_gavazzi_em340"}, False),
        ({"url": "tcp://127.0.0.9:502"}, False),
    ],
)
def test_address_and_map_tell_one_meter_from_another(
    changes: dict[str, object], tmp_path: Path, *, same: bool
) -> None:
    assert (_mark(tmp_path, **changes) == _mark(tmp_path)) is same
