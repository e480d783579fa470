"""Prices by calendar, fees, tax, export, and feeds; on days of 23, 24 and 25 hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from feed_documents import local_day
from tariff_files import tariff_of

from edge_agent.feeds.outlook import Seen
from edge_agent.site.examples import example_path
from edge_agent.site.tariff_schema import Tariff
from edge_agent.tariff.prices import Feeds, price_series
from edge_agent.tariff.week import week_lines, week_prices

BERLIN = ZoneInfo("Europe/Berlin")
SEASONS = tariff_of(example_path("tariffs/seasons.yaml").read_text(encoding="utf-8"))
AGILE = tariff_of(example_path("tariffs/agile.yaml").read_text(encoding="utf-8"))
TOU = tariff_of(
    """
    kind: time_of_use
    blocks: [{start: "00:00", price_per_kwh: 0.1}, {start: "02:00", price_per_kwh: 0.2},
             {start: "03:00", price_per_kwh: 0.3}, {start: "22:30", price_per_kwh: 0.4}]
    """
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def imported(tariff: Tariff, *moments: str, step_s: float = 900.0) -> list[float | None]:
    starts = [local(moment) for moment in moments]
    found = price_series(tariff, Feeds(), starts, [step_s] * len(starts), BERLIN)
    assert found.notes == ()
    return [None if one is None else round(one, 6) for one in found.imports]


def all_in(energy: float, grid_fee: float) -> float:
    return round((energy + 0.022 + grid_fee) * 1.19, 6)


@pytest.mark.parametrize(
    ("moment", "energy", "grid_fee"),
    [
        ("2026-11-23T05:59", 0.19, 0.02),
        ("2026-11-23T06:00", 0.27, 0.02),
        ("2026-11-23T07:00", 0.27, 0.08),
        ("2026-11-23T17:00", 0.34, 0.08),
        ("2026-11-23T20:55", 0.34, 0.08),
        ("2026-11-23T21:00", 0.22, 0.08),
        ("2026-11-21T18:00", 0.19, 0.08),  # Saturday
        ("2026-12-25T18:00", 0.17, 0.08),  # Friday, Christmas
        ("2027-01-06T18:00", 0.17, 0.08),  # Epiphany, a holiday in BW
        ("2026-11-01T18:00", 0.17, 0.08),  # All Saints', a Sunday
        ("2027-03-31T23:45", 0.22, 0.08),
        ("2027-04-01T00:00", 0.18, 0.02),
        ("2027-09-30T18:00", 0.25, 0.08),
        ("2027-10-01T18:00", 0.34, 0.08),
        ("2027-07-18T18:00", 0.25, 0.08),  # a Sunday in a season without weekend prices
        ("2027-01-01T12:00", 0.17, 0.08),
        ("2027-01-04T12:00", 0.27, 0.08),
    ],
)
def test_season_weekend_holiday_and_fees(moment: str, energy: float, grid_fee: float) -> None:
    assert imported(SEASONS, moment, step_s=300.0) == [all_in(energy, grid_fee)]


def test_without_the_state_epiphany_is_a_workday() -> None:
    tariff = SEASONS.model_copy(update={"subdivision": ""})
    assert imported(tariff, "2027-01-06T18:00") == [all_in(0.34, 0.08)]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 11, 23), {0.1: 2.0, 0.2: 1.0, 0.3: 19.5, 0.4: 1.5}),
        (date(2027, 3, 28), {0.1: 2.0, 0.3: 19.5, 0.4: 1.5}),
        (date(2026, 10, 25), {0.1: 2.0, 0.2: 2.0, 0.3: 19.5, 0.4: 1.5}),
    ],
)
def test_blocks_follow_the_wall_clock_when_it_changes(day: date, hours: dict[float, float]) -> None:
    starts = local_day(day)
    found = price_series(TOU, Feeds(), starts, [900.0] * len(starts), BERLIN)
    lasted: dict[float, float] = {}
    for price in found.imports:
        assert price is not None
        lasted[round(price, 6)] = lasted.get(round(price, 6), 0.0) + 0.25
    assert lasted == hours


def test_a_step_over_two_blocks_costs_their_mean() -> None:
    assert imported(TOU, "2026-11-23T22:00", step_s=3600.0) == [pytest.approx(0.35)]
    assert imported(TOU, "2026-11-23T22:20", step_s=900.0) == [pytest.approx(0.3 + 0.1 / 3)]


def feed(starts: Sequence[datetime], _: Sequence[float]) -> Seen:
    values = tuple(None if one.hour == 3 else one.hour / 100 for one in starts)
    return Seen(values, ("step of x: in doubt",))


def test_real_time_with_fees_tax_and_a_share_for_export() -> None:
    starts = [datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (2, 3, 20)]
    found = price_series(AGILE, Feeds(price_import=feed), starts, [3600.0] * 3, BERLIN)
    assert list(found.imports) == [pytest.approx(one * 1.2) for one in (0.05, 0.21, 0.23)]
    assert list(found.exports) == [pytest.approx(one) for one in (0.008, 0.072, 0.08)]
    assert found.notes == (
        "step of x: in doubt",
        "1 steps from 2026-11-23T03:00Z to 2026-11-23T03:00Z: the fallback of 0.18 is used",
    )


def test_without_fallback_nobody_can_tell() -> None:
    tariff = AGILE.model_copy(update={"fallback_per_kwh": None})
    starts = [datetime(2026, 11, 23, 3, tzinfo=UTC)]
    found = price_series(tariff, Feeds(price_import=feed), starts, [900.0], BERLIN)
    assert found.imports == (None,)
    assert found.exports == (None,)
    none = price_series(tariff, Feeds(), starts, [900.0], BERLIN)
    assert none.imports == (None,)
    assert none.notes == ("there is no price feed",)


@pytest.mark.parametrize(
    ("export", "earns", "notes"),
    [
        ("export_per_kwh: 0.08", 0.08, ()),
        ("export: {kind: flat, per_kwh: 0.08, adder_per_kwh: -0.01}", 0.07, ()),
        ("export: {kind: share, share: 0.5}", 0.14, ()),
        (
            "export: {kind: time_of_use, blocks: [{start: '00:00', price_per_kwh: 0.05}]}",
            0.05,
            (),
        ),
        ("export: {kind: feed, adder_per_kwh: -0.01}", 0.01, ("export: step of x: in doubt",)),
    ],
)
def test_exports(export: str, earns: float, notes: tuple[str, ...]) -> None:
    tariff = tariff_of(f"kind: flat\nprice_per_kwh: 0.28\n{export}\n")
    starts = [datetime(2026, 11, 23, 2, tzinfo=UTC)]
    found = price_series(tariff, Feeds(price_export=feed), starts, [900.0], BERLIN)
    assert list(found.exports) == [pytest.approx(earns)]
    assert found.notes == notes


def test_an_export_feed_that_is_not_there_is_not_zero() -> None:
    tariff = tariff_of("kind: flat\nprice_per_kwh: 0.28\nexport: {kind: feed}\n")
    starts = [datetime(2026, 11, 23, 2, tzinfo=UTC)]
    found = price_series(tariff, Feeds(), starts, [900.0], BERLIN)
    assert found.exports == (None,)
    assert found.notes == ("export: there is no price feed",)


def test_the_week_in_words() -> None:
    week = week_prices(SEASONS, date(2026, 12, 21), BERLIN)
    lines = week_lines(week, "EUR")
    day = "00:00 0.2761, 06:00 0.3713, 07:00 0.4427, 17:00 0.526, 21:00 0.3832"
    assert lines == [
        f"Mon 21 Dec to Thu 24 Dec: {day} EUR/kWh, export 0.04 to 0.08",
        "Fri 25 Dec to Sat 26 Dec: 00:00 0.2523, 07:00 0.3237 EUR/kWh, export 0.04 to 0.08",
        "Sun 27 Dec: 00:00 0.2761, 07:00 0.3475 EUR/kWh, export 0.04 to 0.08",
    ]


def test_the_week_of_a_clock_change_says_how_long_its_day_is() -> None:
    week = week_prices(TOU, date(2026, 10, 19), BERLIN)
    assert [day.hours for day in week] == [24.0] * 6 + [25.0]
    lines = week_lines(week, "EUR")
    assert lines[0] == (
        "Mon 19 Oct to Sat 24 Oct: 00:00 0.1, 02:00 0.2, 03:00 0.3, 22:30 0.4 EUR/kWh, export 0"
    )
    assert lines[1].startswith("Sun 25 Oct (25 h): 00:00 0.1, 02:00 0.2, 03:00 0.3, 22:30 0.4")


def test_the_week_of_a_feed_shows_lowest_and_highest() -> None:
    def rising(starts: Sequence[datetime], _: Sequence[float]) -> Seen:
        return Seen(tuple(one.hour / 100 for one in starts), ())

    week = week_prices(AGILE, date(2026, 11, 23), BERLIN, Feeds(price_import=rising))
    assert "0.036 to 0.312 EUR/kWh, export 0 to 0.092" in week_lines(week, "EUR")[0]
    silent = AGILE.model_copy(update={"fallback_per_kwh": None})
    assert "by feed" in week_lines(week_prices(silent, date(2026, 11, 23), BERLIN), "EUR")[0]


def test_a_week_ends_where_the_next_begins() -> None:
    week = week_prices(TOU, date(2027, 3, 22), BERLIN)
    assert [day.day for day in week] == [date(2027, 3, 22) + timedelta(days=n) for n in range(7)]
    assert all(day.stretches[0].start == day.stretches[-1].end == "00:00" for day in week)
    assert [stretch.start for stretch in week[-1].stretches] == ["00:00", "03:00", "22:30"]
