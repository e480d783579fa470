"""A quarter hour of the fast loop: at once where nothing holds the battery, else tick by tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from dead_time_rig import envelope, flat_plan

from edge_agent.backtest.meter import FINE, Meter
from edge_agent.backtest.quarter import Quarter, fresh_charge, loop_settings, play
from edge_agent.fastloop.rehearsal import Played, Stage, rehearse
from models.forecast.history import Floats
from models.types import Battery

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
BATTERY = Battery(id="bat", capacity_kwh=200.0, charge_kw=100.0, discharge_kw=100.0)
STAGE = Stage(battery=BATTERY, connection=envelope().connection, settings=loop_settings())


def before(soc_kwh: float = 100.0) -> Played:
    return Played(soc_kwh=soc_kwh, charges=(fresh_charge("peak", AT, 900),), load_kw=80.0)


def loads(mean_kw: float) -> Floats:
    shape: Floats = mean_kw * (1 + Meter().shape(0, 1)[0])
    return shape


def quarter(mean_kw: float, planned_kw: float, target_kw: float, soc_kwh: float = 100.0) -> Quarter:
    plan = flat_plan(planned_kw, target_kw)
    return play(STAGE, before(soc_kwh), plan, planned_kw, loads(mean_kw), AT)


@pytest.mark.parametrize("planned_kw", [-40.0, 0.0, 30.0])
def test_far_from_everything_it_is_what_the_loop_gives_tick_by_tick(planned_kw: float) -> None:
    found = quarter(80.0, planned_kw, 200.0)
    plan = flat_plan(planned_kw, 200.0)
    ticked = rehearse(STAGE, before(), plan, planned_kw, loads(80.0).tolist(), AT)
    assert found.played.soc_kwh == pytest.approx(ticked.soc_kwh)
    assert found.import_kwh == pytest.approx(ticked.import_kwh)
    assert found.export_kwh == pytest.approx(ticked.export_kwh)
    assert found.played.charges[0].peak_kw == pytest.approx(ticked.charges[0].peak_kw)
    assert found.charged_kwh - found.discharged_kwh == pytest.approx(planned_kw / 4)


@pytest.mark.parametrize(("mean_kw", "tick_share"), [(118.0, 1.005), (140.0, 1.005)])
def test_near_and_over_its_target_the_block_is_kept(mean_kw: float, tick_share: float) -> None:
    found = quarter(mean_kw, 0.0, 120.0)
    assert found.import_kwh * 4 <= 120.0 * tick_share
    assert found.discharged_kwh >= max(0.0, mean_kw - 120.0) / 4 * 0.95


def test_an_empty_battery_gives_no_more_than_it_has() -> None:
    found = quarter(180.0, -100.0, 120.0, soc_kwh=22.0)
    assert found.played.soc_kwh == pytest.approx(20.0, abs=0.05)
    assert found.discharged_kwh == pytest.approx(2.0 * 0.95, abs=0.05)
    assert found.import_kwh - found.export_kwh == pytest.approx(180 / 4 - found.discharged_kwh)


def test_export_stays_inside_its_limit() -> None:
    stage = replace(STAGE, connection=replace(STAGE.connection, export_limit_kw=10.0))
    seen = replace(before(), load_kw=40.0)
    found = play(stage, seen, flat_plan(-100.0, 500.0), -100.0, np.full(FINE, 40.0), AT)
    assert found.export_kwh * 4 <= 10.0
    assert found.discharged_kwh * 4 == pytest.approx(48.0, abs=0.5)
