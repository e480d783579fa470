"""Investment: sizes by hand, annuity, carbon once, nothing bought that may not be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models import StudyError
from models.casestudy.sizes import Sizes
from models.casestudy.sizing import annuity_factor
from models.casestudy.year_days import representative_days
from models.components import SEMDRPV, SEMDRBattery, SEMDRElectricDemand, SEMDRGrid, SEMDRMain

YEAR = pd.date_range("2026-01-01", "2026-12-31 23:00", freq="1h", tz="Europe/Berlin")
NO_CHARGES: dict[str, Any] = {"demand_charge": 0.0, "c_buyPeak": 0.0, "c_sell": 0.0}


def flat_load(kw: float = 100.0) -> SEMDRElectricDemand:
    return SEMDRElectricDemand(p_el=pd.Series(kw, index=YEAR), demand_flexibility=0.0)


def year_of(values: Any) -> pd.Series:
    return pd.Series(values, index=YEAR)


def test_annuity_by_the_formula() -> None:
    assert annuity_factor(0.04, 15) == pytest.approx(0.0899411)
    assert annuity_factor(0.0, 20) == pytest.approx(0.05)


def test_nothing_is_bought_at_a_constant_price(make: Any) -> None:
    sc = make(flat_load(), SEMDRBattery(), SEMDRGrid(c_buy=0.3, **NO_CHARGES), consider_invest=True)
    result = sc.solve()
    assert result["E_BES_CAPn_"] == 0.0
    assert result["C_TOT_inv_"] == 0.0
    assert result["C_TOT_"] == pytest.approx(100 * 8760 * 0.3 / 1000, rel=1e-6)
    assert "E_BES_T" not in result.table


def test_emissions_of_the_year_are_summed_once(make: Any) -> None:
    grid = SEMDRGrid(c_buy=0.3, co2_intensity=0.4, **NO_CHARGES)
    result = make(flat_load(), SEMDRBattery(), grid, consider_invest=True).solve()
    assert result["CE_TOT_"] == pytest.approx(100 * 8760 * 0.4, rel=1e-6)
    assert result.investment.co2_cost_per_a == 0.0


@pytest.mark.parametrize(("spread", "kwh"), [(0.10, 0.0), (0.60, 400.0)])
def test_a_battery_is_bought_when_a_day_pays_for_it(spread: float, kwh: float, make: Any) -> None:
    # One cycle of 80 % a day: 365 x 0.8 x (0.95 x high - low / 0.95) against 88 EUR/kWh and year.
    price = np.where(YEAR.hour.isin(range(8, 20)), 0.1 + spread, 0.1)
    battery = SEMDRBattery(
        soc_min_percent=10,
        soc_max_percent=90,
        self_discharge_per_h=0.0,
        max_cycles_per_day=1.0,
        max_new_kwh=400.0,
    )
    grid = SEMDRGrid(c_buy=year_of(price), **NO_CHARGES)
    result = make(flat_load(), battery, grid, consider_invest=True).solve()
    assert result["E_BES_CAPn_"] == pytest.approx(kwh)
    if kwh:
        yearly = 400 * 800 * annuity_factor(0.04, 15)
        assert result["C_TOT_invAnn_"] == pytest.approx(yearly / 1000)
        assert result["C_TOT_RMI_"] == pytest.approx(400 * 800 * 0.02 / 1000)
        moved = 0.8 * 400 * (0.95 * (0.1 + spread) - 0.1 / 0.95)
        before = 100 * 365 * 12 * (0.2 + spread)
        assert result["C_TOT_op_"] == pytest.approx((before - 365 * moved) / 1000, rel=2e-3)
        assert result["E_BES_T"].max() > 0


@pytest.mark.parametrize(("price", "kwp"), [(0.02, 0.0), (0.5, 50.0)])
def test_pv_fills_the_roof_where_it_pays(price: float, kwp: float, make: Any) -> None:
    roof = SEMDRPV(P_CAPx=10, A_avail_=360.0)
    grid = SEMDRGrid(c_buy=price, **NO_CHARGES)
    result = make(flat_load(), roof, grid, consider_invest=True).solve()
    assert result["P_PV_CAPn_"] == pytest.approx(kwp)
    assert any("clearness" in each.value for each in result.assumptions)


def test_only_what_may_be_bought_is(make: Any) -> None:
    dear = SEMDRGrid(c_buy=0.5, **NO_CHARGES)
    fixed = SEMDRPV(P_CAPx=10, allow_new=False)
    assert make(flat_load(), fixed, dear, consider_invest=True).solve().investment is None
    assert make(flat_load(), SEMDRPV(), dear).solve().investment is None


@pytest.mark.slow
def test_more_interest_buys_no_more(make: Any) -> None:
    found = []
    for interest in (0.02, 0.20):
        grid = SEMDRGrid(selected_tariff="RTP", c_buyPeak=0.0)
        sc = make(
            SEMDRElectricDemand(profile="G1", annual_energy=5e5, demand_flexibility=0.0),
            SEMDRBattery(),
            grid,
            SEMDRMain(interest=interest, alpha=0.0),
            consider_invest=True,
        )
        found.append(sc.solve()["E_BES_CAPn_"])
    assert found[0] > found[1] > 0


def test_a_load_beyond_the_connection_is_named(make: Any) -> None:
    grid = SEMDRGrid(c_buy=0.3, maxbuy=60.0, **NO_CHARGES)
    with pytest.raises(StudyError, match=r"SEMDRGrid\.maxbuy: .* kWh a year .* raise it"):
        make(flat_load(), SEMDRBattery(), grid, consider_invest=True).solve()


def test_days_keep_the_energy_and_the_peak_of_the_year() -> None:
    rng = np.random.default_rng(5)
    load = 100 + 40 * np.sin(YEAR.hour.to_numpy() / 24 * 6.28) + 20 * rng.random(len(YEAR))
    table = pd.DataFrame({"load_kw": load, "buy": 0.2 + 0.1 * rng.random(len(YEAR))}, index=YEAR)
    days = representative_days(table, "load_kw", frozenset({"load_kw"}))
    assert len(days) == 36
    assert sum(day.weight for day in days) == pytest.approx(365)
    energy = sum(day.weight * day.columns["load_kw"].sum() for day in days)
    assert energy == pytest.approx(load.sum(), rel=2e-3)
    mean = sum(day.weight * day.columns["buy"].mean() for day in days) / 365
    assert mean == pytest.approx(table["buy"].mean(), rel=2e-3)
    assert max(day.columns["load_kw"].max() for day in days) == pytest.approx(load.max())


def test_no_sizes_by_default() -> None:
    assert Sizes() == Sizes({}, {})
