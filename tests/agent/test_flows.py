"""The balance for people to look at: measured beside planned, unknown stays unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from field_images import NOW, snapshot
from plans import plan
from small_house import furnished, write_site

from edge_agent.flows import KEEP_MIN, FlowLog, flow
from edge_agent.site.load import LoadedSite, load_site
from models.types import PlanSource

MEASURED: dict[str, float | None] = {
    "meter.power": 60.0,
    "battery.soc": 40.0,
    "battery.power": -8.0,
    "inverter.ac_power": 20.0,
    "chiller.power": 6.0,
}


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSite:
    return load_site(write_site(tmp_path, change=furnished))


def test_the_load_is_the_rest_of_the_balance(loaded: LoadedSite) -> None:
    now = flow(loaded.site, snapshot(MEASURED), None)
    assert (now.at, now.grid_kw, now.pv_kw, now.battery_kw) == (NOW, 60.0, 20.0, -8.0)
    assert (now.hvac_kw, now.load_kw, now.soc_percent) == (6.0, 82.0, 40.0)
    assert (now.planned_grid_kw, now.planned_battery_kw, now.planned_soc_percent) == (None,) * 3


@pytest.mark.parametrize("key", ["meter.power", "battery.power", "inverter.ac_power"])
def test_a_missing_part_leaves_the_load_unknown(loaded: LoadedSite, key: str) -> None:
    assert flow(loaded.site, snapshot(MEASURED | {key: None}), None).load_kw is None


def test_without_a_meter_of_its_own_the_plant_is_part_of_the_load(paper: LoadedSite) -> None:
    now = flow(paper.site, snapshot(MEASURED), None)
    assert (now.hvac_kw, now.load_kw) == (None, 88.0)


def test_a_bare_site_has_a_load_all_the_same(tmp_path: Path) -> None:
    def bare(site: dict[str, Any]) -> None:
        for part in ("battery", "pv", "hvac"):
            del site["assets"][part]

    loaded = load_site(write_site(tmp_path, change=bare))
    now = flow(loaded.site, snapshot(MEASURED), plan(batteries=()))
    assert (now.load_kw, now.pv_kw, now.battery_kw, now.soc_percent) == (60.0, None, None, None)
    assert (now.planned_grid_kw, now.planned_battery_kw) == (70.0, None)
    assert now.planned_soc_percent is None


def test_planned_beside_measured_while_the_plan_lasts(loaded: LoadedSite) -> None:
    in_force = plan()
    now = flow(loaded.site, snapshot(MEASURED), in_force)
    assert (now.planned_grid_kw, now.planned_battery_kw) == (70.0, 10.04)
    assert now.planned_soc_percent == pytest.approx(52.5)
    over = snapshot(MEASURED, now=in_force.grid.end)
    assert flow(loaded.site, over, in_force).planned_grid_kw is None


def test_a_safe_plan_without_numbers_plans_nothing(loaded: LoadedSite) -> None:
    empty = plan(PlanSource.SAFE, grid_kw=(), load_kw=(), hvac_kw=(), batteries=())
    now = flow(loaded.site, snapshot(MEASURED), empty)
    assert (now.planned_grid_kw, now.planned_battery_kw, now.planned_soc_percent) == (None,) * 3


def test_the_log_keeps_one_flow_a_minute_for_a_day(loaded: LoadedSite) -> None:
    log, first = FlowLog(), flow(loaded.site, snapshot(MEASURED), None)
    for second in range(0, 180, 5):
        log.post(replace(first, at=NOW + timedelta(seconds=second)))
    assert [kept.at for kept in log.minutes] == [NOW + timedelta(minutes=m) for m in range(3)]
    for minute in range(KEEP_MIN + 10):
        log.post(replace(first, at=NOW + timedelta(minutes=minute)))
    assert len(log.minutes) == KEEP_MIN
    assert log.minutes[-1].at == NOW + timedelta(minutes=KEEP_MIN + 9)
