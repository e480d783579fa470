from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.forecast.calendar import EPOCH_DAY, SATURDAY, SUNDAY, WORKDAY, Calendar, calendar

BERLIN = ZoneInfo("Europe/Berlin")


def _own(*holidays: str) -> Calendar:
    first, last = (datetime(2026, month, 1, tzinfo=UTC).timestamp() for month in (1, 12))
    return calendar(BERLIN, first, last, holidays)


def _local(*moments: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([datetime.fromisoformat(m).replace(tzinfo=BERLIN).timestamp() for m in moments])


@pytest.mark.parametrize(
    ("now", "days", "before"),
    [
        ("2026-06-10T09:15", 1, "2026-06-09T09:15"),
        ("2026-03-29T09:15", 1, "2026-03-28T09:15"),  # a day of 23 h lies between
        ("2026-04-03T09:15", 7, "2026-03-27T09:15"),
        ("2026-10-25T09:15", 1, "2026-10-24T09:15"),  # a day of 25 h lies between
        ("2026-10-30T23:45", 7, "2026-10-23T23:45"),
    ],
)
def test_days_back_keep_the_wall_clock(now: str, days: int, before: str) -> None:
    found = _own().clock.days_back(_local(now), np.array([float(days)]))
    assert found.tolist() == _local(before).tolist()


def test_a_wall_time_that_does_not_exist_has_a_neighbour() -> None:
    found = _own().clock.days_back(_local("2026-03-30T02:30"), np.array([1.0]))
    gap = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    assert abs(found[0] - gap) <= 1800


def test_offsets_are_those_of_the_zone_all_year() -> None:
    times = datetime(2026, 1, 5, tzinfo=UTC).timestamp() + 1800.0 * np.arange(14_400.0)
    wall = _own().clock.wall_s(times)
    for place in range(0, len(times), 97):
        moment = datetime.fromtimestamp(times[place], UTC).astimezone(BERLIN)
        assert wall[place] == moment.replace(tzinfo=UTC).timestamp()


def test_kinds_of_days_with_a_holiday() -> None:
    own = _own("2026-05-01")
    days = own.clock.dates(_local("2026-04-30T12:00", "2026-05-01T12:00", "2026-05-02T12:00"))
    assert own.kinds(days).tolist() == [WORKDAY, SUNDAY, SATURDAY]
    assert days[0] == datetime(2026, 4, 30, tzinfo=UTC).toordinal() - EPOCH_DAY


def test_alike_days_pass_over_holidays_and_weekends() -> None:
    own = _own("2026-05-01")
    monday = own.clock.dates(_local("2026-05-04T12:00"))
    found = own.earlier_alike(monday, monday - 1, 3)
    wanted = own.clock.dates(_local("2026-04-30T12:00", "2026-04-29T12:00", "2026-04-28T12:00"))
    assert found[0].tolist() == wanted.tolist()
