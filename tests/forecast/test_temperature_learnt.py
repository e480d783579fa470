from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.forecast.calendar import Calendar, calendar
from models.forecast.history import Floats, History, windows
from models.forecast.learnt import LearntTemperature
from models.forecast.load_rows import Past
from models.forecast.temperature import TemperatureSight, forecast_temperature
from models.forecast.temperature_fit import fit_temperature
from models.types import ReasonCode, TimeGrid, even_grid

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 60


def course_c(days: int) -> Floats:
    """Warm afternoons on air masses that come and go with chance."""
    hours = np.arange(days * 24) + 0.5
    steps = np.random.default_rng(11).normal(0.0, 0.35, len(hours))
    air = np.zeros(len(hours))
    for place in range(1, len(hours)):
        air[place] = 0.985 * air[place - 1] + steps[place]
    course: Floats = 9.0 + 4.0 * np.sin((hours - 9) / 12 * np.pi) + air
    return course


def own_calendar() -> Calendar:
    first_s = START.timestamp()
    return calendar(ZoneInfo("Europe/Berlin"), first_s, first_s + 100 * 86_400, ())


def past(hours: int) -> History:
    return History(START, 3600, course_c(DAYS + 20)[:hours])


def grid_at(hours: int) -> TimeGrid:
    return even_grid(START + timedelta(hours=hours), 60, 24)


def truth(hours: int) -> Floats:
    return course_c(DAYS + 20)[hours : hours + 24]


@pytest.fixture(scope="module")
def learnt() -> LearntTemperature:
    found = fit_temperature(Past(past(DAYS * 24), own_calendar()))
    assert found is not None
    return found


def test_it_beats_yesterday_on_days_to_come(learnt: LearntTemperature) -> None:
    own, yesterday = [], []
    for hours in range(DAYS * 24, (DAYS + 18) * 24, 7):
        outlook = forecast_temperature(
            past(hours), grid_at(hours), TemperatureSight(learnt, own_calendar())
        )
        assert outlook is not None
        own.append(np.abs(np.array(outlook.series) - truth(hours)).mean())
        yesterday.append(np.abs(course_c(DAYS + 20)[hours - 24 : hours] - truth(hours)).mean())
    assert np.mean(own) < 0.9 * np.mean(yesterday)


def test_a_weather_forecast_is_freed_of_its_bias() -> None:
    hours = DAYS * 24
    weather = History(START, 3600, course_c(DAYS + 20) + 2.5)
    outlook = forecast_temperature(past(hours), grid_at(hours), weather=weather)
    assert outlook is not None
    assert outlook.series == pytest.approx(truth(hours).tolist(), abs=1e-6)
    assert outlook.reasons == ()


def test_a_forecast_of_another_place_is_not_bent_to_fit() -> None:
    hours = DAYS * 24
    weather = History(START, 3600, course_c(DAYS + 20) + 40.0)
    outlook = forecast_temperature(past(hours), grid_at(hours), weather=weather)
    assert outlook is not None
    assert np.mean(np.array(outlook.series) - truth(hours)) == pytest.approx(35.0, abs=0.1)


def test_a_forecast_that_ends_early_is_completed_and_said(learnt: LearntTemperature) -> None:
    hours = DAYS * 24
    weather = History(START, 3600, course_c(DAYS + 20)[: hours + 10])
    sight = TemperatureSight(learnt, own_calendar())
    outlook = forecast_temperature(past(hours), grid_at(hours), sight, weather)
    own = forecast_temperature(past(hours), grid_at(hours), sight)
    assert outlook is not None
    assert own is not None
    assert outlook.series[:10] == pytest.approx(truth(hours)[:10].tolist(), abs=1e-6)
    assert outlook.series[11:] == own.series[11:]
    assert [reason.code for reason in outlook.reasons] == [ReasonCode.INPUT_MISSING]


def test_weather_alone_will_do_where_nothing_is_measured() -> None:
    hours = DAYS * 24
    silent = History(START, 3600, np.full(hours, np.nan))
    weather = History(START, 3600, course_c(DAYS + 20))
    outlook = forecast_temperature(silent, grid_at(hours), weather=weather)
    assert outlook is not None
    assert outlook.series == pytest.approx(truth(hours).tolist())


def test_two_days_teach_nothing() -> None:
    assert fit_temperature(Past(past(48), own_calendar())) is None


def test_what_was_learnt_does_not_hide_a_silent_sensor(learnt: LearntTemperature) -> None:
    hours = DAYS * 24
    values = past(hours).values.copy()
    values[-5:] = np.nan
    outlook = forecast_temperature(
        History(START, 3600, values), grid_at(hours), TemperatureSight(learnt, own_calendar())
    )
    assert outlook is not None
    assert ReasonCode.INPUT_STALE in {reason.code for reason in outlook.reasons}


def test_windows_of_the_grid_are_whole_hours() -> None:
    starts, ends = windows(grid_at(3))
    assert set((ends - starts).tolist()) == {3600.0}
