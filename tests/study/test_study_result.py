"""What a result holds: a closed balance, units, a bill that can be recomputed, figures."""

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


def rich() -> list[Any]:
    return [
        SEMDRElectricDemand(annual_energy=8e5),
        SEMDRHVAC(heating_cap=200, temp_sensor_ids=["north", "south"]),
        SEMDRBattery(E_CAPx=150),
        SEMDRBattery(E_CAPx=50, eta_charge=0.8),
        SEMDRPV(P_CAPx=120),
        SEMDRGrid(selected_tariff="RTP"),
        SEMDRMain(),
    ]


@pytest.fixture(scope="module")
def result() -> Any:
    from models import CaseStudy, Scenario

    cs = CaseStudy(name="rich", freq="15min")
    cs.set_time_horizon(start="2026-03-02 06:00+01:00", steps=48)
    sc = Scenario(cs=cs, name="now")
    for part in rich():
        sc.add_component(part)
    return sc.solve()


def test_the_balance_is_closed_in_every_step(result: Any) -> None:
    table = result.table
    into = table.P_EG_net_T + table.P_PV_total_T + table.P_BES_out_T + table.P_BES_2_out_T
    out = (
        table.P_eDem_actual_T
        + table.P_HVAC_heat_T
        + table.P_HVAC_cool_T
        + table.P_BES_in_T
        + table.P_BES_2_in_T
    )
    assert np.allclose(into, out, atol=1e-5)


def test_every_column_has_a_unit_and_a_meaning(result: Any) -> None:
    assert set(result.units) == set(result.table)
    assert all(result.table.attrs["docs"].values())
    assert result.units["dQ_HVAC_heat_T"] == "kW_th"
    assert result.scalars["unit"].notna().all()


def test_heating_is_thermal_and_its_electricity_follows(result: Any) -> None:
    table = result.table
    assert table.dQ_HVAC_heat_T.max() <= 200 + 1e-6
    assert table.dQ_HVAC_heat_T.sum() > 0
    assert np.allclose(table.P_HVAC_heat_T, table.dQ_HVAC_heat_T / 3.5)


def test_the_bill_recomputed_from_the_table(result: Any) -> None:
    table = result.table
    traded = table.P_EG_buy_T * table.c_EG_T - table.P_EG_sell_T * table.c_EG_sell_T
    assert traded.sum() / 4 == pytest.approx(result.costs["energy"], abs=1e-4)
    share = 120.0 / 30 + 50.0 / 305
    assert table.P_EG_buy_T.max() * share == pytest.approx(result.costs["demand"], rel=1e-4)
    assert result.objective == pytest.approx(result.costs.sum())


def test_carbon_once(result: Any) -> None:
    kilos = result.table.P_EG_buy_T.sum() / 4 * 0.468
    assert result.figures["co2_kg"] == pytest.approx(kilos)
    assert result["CE_horizon_"] == pytest.approx(kilos, rel=1e-4)
    assert result.costs["carbon"] == pytest.approx(kilos * 1000 * 0.1 / 5000 / 0.9, rel=1e-4)


def test_state_of_charge_is_percent_of_its_battery(result: Any) -> None:
    assert np.allclose(result["SOC_BES_T"], result["E_BES_T"] / 1.5)
    assert np.allclose(result["SOC_BES_2_T"], result["E_BES_2_T"] * 2)


def test_figures_stand_beside_a_rigid_site(result: Any) -> None:
    assert result.reference.name.endswith("without flexibility")
    assert "E_BES_T" not in result.reference.table
    kpis = result.kpis
    assert kpis.loc["peak_kw", "value"] < kpis.loc["peak_kw", "reference"]
    saved = kpis.loc["cost", "reference"] - kpis.loc["cost", "value"]
    assert kpis.loc["cost", "saved_share"] == pytest.approx(saved / kpis.loc["cost", "reference"])


def test_everything_not_given_is_listed(result: Any) -> None:
    words = [str(each) for each in result.assumptions]
    for part in (
        "SEMDRElectricDemand.p_el: standard profile H0, the profile of households",
        "SEMDRPV.p_pv: clear sky at 52.52, 13.405",
        "SEMDRGrid.c_buy: RTP",
        "SEMDRGrid.co2_intensity",
        "SEMDRBattery.soc_start_percent: 50 %",
        "outdoor temperature",
    ):
        assert any(text.startswith(part) for text in words), part


def test_what_is_given_is_not_assumed(make: Any) -> None:
    sc = make(
        SEMDRElectricDemand(p_el=[100.0] * 24),
        SEMDRBattery(E_CAPx=10, soc_start_percent=80),
        SEMDRGrid(c_buy=0.3, c_sell=0.1, co2_intensity=0.2, peak_so_far_month_kw=120.0),
    )
    result = sc.solve()
    assert result.assumptions == ()
    assert result["E_BES_T"].iloc[0] <= 8.0


def test_the_picture_is_a_figure_without_a_window(result: Any) -> None:
    figure = result.plot()
    assert len(figure.axes) == 4
    labels = {text.get_text() for axes in figure.axes for text in _legend(axes)}
    assert {"P_EG_buy_T", "SOC_BES_2_T", "T_HVAC_north_T", "c_EG_T"} <= labels | {"c_EG_T"}


def _legend(axes: Any) -> list[Any]:
    legend = axes.get_legend()
    return [] if legend is None else legend.get_texts()
