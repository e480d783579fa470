"""The daily work of a load as jobs, and the local days of a plan, over the change of clocks too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge_agent.site.work_schema import ShiftableAsset
from edge_agent.work_days import jobs, midnights, work_kwh
from models.types import Job, TimeGrid

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def asset(earliest: str = "06:00", deadline: str = "22:00") -> ShiftableAsset:
    return ShiftableAsset(
        id="pool", switch="pump", run_h_per_day=4, earliest=earliest, deadline=deadline
    )


def spans(found: tuple[Job, ...]) -> list[str]:
    return [f"{job.earliest:%d %H:%M}-{job.deadline:%d %H:%M}" for job in found]


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        (("06:00", "22:00"), "2026-06-15T10:00", ["15 04:00-15 20:00", "16 04:00-16 20:00"]),
        (("06:00", "22:00"), "2026-06-15T20:00", ["16 04:00-16 20:00"]),
        (("22:00", "06:00"), "2026-06-15T22:30", ["15 20:00-16 04:00", "16 20:00-17 04:00"]),
        (("00:00", "00:00"), "2026-06-15T22:00", ["15 22:00-16 22:00"]),
        # 23 h: the clock goes forward; 25 h: it goes back.
        (("00:00", "00:00"), "2026-03-28T23:00", ["28 23:00-29 22:00", "29 22:00-30 22:00"]),
        (("00:00", "00:00"), "2026-10-24T22:00", ["24 22:00-25 23:00"]),
    ],
)
def test_the_windows_that_a_day_from_now_touches(
    window: tuple[str, str], now: str, expected: list[str]
) -> None:
    start = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = jobs(asset(*window), 16.0, BERLIN, (start, start + DAY))
    assert spans(found) == expected
    assert {(job.energy_kwh, job.done_kwh) for job in found} == {(16.0, 0.0)}


@pytest.mark.parametrize(
    ("window", "hours"), [(("06:00", "22:00"), 16), (("22:00", "06:00"), 8), (("07:30",) * 2, 24)]
)
def test_hours_of_a_window(window: tuple[str, str], hours: float) -> None:
    assert asset(*window).window_h == hours


def test_work_by_hours_and_by_energy() -> None:
    by_energy = ShiftableAsset(id="car", cap="wallbox", energy_kwh_per_day=30)
    assert (work_kwh(asset(), 2.5), work_kwh(by_energy, 11.0)) == (10.0, 30.0)


def test_local_midnights_of_a_grid() -> None:
    grid = TimeGrid(start=datetime(2026, 3, 28, 12, tzinfo=UTC), step_s=(3600,) * 48)
    assert [f"{moment:%d %H}" for moment in midnights(grid, BERLIN)] == ["27 23", "28 23", "29 22"]
