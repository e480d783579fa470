"""A site and a file become a case: cut, filled, with its months, and every assumption said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from backtest_month import SITE, month_case, write_days
from rolling_month import START

from edge_agent.backtest.case import DAY, Span, case_of
from edge_agent.backtest.data_file import DataFile, read_data_file
from edge_agent.backtest.errors import BacktestError
from edge_agent.site.load import load_site


def flat(days: int, start: datetime = START, **columns: float) -> DataFile:
    count = days * DAY
    given = {"load_kw": 100.0, "price_import_per_kwh": 0.2} | columns
    arrays = {name: np.full(count, value) for name, value in given.items()}
    return DataFile(start=start, columns=arrays, ignored=(), step_s=900)


def test_the_past_is_kept_and_the_span_is_on_whole_hours() -> None:
    span = Span(
        start=START + timedelta(days=2, minutes=20), end=START + timedelta(days=9, minutes=50)
    )
    case = case_of(load_site(SITE), flat(12), span)
    assert case.at(case.first) == START + timedelta(days=2, hours=1)
    assert case.at(case.last) == START + timedelta(days=9)
    assert case.at(0) == START
    assert len(case.load_kw) == case.last + DAY


def test_billing_months_change_at_local_midnight() -> None:
    start = datetime(2026, 5, 25, tzinfo=UTC)
    case = case_of(load_site(SITE), flat(12, start), Span())
    assert case.month_names == ("2026-05", "2026-06")
    turn = int(np.argmax(case.month == 1))
    assert case.at(turn) == datetime(2026, 5, 31, 22, tzinfo=UTC)


def test_a_gap_takes_another_week_and_is_said() -> None:
    data = flat(20)
    data.columns["load_kw"][:] = np.arange(20 * DAY)
    data.columns["load_kw"][10 * DAY : 10 * DAY + 8] = np.nan
    case = case_of(load_site(SITE), data, Span())
    np.testing.assert_array_equal(
        case.load_kw[10 * DAY : 10 * DAY + 8], np.arange(3 * DAY, 3 * DAY + 8)
    )
    assert np.isnan(case.measured_kw[10 * DAY])
    assert any(
        text.startswith("load_kw: 8 quarter hours are not measured") for text in case.assumed
    )


def test_prices_come_from_the_file_else_from_the_tariff() -> None:
    known = case_of(load_site(SITE), flat(3, price_export_per_kwh=0.05), Span())
    assert set(known.import_price) == {0.2}
    assert set(known.export_price) == {0.05}
    assert not any("tariff" in text for text in known.assumed)
    bare = flat(3)
    del bare.columns["price_import_per_kwh"]
    found = case_of(load_site(SITE), bare, Span())
    assert set(found.import_price) == {0.05 + 0.16}
    assert set(found.export_price) == {0.08}
    assert "288 quarter hours take the import price of the site's tariff" in found.assumed


def test_what_the_plans_look_at_after_the_end_is_the_last_day_again(tmp_path: Path) -> None:
    case = month_case(tmp_path, days=4)
    last = slice(case.last - DAY, case.last)
    np.testing.assert_array_equal(case.load_kw[case.last :], case.load_kw[last])
    np.testing.assert_array_equal(case.import_price[case.last :], case.import_price[last])


def test_what_cannot_be_played_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match="at least one day"):
        case_of(load_site(SITE), flat(3), Span(start=START + timedelta(days=2, hours=1)))
    data = read_data_file(write_days(tmp_path / "month.csv", 2))
    data.columns["load_kw"][:DAY] = np.nan
    data.columns["load_kw"][DAY : 2 * DAY : 3] = np.nan
    with pytest.raises(BacktestError, match="a gap has no other day"):
        case_of(load_site(SITE), data, Span())
