"""Series: by time or by step, before or after adding, never made up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models import StudyError
from models.components import SEMDRElectricDemand

TIMES = pd.date_range("2026-03-02", periods=24, freq="1h", tz="Europe/Berlin")
RISING = pd.Series(np.arange(24.0) + 50.0, index=TIMES)


def test_a_series_counts_before_and_after_adding(make: Any) -> None:
    before = make(SEMDRElectricDemand(p_el=RISING, demand_flexibility=0))
    after = make(SEMDRElectricDemand(demand_flexibility=0))
    after.components[0].p_el = RISING
    assert before.solve()["P_eDem_T"].tolist() == RISING.tolist()
    assert after.solve()["P_eDem_T"].tolist() == RISING.tolist()


def test_another_zone_is_the_same_series(make: Any) -> None:
    sc = make(SEMDRElectricDemand(p_el=RISING.tz_convert("UTC")))
    assert sc.solve()["P_eDem_T"].tolist() == RISING.tolist()


def test_finer_series_are_averaged_and_coarser_ones_hold(make: Any) -> None:
    quarters = RISING.resample("15min").ffill() + np.tile([0.0, 4.0], 47)[:93]
    fine = make(SEMDRElectricDemand(p_el=quarters), steps=23).solve()["P_eDem_T"]
    assert fine.tolist() == (RISING + 2.0).tolist()[:23]
    coarse = make(SEMDRElectricDemand(p_el=RISING), freq="15min", steps=8).solve()["P_eDem_T"]
    assert coarse.tolist() == [50.0] * 4 + [51.0] * 4


def test_a_plain_list_has_one_number_per_step(make: Any) -> None:
    assert make(SEMDRElectricDemand(p_el=[5.0] * 24)).solve()["P_eDem_T"].tolist() == [5.0] * 24
    with pytest.raises(StudyError, match="23 values where 24 steps are due"):
        make(SEMDRElectricDemand(p_el=[5.0] * 23)).solve()


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (RISING.tz_localize(None), r"times of the series have no zone; series\.tz_localize"),
        (RISING.reset_index(drop=True), "the series has no times"),
        (RISING.iloc[:12], r"no value at 2026-03-02 12:00:00\+01:00 \(12 of 24 steps\)"),
        (RISING.where(RISING != 53.0), r"no value at 2026-03-02 03:00:00\+01:00 \(1 of 24"),
        ("soon", "str is no series; give a number, a list"),
    ],
)
def test_what_cannot_be_used_is_named(series: Any, words: str, make: Any) -> None:
    with pytest.raises(StudyError, match=words):
        make(SEMDRElectricDemand(p_el=series)).solve()


def test_the_horizon_begins_with_the_series(make: Any) -> None:
    sc = make(SEMDRElectricDemand(p_el=RISING), steps=24)
    sc.cs = type(sc.cs)(name="free", freq="60min")
    assert sc.solve().table.index[0] == TIMES[0]


def test_a_naive_start_is_refused(make: Any) -> None:
    with pytest.raises(StudyError, match=r"2026-03-02 .* has no time zone"):
        make(SEMDRElectricDemand()).cs.set_time_horizon(start="2026-03-02 00:00", steps=4)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_of_the_clock_change(day: str, hours: int, make: Any) -> None:
    sc = make(SEMDRElectricDemand())
    start = pd.Timestamp(day, tz="Europe/Berlin")
    sc.cs.set_time_horizon(start=start, end=start + pd.DateOffset(days=1))
    result = sc.solve()
    assert len(result.table) == hours
    assert len(set(result.table.index)) == hours
