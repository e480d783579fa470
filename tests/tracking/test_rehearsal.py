"""The loop over a known load: blocks kept, energy balanced, the battery inside its window."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dead_time_figures import noise_kw
from dead_time_rig import NOON, envelope, flat_plan

from edge_agent.billing import open_block
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.rehearsal import Played, Stage, rehearse
from models.types import Battery

BATTERY = Battery(id="bat", capacity_kwh=200.0, charge_kw=100.0, discharge_kw=100.0)


def played(
    loads_kw: list[float],
    tick_s: float,
    planned_kw: float = 0.0,
    peak_kw: float | None = 100.0,
    soc_kwh: float = 100.0,
) -> Played:
    stage = Stage(
        battery=BATTERY,
        connection=envelope().connection,
        settings=LoopSettings(tick_s=tick_s),
    )
    block = open_block(NOON, 900)
    before = Played(
        soc_kwh=soc_kwh,
        charges=(Charge(id="peak", peak_kw=0.0, block=block),),
        load_kw=loads_kw[0],
    )
    return rehearse(stage, before, flat_plan(planned_kw, peak_kw), planned_kw, loads_kw, NOON)


@pytest.mark.parametrize(("tick_s", "kept"), [(5.0, 0.99), (60.0, 0.87)])
def test_no_block_is_billed_above_its_target(tick_s: float, kept: float) -> None:
    noise = noise_kw(11, int(3600 / tick_s), 10.0, kept)
    after = played([115.0 + kw for kw in noise], tick_s)
    assert 95 < after.charges[0].peak_kw <= 100.5
    plain_kwh = sum(115.0 + kw for kw in noise) * tick_s / 3600
    given_kwh = (100.0 - after.soc_kwh) * BATTERY.discharge_efficiency
    assert after.import_kwh - after.export_kwh == pytest.approx(plain_kwh - given_kwh)


def test_without_a_target_the_plan_is_played_as_it_is() -> None:
    after = played([50.0] * 45, 60.0, planned_kw=-80.0, peak_kw=None)
    assert after.battery_kw == -80.0
    assert after.export_kwh == pytest.approx(22.5)
    assert after.soc_kwh == pytest.approx(100.0 - 60.0 / 0.95)


@pytest.mark.parametrize(("planned_kw", "end_kwh"), [(-100.0, 20.0), (100.0, 190.0)])
def test_the_battery_stays_in_its_window(planned_kw: float, end_kwh: float) -> None:
    after = played([50.0] * 180, 60.0, planned_kw=planned_kw, peak_kw=None)
    assert after.soc_kwh == pytest.approx(end_kwh)
    assert after.battery_kw == pytest.approx(0.0, abs=1e-6)


def test_blocks_close_at_their_end() -> None:
    after = played([80.0] * 16, 60.0)
    assert after.charges[0].peak_kw == pytest.approx(80.0)
    assert after.charges[0].block.start == NOON + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("soc_kwh", "planned_kw", "power_kw"),
    [(189.0, 100.0, 60 / 0.95), (21.0, -100.0, -60 * 0.95), (189.0, -100.0, -100.0)],
)
def test_the_last_of_it_is_taken_in_one_tick(
    soc_kwh: float, planned_kw: float, power_kw: float
) -> None:
    after = played([50.0], 60.0, planned_kw, None, soc_kwh)
    assert after.battery_kw == pytest.approx(power_kw)
