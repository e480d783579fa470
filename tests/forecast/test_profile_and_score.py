from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from load_story import START, STEP_S, history, middles, own_calendar

from edge_agent.forecasting.record import ForecastRecord
from models.forecast.calendar import WORKDAY
from models.forecast.history import Floats, History, Outlook
from models.forecast.profile import fit_profile, forecast_profile
from models.forecast.score import Foreseen, score
from models.types import even_grid, graded_grid

DAYS = 28


def people(days: int) -> Floats:
    own, times = own_calendar(days), middles(days)
    hour = own.clock.hours(times)
    busy = (own.kinds(own.clock.dates(times)) == WORKDAY) & (hour >= 8) & (hour < 18)
    found: Floats = np.where(busy, 12.0, 1.0)
    return found


def test_an_office_is_full_on_working_days() -> None:
    own = own_calendar(DAYS)
    learnt = fit_profile("office", history(people(DAYS)), own)
    assert learnt is not None
    monday = even_grid(START + timedelta(days=DAYS), 60, 24)
    found = forecast_profile(learnt, own_calendar(DAYS + 2), monday)
    assert found is not None
    assert found == pytest.approx(people(DAYS + 1)[-24:].tolist(), abs=0.5)
    assert learnt.basis.count == DAYS * 24


def test_a_kind_of_day_never_seen_takes_another() -> None:
    own = own_calendar(DAYS)
    four_workdays = History(START, STEP_S, people(4))
    learnt = fit_profile("office", four_workdays, own)
    assert learnt is not None
    assert set(learnt.sunday) == {None}
    sunday = even_grid(START + timedelta(days=6), 60, 24)
    found = forecast_profile(learnt, own, sunday)
    assert found is not None
    assert max(found) == pytest.approx(12.0)


def test_quarters_never_measured_are_not_invented() -> None:
    own = own_calendar(DAYS)
    values = people(DAYS)
    values[np.arange(len(values)) % 24 == 12] = np.nan
    learnt = fit_profile("office", history(values), own)
    assert learnt is not None
    assert None in learnt.workday
    assert forecast_profile(learnt, own, even_grid(START, 60, 24)) is None
    assert fit_profile("office", history(values[:12]), own) is None


def test_errors_by_lead_are_shares_of_the_mean() -> None:
    actual = History(START, 3600, np.full(48, 100.0))
    grid = even_grid(START, 60, 24)
    series = tuple(90.0 if hour < 4 else 100.0 for hour in range(24))
    found = {one.until_h: one for one in score([Foreseen(grid=grid, series=series)], actual)}
    assert [found[lead].count for lead in (1.0, 4.0, 12.0, 24.0)] == [1, 3, 8, 12]
    assert [found[lead].nmae for lead in (1.0, 4.0, 12.0)] == pytest.approx([0.1, 0.1, 0.0])
    assert found[1.0].bias == pytest.approx(10.0)
    assert found[1.0].pinball is None


def test_pinball_asks_more_of_a_high_share() -> None:
    """10 kW under the truth costs 0.9 x 10 at the 90 % band and 0.1 x 10 at the 10 % band."""
    actual = History(START, 3600, np.full(2, 100.0))
    grid = even_grid(START, 60, 1)
    for share, cost in ((0.1, 0.1 * 10 / 100), (0.9, 0.9 * 10 / 100)):
        one = Foreseen(grid=grid, series=(95.0,), bands=((share, (90.0,)),))
        (found,) = score([one], actual)
        assert found.pinball == pytest.approx(cost)
    high = Foreseen(grid=grid, series=(95.0,), bands=((0.9, (110.0,)),))
    assert score([high], actual)[0].pinball == pytest.approx(0.1 * 10 / 100)


def test_what_was_not_measured_is_not_scored() -> None:
    values = np.full(24, 100.0)
    values[::2] = np.nan
    grid = even_grid(START, 60, 24)
    found = score([Foreseen(grid=grid, series=(100.0,) * 24)], History(START, 3600, values))
    assert sum(one.count for one in found) == 12
    assert score([], History(START, 3600, values)) == ()


def test_a_record_outlives_its_writer_and_scores_hours_that_have_passed(tmp_path: Path) -> None:
    actual = History(START, 900, np.full(96 * 4, 50.0))
    for quarter in range(96 * 2):
        grid = graded_grid(START + timedelta(minutes=15 * quarter))
        # A new writer each time: nothing but the files is known to it.
        ForecastRecord(tmp_path / "foreseen").keep(
            grid, {"load": Outlook(series=(40.0,) * len(grid), bands=((0.5, (40.0,) * len(grid)),))}
        )
    record = ForecastRecord(tmp_path / "foreseen")
    seen = History(START, 900, np.full(80, 50.0))
    early = record.scores("load", seen, START + timedelta(hours=20))
    assert {one.until_h: one.count for one in early}[1.0] == 12 * 20
    late = record.scores("load", actual, START + timedelta(hours=50))
    assert [one.nmae for one in late] == pytest.approx([0.2] * 4)
    assert [one.pinball for one in late] == pytest.approx([0.1] * 4)
    # One forecast an hour of two days, twelve steps in its first; those of the first hour are old.
    assert {one.until_h: one.count for one in late}[1.0] == 12 * 47
    assert record.scores("pv roof", actual, START) == ()


def test_files_of_a_record_go_after_two_days_or_with_a_clock_set_back(tmp_path: Path) -> None:
    folder = tmp_path / "foreseen"
    record = ForecastRecord(folder)

    def keep(hours: float) -> bool:
        grid = even_grid(START + timedelta(hours=hours), 60, 24)
        return record.keep(grid, {"load": Outlook(series=(1.0,) * 24)})

    assert [keep(hours) for hours in (0, 0.5, 1, 48, 60)] == [True, False, True, True, True]
    assert len(list(folder.iterdir())) == 2
    assert keep(10)
    (left,) = folder.iterdir()
    left.write_text("{", encoding="utf-8")
    actual = History(START, 3600, np.full(48, 1.0))
    assert record.scores("load", actual, START + timedelta(hours=40)) == ()


def test_a_disk_that_refuses_costs_no_more_than_the_record(tmp_path: Path) -> None:
    blocked = tmp_path / "foreseen"
    blocked.write_text("a file where the folder should be", encoding="utf-8")
    grid = even_grid(START, 60, 24)
    assert not ForecastRecord(blocked).keep(grid, {"load": Outlook(series=(1.0,) * 24)})
