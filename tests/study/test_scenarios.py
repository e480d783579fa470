"""Scenarios against a reference, and many at once."""

from __future__ import annotations

import pytest

from models import CaseStudy, Scenario, StudyError
from models.components import SEMDRBattery, SEMDRElectricDemand, SEMDRGrid


def study() -> CaseStudy:
    cs = CaseStudy(name="study", freq="60min")
    cs.set_time_horizon(start="2026-03-02 00:00+01:00", steps=12)
    ref = cs.add_REF_scen()
    ref.add_component(SEMDRElectricDemand(p_el=[50.0] * 6 + [90.0] * 6, demand_flexibility=0.0))
    ref.add_component(SEMDRBattery())
    ref.add_component(SEMDRGrid(selected_tariff="FLAT", demand_charge=30.0))
    return cs


def test_a_scenario_is_compared_with_the_reference_on_its_horizon() -> None:
    cs = study()
    bigger = cs.add_scen("bigger")
    bigger.components[1].E_CAPx = 80.0
    result = bigger.solve()
    assert cs.scenarios["REF"].components[1].E_CAPx == 0.0
    assert result.reference is not None
    assert result.reference.figures["peak_kw"] == pytest.approx(90.0)
    assert result.kpis.loc["peak_kw", "saved_share"] > 0.1
    assert cs.scenarios["REF"].solve().reference is None


def test_one_scenario_for_each_combination() -> None:
    cs = study()
    made = cs.add_scens([("SEMDRBattery.E_CAPx", "E", [40.0, 80.0])], nParetoPoints=2)
    assert [each.name for each in made] == ["E40_a0", "E40_a0.99", "E80_a0", "E80_a0.99"]
    table = cs.optimize().table
    assert list(table.index) == ["REF", *(each.name for each in made)]
    assert table.loc["E80_a0", "peak_kw"] < table.loc["E40_a0", "peak_kw"] < 90.0
    assert table.loc["REF", "cost_saved_share"] == 0.0


def test_the_front_has_no_scenario_that_another_beats_in_both() -> None:
    cs = study()
    cs.add_scens([("SEMDRBattery.E_CAPx", "E", [40.0, 80.0])])
    front = cs.optimize().pareto
    assert front["cost"].is_monotonic_increasing
    assert front["co2_kg"].is_monotonic_decreasing
    assert "REF" not in front.index or front.index[-1] == "REF"


def test_names_are_unique_and_known() -> None:
    cs = study()
    with pytest.raises(StudyError, match="scenario REF: there is a scenario of that name"):
        Scenario(cs=cs, name="REF")
    with pytest.raises(StudyError, match="scenario base: not in this study; use one of: REF"):
        cs.add_scen("x", based_on="base")
    with pytest.raises(StudyError, match=r"SEMDRGrid\.speed: no such parameter"):
        cs.add_scens([("SEMDRGrid.speed", "s", [1.0])])
    with pytest.raises(StudyError, match="no scenario is solved; call optimize"):
        _ = study().table
