"""Properties of the money: what raises the bill, what never does, what carbon weighs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.components import (
    SEMDRHVAC,
    SEMDRPV,
    SEMDRBattery,
    SEMDRElectricDemand,
    SEMDRGrid,
    SEMDRMain,
)

LOAD = [60.0] * 8 + [140.0] * 10 + [60.0] * 6
PRICES = [0.1] * 6 + [0.4] * 12 + [0.1] * 6


def grid(**changes: Any) -> SEMDRGrid:
    given: dict[str, Any] = {
        "c_buy": PRICES,
        "c_sell": 0.05,
        "demand_charge": 0.0,
        "c_buyPeak": 0.0,
    }
    return SEMDRGrid(**(given | changes))


def demand(**changes: Any) -> SEMDRElectricDemand:
    given: dict[str, Any] = {"p_el": LOAD, "demand_flexibility": 0.0}
    return SEMDRElectricDemand(**(given | changes))


def test_the_month_charge_raises_the_bill_by_its_share_of_the_peak(make: Any) -> None:
    bills = [make(demand(), grid(demand_charge=rate)).solve().objective for rate in (10.0, 13.0)]
    # 2 March: one of the 30 days that are left.
    assert bills[1] - bills[0] == pytest.approx(3.0 * 140.0 / 30)


def test_the_year_charge_is_per_year(make: Any) -> None:
    bills = [make(demand(), grid(c_buyPeak=rate)).solve().objective for rate in (0.0, 50.0)]
    assert bills[1] - bills[0] == pytest.approx(50.0 * 140.0 / 305)


def test_a_peak_already_billed_costs_nothing_again(make: Any) -> None:
    charged = grid(demand_charge=10.0, peak_so_far_month_kw=150.0)
    assert make(demand(), charged).solve().costs["demand"] == pytest.approx(0.0, abs=1e-9)


def test_a_month_boundary_has_two_peaks(make: Any) -> None:
    sc = make(demand(), grid(demand_charge=31.0))
    sc.cs.set_time_horizon(start="2026-03-31 12:00+02:00", steps=24)
    # The last day of March bears all that is left of it, the first of April a thirtieth.
    assert sc.solve().costs["demand"] == pytest.approx(31.0 * 140 + 31.0 * 140 / 30)


@pytest.mark.parametrize("part", [SEMDRBattery(E_CAPx=100), SEMDRPV(P_CAPx=400)])
def test_a_battery_or_pv_never_raises_the_optimum(part: Any, make: Any) -> None:
    small_export = grid(maxsell=20.0, demand_charge=9.0)
    without = make(demand(), small_export).solve()
    with_it = make(demand(), small_export, part).solve()
    # Energy found in the store at the start is no gain of the battery's.
    begin = 50.0 * np.mean(PRICES) if isinstance(part, SEMDRBattery) else 0.0
    assert with_it.objective + begin <= without.objective + 0.01
    assert with_it["P_EG_sell_T"].max() <= 20.0 + 1e-6
    assert not ((with_it["P_EG_sell_T"] > 1e-6) & (with_it["P_EG_buy_T"] > 1e-6)).any()


def test_two_price_arbitrage_by_hand(make: Any) -> None:
    battery = SEMDRBattery(
        E_CAPx=100,
        soc_start_percent=10,
        soc_min_percent=10,
        soc_max_percent=90,
        self_discharge_per_h=0.0,
        max_cycles_per_day=1.0,
    )
    result = make(demand(), grid(c_sell=0.0), battery).solve()
    # 80 kWh bought for 0.1, sold to the load for 0.4; what is left at the end is bought again at
    # night and is worth the mean price.
    assert result["P_BES_out_T"].iloc[6:18].sum() == pytest.approx(80.0 * 0.95, rel=1e-3)
    assert result["P_BES_in_T"].iloc[:6].sum() == pytest.approx(80.0 / 0.95, rel=1e-3)


@pytest.mark.parametrize(("price", "sheds"), [(0.05, False), (0.15, True)])
def test_load_is_shed_only_above_its_penalty(price: float, *, sheds: bool, make: Any) -> None:
    flexible = demand(demand_flexibility=0.1, comfort_penalty=100.0)
    result = make(flexible, grid(c_buy=price, c_sell=0.0)).solve()
    assert bool(result["P_eDem_shed_T"].max() > 1.0) is sheds
    assert result["P_eDem_shed_T"].max() <= 0.1 * 140 + 1e-6


@pytest.mark.parametrize("steps", [6, 24, 72])
def test_carbon_weighs_the_same_in_every_horizon(steps: int, make: Any) -> None:
    flat = SEMDRElectricDemand(p_el=100.0, demand_flexibility=0.0)
    constant = grid(c_buy=0.2, co2_intensity=0.4)
    result = make(flat, constant, SEMDRMain(alpha=0.1), steps=steps).solve()
    assert result.costs["carbon"] / result.costs["energy"] == pytest.approx(
        0.4 * 1000 * 0.1 / 5000 / 0.9 / 0.2
    )
    assert result.figures["co2_kg"] == pytest.approx(40.0 * steps)


def test_the_same_answer_for_a_longer_horizon(make: Any) -> None:
    flexible = SEMDRElectricDemand(p_el=100.0, demand_flexibility=0.05, comfort_penalty=100.0)
    sheds = [
        make(flexible, grid(c_buy=0.09, c_sell=0.0), steps=steps).solve()["P_eDem_shed_T"].iloc[:6]
        for steps in (6, 24, 72)
    ]
    assert all(np.allclose(each, 0.0) for each in sheds)


def test_surplus_sun_is_given_away_when_export_is_full(make: Any) -> None:
    sun = [0.0] * 8 + [300.0] * 8 + [0.0] * 8
    result = make(demand(), grid(maxsell=20.0), SEMDRPV(P_CAPx=300, p_pv=sun)).solve()
    assert result["P_PV_curtailed_T"].max() == pytest.approx(300 - 140 - 20)
    assert result.reasons == ()


def test_occupancy_and_measured_rooms_change_the_plan(make: Any) -> None:
    outside: dict[str, Any] = {"outdoor_temp": 0.0, "gains_kw": 0.0, "resistance_k_per_kw": 0.1}
    kept = make(SEMDRHVAC(**outside)).solve()
    empty = make(SEMDRHVAC(**outside, occupancy=[0.0] * 24)).solve()
    cold = make(SEMDRHVAC(**outside, zone_temps=19.0)).solve()
    # 20 K over 0.1 K/kW, then with 4 K less asked for.
    assert kept["dQ_HVAC_heat_T"].iloc[12:].mean() == pytest.approx(200.0, rel=1e-3)
    assert empty["dQ_HVAC_heat_T"].iloc[12:].mean() == pytest.approx(180.0, rel=1e-3)
    assert cold["dQ_HVAC_heat_T"].iloc[0] > kept["dQ_HVAC_heat_T"].iloc[0]


def test_limits_that_cannot_be_kept_are_named_and_priced(make: Any) -> None:
    result = make(demand(), grid(maxbuy=100.0)).solve()
    assert result.costs["penalties"] > 0
    assert any("import" in reason.text for reason in result.reasons)


def test_less_carbon_costs_more(make: Any) -> None:
    green = [0.6] * 12 + [0.2] * 12
    battery = SEMDRBattery(E_CAPx=200, max_cycles_per_day=3)
    sc = make(demand(), grid(c_buy=0.2, co2_intensity=green), battery, SEMDRMain())
    front = sc.pareto(alphas=(0.99, 0.0))
    assert list(front.index) == [0.0, 0.99]
    assert front["co2_kg"].iloc[1] < front["co2_kg"].iloc[0]
    assert front["net_cost"].iloc[1] > front["net_cost"].iloc[0]
    assert sc.components[3].alpha == 0.1
