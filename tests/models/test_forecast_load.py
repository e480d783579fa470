from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.forecast.history import Floats, History, windows
from models.forecast.load import forecast_load
from models.forecast.temperature import forecast_temperature
from models.types import ReasonCode, TimeGrid, graded_grid

NOW = datetime(2026, 7, 8, 6, 0, tzinfo=UTC)
QUARTER_S = 900


def _history(days: float, wave: Floats | None = None) -> History:
    """A daily sine around 100 up to NOW, or the given values up to NOW."""
    slots = round(days * 96)
    start = NOW - timedelta(seconds=slots * QUARTER_S)
    if wave is None:
        hours = (start.timestamp() + QUARTER_S * (np.arange(slots) + 0.5)) / 3600
        wave = 100 + 50 * np.sin(hours / 24 * 2 * math.pi)
    return History(start, QUARTER_S, wave)


def _truth(grid: TimeGrid) -> Floats:
    starts, ends = windows(grid)
    result: Floats = 100 + 50 * np.sin((starts + ends) / 2 / 86400 * 2 * math.pi)
    return result


@pytest.mark.parametrize("days", [1, 7, 10])
def test_a_repeating_day_is_foreseen(days: int) -> None:
    grid = graded_grid(NOW)
    outlook = forecast_load(_history(days), grid)
    assert outlook is not None
    assert outlook.reasons == ()
    assert outlook.series == pytest.approx(_truth(grid).tolist(), abs=2.0)


def test_the_present_error_fades() -> None:
    """The last two hours ran 30 kW high: the first step keeps it, after 6 h 1/e is left."""
    past = _history(8)
    values = past.values.copy()
    values[-8:] += 30
    grid = graded_grid(NOW)
    high = forecast_load(History(past.start, QUARTER_S, values), grid)
    plain = forecast_load(past, grid)
    assert high is not None
    assert plain is not None
    gaps = np.array(high.series) - np.array(plain.series)
    assert gaps[0] == pytest.approx(30, rel=0.02)
    at_six = grid.step_at(NOW + timedelta(hours=6))
    assert at_six is not None
    assert gaps[at_six] == pytest.approx(30 / math.e, rel=0.05)
    assert (np.diff(gaps[:80]) < 0).all()


def test_missing_is_never_zero() -> None:
    """Half of yesterday was not measured: last week stands alone there, no dip towards 0."""
    past = _history(8)
    values = past.values.copy()
    values[-96:-48] = np.nan
    outlook = forecast_load(History(past.start, QUARTER_S, values), graded_grid(NOW))
    assert outlook is not None
    assert outlook.series == pytest.approx(_truth(graded_grid(NOW)).tolist(), abs=2.0)


def test_first_hours_are_assumed() -> None:
    """Three hours of history: only tomorrow's last three hours have a yesterday."""
    values = np.array([40.0] * 8 + [80.0] * 4)
    outlook = forecast_load(_history(3 / 24, values), graded_grid(NOW))
    assert outlook is not None
    assert [reason.code for reason in outlook.reasons] == [ReasonCode.ASSUMED]
    assert "100 of 112 steps" in outlook.reasons[0].text
    assert outlook.series[0] == pytest.approx(80.0, rel=0.02)
    assert outlook.series[99] == pytest.approx(np.mean(values), rel=0.03)
    assert outlook.series[-1] == pytest.approx(80.0, rel=0.02)


def test_a_stale_meter_is_named() -> None:
    past = _history(8)
    values = past.values.copy()
    values[-20:] = np.nan
    outlook = forecast_load(History(past.start, QUARTER_S, values), graded_grid(NOW))
    assert outlook is not None
    assert ReasonCode.INPUT_STALE in {reason.code for reason in outlook.reasons}


def test_nothing_usable_is_none() -> None:
    grid = graded_grid(NOW)
    assert forecast_load(_history(1, np.full(96, np.nan)), grid) is None
    assert forecast_load(_history(0, np.array([])), grid) is None
    old = History(NOW - timedelta(days=60), QUARTER_S, np.full(96, 50.0))
    assert forecast_load(old, grid) is None


def test_history_refuses_naive_time_and_infinity() -> None:
    with pytest.raises(ValueError, match="aware UTC"):
        History(NOW.replace(tzinfo=None), QUARTER_S, np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        History(NOW, QUARTER_S, np.array([1.0, np.inf]))


def test_a_window_mostly_unmeasured_has_no_mean() -> None:
    past = History(NOW, QUARTER_S, np.array([10.0, np.nan, np.nan, 30.0]))
    hour = timedelta(hours=1)
    assert past.mean(NOW, NOW + hour) == pytest.approx(20.0)
    assert past.mean(NOW, NOW + hour * 0.75) is None
    assert past.mean(NOW - hour, NOW) is None
    assert past.mean(NOW + 4 * hour, NOW + 5 * hour) is None


def test_temperature_follows_yesterday_and_today() -> None:
    grid = graded_grid(NOW)
    past = _history(1)
    values = past.values.copy()
    warmer = forecast_temperature(History(past.start, QUARTER_S, values), grid)
    assert warmer is not None
    assert warmer.series == pytest.approx(_truth(grid).tolist(), abs=2.0)
    assert warmer.reasons == ()


def test_temperature_of_one_hour_is_held_and_assumed() -> None:
    outlook = forecast_temperature(_history(1 / 24, np.full(4, 17.5)), graded_grid(NOW))
    assert outlook is not None
    assert set(outlook.series) == {17.5}
    assert outlook.reasons[0].code is ReasonCode.ASSUMED


def test_temperature_without_today_rests_on_yesterday_or_is_none() -> None:
    grid = graded_grid(NOW)
    past = _history(2)
    values = past.values.copy()
    values[-20:] = np.nan
    outlook = forecast_temperature(History(past.start, QUARTER_S, values), grid)
    assert outlook is not None
    assert outlook.reasons[0].code is ReasonCode.INPUT_STALE
    values[-96:] = np.nan
    values[: 96 // 2] = np.nan
    assert forecast_temperature(History(past.start, QUARTER_S, values), grid) is None
    assert forecast_temperature(_history(1, np.full(96, np.nan)), grid) is None
