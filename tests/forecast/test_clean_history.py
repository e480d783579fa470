"""What the gateway does itself is not learnt: the same forecast with it and without it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from load_story import START, history, own_calendar, story_kw

from models.forecast.clean import Actions, SiteSeries, clean, without_half_slots
from models.forecast.history import Floats
from models.forecast.load import LoadSight, forecast_load
from models.forecast.load_fit import fit_load
from models.forecast.load_rows import Past
from models.types import even_grid

DAYS = 42
HOURS = np.arange(DAYS * 24)


def _forecast(load: Floats) -> Floats:
    own = own_calendar(DAYS)
    learnt = fit_load(Past(history(load), own), (1.0, 4.0, 12.0, 24.0))
    assert learnt is not None
    grid = even_grid(START + timedelta(days=DAYS), 60, 24)
    outlook = forecast_load(history(load), grid, LoadSight(learnt, own))
    assert outlook is not None
    return np.array(outlook.series)


def test_the_forecast_does_not_learn_battery_pv_and_shedding() -> None:
    """Every evening the battery discharges and load is shed: only the meter shows it."""
    load = story_kw(DAYS)
    evening = (HOURS % 24 >= 16) & (HOURS % 24 < 18)
    battery = np.where(evening, -30.0, np.where(HOURS % 24 < 2, 30.0, 0.0))
    shed = np.where(evening, 12.0, 0.0)
    pv = np.maximum(0.0, 40.0 * np.sin((HOURS % 24 - 6) / 12 * np.pi))
    meter = load - shed + battery - pv
    series = SiteSeries(meter_kw=meter, battery_kw={"bat": battery}, pv_kw={"roof": pv})
    cleaned = clean(series, Actions(shed_kw=shed))
    assert cleaned.load_kw == pytest.approx(load)
    assert _forecast(cleaned.load_kw) == pytest.approx(_forecast(load), abs=1e-6)
    taught = _forecast(meter + pv)  # as if battery and shedding were the house's own habit
    assert np.abs(taught - _forecast(load)).max() > 20.0


def test_a_shed_of_unknown_size_is_a_gap_and_not_a_low_load() -> None:
    load = np.full(6, 50.0)
    shed = np.array([0.0, 0.0, np.nan, np.nan, 0.0, 0.0])
    cleaned = clean(SiteSeries(meter_kw=load - np.array([0, 0, 9, 9, 0, 0])), Actions(shed_kw=shed))
    assert np.isnan(cleaned.load_kw).tolist() == [False, False, True, True, False, False]


def test_what_comes_back_after_a_shed_is_not_learnt_either() -> None:
    meter = np.array([50.0, 40.0, 56.0, 50.0])
    cleaned = clean(SiteSeries(meter_kw=meter), Actions(shed_kw=np.array([0.0, 10.0, -6.0, 0.0])))
    assert cleaned.load_kw.tolist() == [50.0, 50.0, 50.0, 50.0]


def test_a_setback_leaves_the_load_out_where_the_plant_is_not_metered() -> None:
    setback = np.array([False, True, False, False])
    meter = np.array([50.0, 30.0, 50.0, 50.0])
    unmetered = clean(SiteSeries(meter_kw=meter), Actions(setback=setback))
    assert np.isnan(unmetered.load_kw).tolist() == setback.tolist()
    plant = np.array([20.0, 0.0, 20.0, 20.0])
    metered = clean(SiteSeries(meter_kw=meter, plant_kw=plant), Actions(setback=setback))
    assert metered.load_kw.tolist() == [30.0, 30.0, 30.0, 30.0]
    assert metered.plant_kw is not None
    assert np.isnan(metered.plant_kw).tolist() == setback.tolist()


def test_curtailed_power_shows_nothing_of_the_sun_but_belongs_to_the_balance() -> None:
    made = np.array([20.0, 5.0, 20.0])
    cleaned = clean(
        SiteSeries(meter_kw=60.0 - made, pv_kw={"roof": made}),
        Actions(curtailed={"roof": np.array([False, True, False])}),
    )
    assert cleaned.load_kw.tolist() == [60.0, 60.0, 60.0]
    assert np.isnan(cleaned.pv_kw["roof"]).tolist() == [False, True, False]


def test_a_missing_part_is_a_gap_never_zero() -> None:
    meter, battery = np.array([60.0, 60.0, np.nan, 60.0]), np.array([5.0, np.nan, 5.0, 5.0])
    cleaned = clean(SiteSeries(meter_kw=meter, battery_kw={"bat": battery}), Actions())
    assert np.isnan(cleaned.load_kw).tolist() == [False, True, True, False]
    assert cleaned.load_kw[[0, 3]].tolist() == [55.0, 55.0]


def test_half_filled_slots_after_a_gap_are_left_out() -> None:
    values = np.array(
        [5.0, 10.0, 10.0, np.nan, 5.2, 10.0, np.nan, 9.0, 10.0, 5.0, 10.0, np.nan, 4.0]
    )
    kept = np.isfinite(without_half_slots(values))
    wrong = [0, 4]  # a low value amid measured ones, and one without a successor, stay
    assert [i for i in range(len(values)) if np.isfinite(values[i]) and not kept[i]] == wrong
