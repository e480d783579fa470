"""A rolling run: no look ahead, the state is carried, the bill is what was lived."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models import CaseStudy, Scenario, StudyError
from models.components import (
    SEMDRHVAC,
    SEMDRPV,
    SEMDRBattery,
    SEMDRElectricDemand,
    SEMDRGrid,
    SEMDRMain,
)

START, END = "2026-03-03 06:00+01:00", "2026-03-03 10:00+01:00"
TIMES = pd.date_range("2026-03-02", periods=3 * 96, freq="15min", tz="Europe/Berlin")
HOUR = TIMES.hour + TIMES.minute / 60
LOAD = pd.Series(100.0 + 80.0 * ((HOUR >= 8) & (HOUR < 18)), index=TIMES)


def scenario(load: pd.Series = LOAD, freq: str = "15min", **battery: Any) -> Scenario:
    cs = CaseStudy(name="roll", freq=freq)
    cs.set_rolling_horizon(horizon_hours=6)
    sc = Scenario(cs=cs, name="now")
    sc.add_component(SEMDRElectricDemand(p_el=load, demand_flexibility=0.05))
    sc.add_component(SEMDRHVAC(heating_cap=60, temp_sensor_ids=["a"]))
    sc.add_component(SEMDRBattery(**({"E_CAPx": 100} | battery)))
    sc.add_component(SEMDRPV(P_CAPx=40))
    sc.add_component(SEMDRGrid(selected_tariff="RTP", demand_charge=9.0, c_buyPeak=0.0))
    sc.add_component(SEMDRMain(alpha=0.0))
    return sc


def test_a_solve_every_quarter_hour_over_five_hours_ahead() -> None:
    run = scenario(freq="5min").run(START, "2026-03-03 07:00+01:00")
    assert len(run.ticks) == 4
    assert len(run.table) == 12
    assert {len(tick.plan.grid) for tick in run.ticks} == {60}
    gaps = run.solves.index.to_series().diff().dropna()
    assert set(gaps) == {pd.Timedelta("15min")}
    assert run.status == "optimal"


def test_longer_steps_are_solved_each() -> None:
    assert len(scenario(freq="60min").run(START, END).ticks) == 4


def test_the_balance_is_closed_with_the_actual_load() -> None:
    noisy = LOAD + np.random.default_rng(1).normal(0, 15, len(LOAD))
    table = scenario(noisy).run(START, END).table
    assert np.allclose(table.P_eDem_T, noisy.loc[table.index])
    out = table.P_eDem_actual_T + table.P_HVAC_heat_T + table.P_HVAC_cool_T + table.P_BES_in_T
    assert np.allclose(out, table.P_EG_net_T + table.P_PV_total_T + table.P_BES_out_T)


def test_the_stored_energy_is_carried_from_solve_to_solve() -> None:
    table = scenario().run(START, END).table
    before = np.concatenate(([50.0], table.E_BES_T[:-1]))
    kept = 0.999**0.25
    stored = kept * before + 0.25 * (0.95 * table.P_BES_in_T - table.P_BES_out_T / 0.95)
    assert np.allclose(stored, table.E_BES_T, atol=1e-3)
    assert table.P_BES_out_T.max() > 1.0


def test_what_comes_later_does_not_change_what_was_done() -> None:
    surprise = LOAD.copy()
    surprise[surprise.index >= pd.Timestamp("2026-03-03 08:00+01:00")] += 300.0
    ran = [scenario(load).run(START, END).table for load in (LOAD, surprise)]
    same = ran[0].index < pd.Timestamp("2026-03-03 08:00+01:00")
    assert np.allclose(ran[0].P_EG_net_T[same], ran[1].P_EG_net_T[same])
    assert not np.allclose(ran[0].P_BES_out_T[~same], ran[1].P_BES_out_T[~same])


@pytest.mark.slow
def test_a_perfect_forecast_does_look_ahead() -> None:
    surprise = LOAD.copy()
    surprise[surprise.index >= pd.Timestamp("2026-03-03 08:00+01:00")] += 300.0
    ran = [scenario(load).run(START, END, forecast="perfect").table for load in (LOAD, surprise)]
    early = ran[0].index < pd.Timestamp("2026-03-03 08:00+01:00")
    assert not np.allclose(ran[0].P_EG_net_T[early], ran[1].P_EG_net_T[early])


def test_a_given_forecast_is_used() -> None:
    wrong = scenario()
    demand = wrong.components[0]
    assert isinstance(demand, SEMDRElectricDemand)
    demand.p_el_forecast = LOAD + 0.0
    right = wrong.run(START, END)
    demand.p_el_forecast = LOAD.where(LOAD.index < pd.Timestamp(START), 20.0)
    assert right.ticks[0].plan.load_kw != wrong.run(START, END).ticks[0].plan.load_kw


def test_the_load_after_the_end_need_not_be_known() -> None:
    known = LOAD[LOAD.index < pd.Timestamp(END)]
    assert len(scenario(known).run(START, END).table) == 16
    with pytest.raises(StudyError, match=r"p_el: no value at 2026-03-03 10:00"):
        scenario(known).run(START, END, forecast="perfect")


def test_the_bill_is_of_actual_import_and_counts_each_peak_once() -> None:
    run = scenario().run(START, END)
    energy = (run.table.P_EG_buy_T * run.table.c_EG_T).sum() / 4
    energy -= (run.table.P_EG_sell_T * run.table.c_EG_sell_T).sum() / 4
    assert run.costs["energy"] == pytest.approx(energy)
    assert run.costs["demand"] == pytest.approx(9.0 / 29 * run.table.P_EG_buy_T.max())
    last = run.ticks[-1].plan.peaks_kw[0]
    assert last >= run.table.P_EG_buy_T[:-1].max() - 1e-6


@pytest.mark.slow
def test_cycles_of_a_day_are_counted_across_solves() -> None:
    run = scenario(max_cycles_per_day=0.3).run(START, "2026-03-03 20:00+01:00")
    moved = 0.25 * (0.95 * run.table.P_BES_in_T + run.table.P_BES_out_T / 0.95).sum()
    assert 1.0 < moved <= 2 * 0.3 * 100 + 0.1


def test_a_run_needs_an_hour_of_the_past() -> None:
    late = LOAD[LOAD.index >= pd.Timestamp(START)]
    with pytest.raises(
        StudyError, match=r"SEMDRElectricDemand\.p_el: no value at 2026-03-03 05:00"
    ):
        scenario(late).run(START, END)


def test_wrong_words_are_refused() -> None:
    with pytest.raises(StudyError, match="'magic' is not known; use one of own, perfect"):
        scenario().run(START, END, forecast="magic")
    with pytest.raises(StudyError, match="the run has no step"):
        scenario().run(END, START)
    with pytest.raises(StudyError, match="more than 1 h"):
        CaseStudy().set_rolling_horizon(horizon_hours=1)


def test_a_run_can_be_compared_and_drawn() -> None:
    plain, flexible = scenario(E_CAPx=0).run(START, END), scenario().run(START, END)
    table = flexible.compare(plain)
    assert table.loc["peak_kw", "value"] <= table.loc["peak_kw", "reference"]
    assert flexible.plot().axes


def test_the_months_peak_is_carried_and_not_paid_again() -> None:
    early = LOAD.where(LOAD.index >= pd.Timestamp("2026-03-03 07:00+01:00"), 400.0)
    early[early.index >= pd.Timestamp("2026-03-03 07:00+01:00")] = 60.0
    run = scenario(early, E_CAPx=0).run(START, END)
    lived = run.table.P_EG_buy_T.max()
    assert lived > 300
    last = run.ticks[-1].plan
    assert last.peaks_kw[0] == pytest.approx(lived)
    assert last.cost.demand == pytest.approx(0.0, abs=1e-6)
