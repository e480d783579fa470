"""Months by the local clock, over both of its changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge_agent.billing_month import billing_month

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "start", "end", "hours"),
    [
        (utc(2026, 1, 15), utc(2025, 12, 31, 23), utc(2026, 1, 31, 23), 31 * 24),
        (utc(2026, 3, 31, 21, 59), utc(2026, 2, 28, 23), utc(2026, 3, 31, 22), 31 * 24 - 1),
        (utc(2026, 3, 31, 22), utc(2026, 3, 31, 22), utc(2026, 4, 30, 22), 30 * 24),
        (utc(2026, 10, 25, 1), utc(2026, 9, 30, 22), utc(2026, 10, 31, 23), 31 * 24 + 1),
        (utc(2026, 12, 31, 23), utc(2026, 12, 31, 23), utc(2027, 1, 31, 23), 31 * 24),
        (utc(2028, 2, 10), utc(2028, 1, 31, 23), utc(2028, 2, 29, 23), 29 * 24),
    ],
)
def test_billing_month(moment: datetime, start: datetime, end: datetime, hours: int) -> None:
    assert billing_month(moment, BERLIN) == (start, end)
    assert (end - start) / HOUR == hours
