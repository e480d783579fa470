"""What is learnt of a load, judged on days it was not learnt from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from load_story import START, STEP_S, history, outdoor_c, own_calendar, story_kw

from models.forecast.history import Floats, History, windows
from models.forecast.learnt import LearntLoad
from models.forecast.load import LoadSight, forecast_load
from models.forecast.load_fit import fit_load
from models.forecast.load_rows import Past
from models.types import ReasonCode, TimeGrid, even_grid, graded_grid

LEADS_H = (1.0, 4.0, 12.0, 24.0)
DAYS = 70


def learn(values: Floats, days: int, outdoor: History | None = None) -> LearntLoad | None:
    upto = history(values[: days * 24])
    return fit_load(Past(upto, own_calendar(len(values) // 24), outdoor), LEADS_H)


def day_grid(day: int, hours: int = 24) -> TimeGrid:
    return even_grid(START + timedelta(days=day), 60, hours)


def foresee(values: Floats, day: int, learnt: LearntLoad, outdoor: History | None = None) -> Floats:
    sight = LoadSight(learnt, own_calendar(len(values) // 24), outdoor)
    outlook = forecast_load(history(values[: day * 24]), day_grid(day), sight)
    assert outlook is not None
    return np.array(outlook.series)


@pytest.fixture(scope="module")
def learnt() -> LearntLoad:
    found = learn(story_kw(DAYS + 60), DAYS)
    assert found is not None
    return found


def test_a_working_week_is_foreseen(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    for day in range(DAYS, DAYS + 14):
        missed = foresee(values, day, learnt) - values[day * 24 : day * 24 + 24]
        assert np.abs(missed).mean() < 3.0  # chance alone makes 1.6


def test_a_holiday_is_foreseen_as_a_sunday(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    friday = 102  # Good Friday, 18 April
    assert values[friday * 24 + 12] < 50
    assert (
        np.abs(foresee(values, friday, learnt) - values[friday * 24 : friday * 24 + 24]).max() < 12
    )


def test_the_day_after_the_clocks_change_starts_at_seven_by_the_wall(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    monday = 84  # 31 March, the first working day of summer time: 07:00 is 05:00 UTC
    found = foresee(values, monday, learnt)
    assert found[4] < 60 < found[5]


def test_it_is_judged_out_of_sample_and_says_so(learnt: LearntLoad) -> None:
    assert learnt.basis.count == DAYS * 24
    assert learnt.basis.last == START + timedelta(days=DAYS)
    assert 1.0 < learnt.basis.error < 4.0
    for bucket in learnt.plain:
        scores = [score.nmae for score in bucket.scores]
        assert scores == sorted(scores)
        assert bucket.scores[0].method == bucket.method


def test_temperature_helps_where_the_load_heats() -> None:
    values = story_kw(DAYS + 10, kw_per_k=4.0)
    outdoor = history(outdoor_c(DAYS + 10))
    known = History(outdoor.start, STEP_S, outdoor.values[: DAYS * 24])
    learnt = learn(values, DAYS, known)
    assert learnt is not None
    blind, seeing = [], []
    for day in range(DAYS, DAYS + 8):
        truth = values[day * 24 : day * 24 + 24]
        seeing.append(np.abs(foresee(values, day, learnt, outdoor) - truth).mean())
        blind.append(np.abs(foresee(values, day, learnt) - truth).mean())
    assert np.mean(seeing) < 0.8 * np.mean(blind)


def test_a_weather_forecast_that_ends_early_is_not_used(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    with_weather = replace(learnt, weather=learnt.plain)
    short = history(outdoor_c(DAYS + 60)[: DAYS * 24 + 12])
    assert foresee(values, DAYS, with_weather, short).tolist() == pytest.approx(
        foresee(values, DAYS, learnt).tolist()
    )


def test_bands_hold_what_they_promise(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    below: dict[float, list[bool]] = {}
    for day in range(DAYS, DAYS + 28):
        sight = LoadSight(learnt, own_calendar(DAYS + 60))
        outlook = forecast_load(history(values[: day * 24]), day_grid(day), sight)
        assert outlook is not None
        for share, band in outlook.bands:
            under = values[day * 24 : day * 24 + 24] <= np.array(band)
            below.setdefault(share, []).extend(under.tolist())
    for share, hits in below.items():
        assert np.mean(hits) == pytest.approx(share, abs=0.08)


def test_the_margin_is_that_of_its_band(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    sight = LoadSight(learnt, own_calendar(DAYS + 60))
    outlook = forecast_load(history(values[: DAYS * 24]), day_grid(DAYS), sight)
    assert outlook is not None
    assert min(outlook.margin(0.95)) > 0
    assert set(outlook.margin(0.05)) == {0.0}
    assert outlook.margin(0.123) == ()


def test_missing_weeks_are_not_learnt_as_zero() -> None:
    values = story_kw(DAYS + 5)
    gappy = values.copy()
    gappy[20 * 24 : 34 * 24] = np.nan
    whole, holed = learn(values, DAYS), learn(gappy, DAYS)
    assert whole is not None
    assert holed is not None
    assert holed.basis.count == whole.basis.count - 14 * 24
    first, second = foresee(values, DAYS, whole), foresee(gappy, DAYS, holed)
    assert np.abs(first - second).max() < 8.0


def test_a_random_walk_is_best_left_where_it_is() -> None:
    steps = np.random.default_rng(3).normal(0.0, 5.0, 60 * 24)
    values = 500.0 + np.cumsum(steps)
    learnt = learn(values, 60)
    assert learnt is not None
    first = learnt.plain[0]
    errors = {score.method: score.nmae for score in first.scores}
    assert errors[first.method] <= errors["persistence"]
    assert errors["last_week"] > 3 * errors["persistence"]


@pytest.mark.parametrize("days", [0, 1, 2])
def test_the_first_days_teach_nothing_and_break_nothing(days: int) -> None:
    assert learn(story_kw(5), days) is None


@pytest.mark.parametrize("hours", [1, 5, 24, 30, 9 * 24])
def test_it_forecasts_from_the_first_hour(hours: int, learnt: LearntLoad) -> None:
    """With what was learnt before the measurements were lost, too."""
    values = story_kw(DAYS + 60)[DAYS * 24 : DAYS * 24 + hours]
    start = START + timedelta(days=DAYS)
    past = History(start, STEP_S, values)
    grid = graded_grid(start + timedelta(hours=hours))
    outlook = forecast_load(past, grid, LoadSight(learnt, own_calendar(DAYS + 60)))
    assert outlook is not None
    assert np.isfinite(outlook.series).all()
    assert min(outlook.series) > 20
    if hours < 24:
        assert ReasonCode.ASSUMED in {reason.code for reason in outlook.reasons}


def test_a_silent_meter_is_said_and_survived(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)[: DAYS * 24].copy()
    values[-5:] = np.nan
    sight = LoadSight(learnt, own_calendar(DAYS + 60))
    outlook = forecast_load(history(values), day_grid(DAYS), sight)
    assert outlook is not None
    assert np.isfinite(outlook.series).all()
    assert ReasonCode.INPUT_STALE in {reason.code for reason in outlook.reasons}


def test_what_was_learnt_long_ago_is_said(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    sight = LoadSight(learnt, own_calendar(DAYS + 60))
    day = DAYS + 15
    outlook = forecast_load(history(values[: day * 24]), day_grid(day), sight)
    assert outlook is not None
    assert [reason.code for reason in outlook.reasons] == [ReasonCode.INPUT_STALE]
    assert not outlook.reasons[0].degrades


def test_weights_of_another_program_are_not_used(learnt: LearntLoad) -> None:
    """A bucket whose weights do not fit the features leaves the place to the simple rule."""
    values = story_kw(DAYS + 60)
    strange = tuple(replace(b, method="ridge", weights=(1.0, 2.0)) for b in learnt.plain)
    found = foresee(values, DAYS, replace(learnt, plain=strange))
    plain = forecast_load(history(values[: DAYS * 24]), day_grid(DAYS))
    assert plain is not None
    assert found.tolist() == list(plain.series)


def test_no_forecast_leaves_the_range_seen(learnt: LearntLoad) -> None:
    wild = tuple(replace(b, weights=tuple(1e3 for _ in b.weights)) for b in learnt.plain)
    found = foresee(story_kw(DAYS + 60), DAYS, replace(learnt, plain=wild))
    assert found.min() >= learnt.low_kw >= 0
    assert found.max() <= learnt.high_kw


def test_steps_of_five_minutes_are_served_too(learnt: LearntLoad) -> None:
    values = story_kw(DAYS + 60)
    grid = graded_grid(START + timedelta(days=DAYS, minutes=25), 24)
    sight = LoadSight(learnt, own_calendar(DAYS + 60))
    outlook = forecast_load(history(values[: DAYS * 24]), grid, sight)
    assert outlook is not None
    starts, ends = windows(grid)
    truth = history(values).means(starts, ends)
    assert np.abs(np.array(outlook.series) - truth).mean() < 5.0
