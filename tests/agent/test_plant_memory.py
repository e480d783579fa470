"""What is done, shed, turned over and full, look by look and over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from field_images import NOW, snapshot
from plans import plan
from pool_house import MEASURED, pool_house

from edge_agent.notes import Notebook
from edge_agent.plant_memory import KEY, LONGEST_S, Kept, PlantMemory, advance
from edge_agent.site.load import LoadedSite
from edge_agent.store.store import Store
from models.types import Plan, ShedPlan, ShedState, TimeGrid

BERLIN = ZoneInfo("Europe/Berlin")
OPENS = datetime.fromisoformat("2026-06-01T04:00:00+00:00")
"""6 o'clock local time."""


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSite:
    return pool_house(tmp_path)


def looked(
    loaded: LoadedSite,
    kept: Kept,
    looks: list[tuple[float, Mapping[str, float | None]]],
    made: Plan | None = None,
) -> Kept:
    """After looks at so many seconds past noon, each with what differs from the usual."""
    for second, values in looks:
        seen = snapshot(MEASURED | dict(values), now=NOW + timedelta(seconds=second))
        kept = advance(kept, loaded.site, BERLIN, (seen, made))
    return kept


def every_10_s(
    count: int, values: Mapping[str, float | None]
) -> list[tuple[float, Mapping[str, float | None]]]:
    return [(10.0 * index, values) for index in range(count + 1)]


def test_hours_of_running_are_work_whatever_the_pump_takes(loaded: LoadedSite) -> None:
    """A quarter of an hour at 3.6 of 4 kW is a quarter of an hour at full power."""
    kept = looked(loaded, Kept(), every_10_s(90, {"pool.pump": 1.0, "pool.power": 3.6}))
    assert kept.done_kwh("pool", OPENS) == pytest.approx(1.0)
    assert kept.running_since == {"pool": NOW}


def test_what_is_measured_counts_before_what_is_switched(loaded: LoadedSite) -> None:
    """A pump whose breaker is off stands still though its switch is on."""
    kept = looked(loaded, Kept(), every_10_s(90, {"pool.pump": 1.0, "pool.power": 0.0}))
    assert kept.done_kwh("pool", OPENS) == 0.0
    assert kept.running_since == {}


@pytest.mark.parametrize(("pump", "done_kwh"), [(1.0, 1.0), (0.0, 0.0), (None, 0.0)])
def test_without_a_meter_the_switch_tells(
    loaded: LoadedSite, pump: float | None, done_kwh: float
) -> None:
    kept = looked(loaded, Kept(), every_10_s(90, {"pool.pump": pump, "pool.power": None}))
    assert kept.done_kwh("pool", OPENS) == pytest.approx(done_kwh)


def test_an_unseen_gap_and_a_clock_set_back_are_no_work(loaded: LoadedSite) -> None:
    on = {"pool.power": 4.0}
    kept = looked(loaded, Kept(), [(0, on), (LONGEST_S + 1, on), (LONGEST_S - 60, on)])
    assert kept.done_kwh("pool", OPENS) == 0.0


def test_a_run_ends(loaded: LoadedSite) -> None:
    kept = looked(loaded, Kept(), [(0, {"pool.power": 4.0}), (10, {}), (20, {"pool.power": 4.0})])
    assert kept.running_since == {"pool": NOW + timedelta(seconds=20)}


def test_a_clock_set_back_leaves_nothing_that_is_still_to_come(loaded: LoadedSite) -> None:
    """A start that lies ahead would hold a pump to its shortest run until that moment comes."""
    full = {"pool.power": 4.0, "battery.soc": 95.0}
    kept = looked(loaded, Kept(), [(7 * 86400.0, full)])
    back = looked(loaded, kept, [(0, {"pool.power": 4.0})])
    assert back.running_since == {"pool": NOW}
    assert back.full_at == {}


def test_work_outside_the_window_is_nobodys_job(loaded: LoadedSite) -> None:
    night = 9 * 3600.0  # 23 o'clock local time
    kept = looked(loaded, Kept(), [(night, {}), (night + 60, {"pool.power": 4.0})])
    assert kept.done == ()


def test_throughput_of_the_local_day(loaded: LoadedSite) -> None:
    """An hour at 38 kW out of the battery takes 40 kWh out of its cells (0.95)."""
    out = {"battery.power": -38.0}
    kept = looked(loaded, Kept(), [(60.0 * minute, out) for minute in range(61)])
    assert kept.turned_kwh == {"bat": pytest.approx(40.0)}
    midnight = looked(loaded, kept, [(10 * 3600.0, {}), (10 * 3600.0 + 60, out)])
    assert midnight.turned_kwh == {"bat": pytest.approx(40.0 / 60)}


@pytest.mark.parametrize(("soc", "full"), [(94.0, {"bat": NOW}), (93.9, {})])
def test_full_is_the_end_of_the_window(
    loaded: LoadedSite, soc: float, full: dict[str, datetime]
) -> None:
    assert looked(loaded, Kept(), [(0, {"battery.soc": soc})]).full_at == full


SHED = plan(
    grid=TimeGrid(start=NOW, step_s=(900, 900)),
    sheds=(ShedPlan(id="saunas", shed_kw=(6.0, 0.0), rebound_kw=(0.0, 0.0)),),
)


def test_a_group_that_is_shed_then_rests_and_pays_back(loaded: LoadedSite) -> None:
    off = {"spa.sauna": 0.0}
    shed = looked(loaded, Kept(), every_10_s(89, off), SHED).sheds["saunas"]
    assert shed.active_s == pytest.approx(890, abs=2)
    assert shed.cooling_s == 0.0
    assert shed.backlog_kwh == pytest.approx(0.5 * 6.0 * 890 / 3600)
    looks: list[tuple[float, Mapping[str, float | None]]] = [*every_10_s(89, off), (900, {})]
    rest = looked(loaded, Kept(), looks, SHED)
    assert rest.sheds["saunas"].active_s == 0.0
    assert rest.sheds["saunas"].cooling_s == 3600.0
    later = looked(loaded, rest, [(1000, {}), (1100, {})], SHED).sheds["saunas"]
    assert later.cooling_s == pytest.approx(3400.0)
    assert 0 < later.backlog_kwh < shed.backlog_kwh


def test_a_group_that_is_not_seen_counts_as_shed_while_the_plan_sheds_it(
    loaded: LoadedSite,
) -> None:
    """Otherwise each plan would begin anew, and the group be shed for longer than it may."""
    off, lost = {"spa.sauna": 0.0}, {"spa.sauna": None}
    shed = looked(loaded, Kept(), [*every_10_s(10, off), (110, lost), (120, off)], SHED)
    assert shed.sheds["saunas"].active_s == pytest.approx(120, abs=2)
    assert shed.sheds["saunas"].cooling_s == 0.0
    unseen = looked(loaded, Kept(), every_10_s(3, lost), SHED)
    assert unseen.sheds["saunas"].active_s == pytest.approx(30, abs=2)
    assert looked(loaded, Kept(), every_10_s(3, lost)).sheds == {}
    assert looked(loaded, shed, [(130, {})], SHED).sheds["saunas"].cooling_s == 3600.0


def test_a_group_that_is_still_on_is_not_shed(loaded: LoadedSite) -> None:
    assert looked(loaded, Kept(), every_10_s(3, {}), SHED).sheds == {}


async def test_a_restart_forgets_nothing(loaded: LoadedSite, store: Store) -> None:
    notes, memory = Notebook(store), PlantMemory(loaded.site)
    await memory.load(notes)
    for second in range(0, 120, 10):
        now = NOW + timedelta(seconds=second)
        memory.see(snapshot(MEASURED | {"pool.power": 4.0, "spa.sauna": 0.0}, now=now), SHED)
    await memory.save(notes)
    again = PlantMemory(loaded.site)
    await again.load(notes)
    assert again.kept == memory.kept
    assert again.kept.done_kwh("pool", OPENS) > 0
    assert isinstance(again.kept.sheds["saunas"], ShedState)


async def test_what_cannot_be_read_is_forgotten(loaded: LoadedSite, store: Store) -> None:
    notes = Notebook(store)
    await notes.state_put(KEY, '{"done": 3}')
    memory = PlantMemory(loaded.site)
    await memory.load(notes)
    assert memory.kept == Kept()
