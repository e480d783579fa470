"""A demand charge with hours or months holds the battery in them, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dead_time_rig import METER, POWER, SETPOINT, SOC, envelope, flat_plan, picture
from field_images import reading

from edge_agent.arbiter import Entry
from edge_agent.clock import ManualClock
from edge_agent.fastloop.binding import bound
from edge_agent.fastloop.budget import charges
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.tracker import Tracker
from edge_agent.notes import Notebook
from edge_agent.peaks import PeakBook
from edge_agent.site.tariff_schema import DemandCharge, Tariff, Window
from edge_agent.store.store import Store
from edge_agent.tracking import Actuators
from models.types import Plan, TimeGrid

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = Window(start="17:00", end="20:00", days="workdays")
ANY = DemandCharge(id="any", rate_per_kw=2.0)
PEAK = DemandCharge(id="peak", rate_per_kw=9.0, windows=(EVENING,))
WINTER = DemandCharge(id="winter", rate_per_kw=9.0, interval_min=30, months=(11, 12, 1))


async def peak_book(folder: Path, now: datetime, *charged: DemandCharge) -> PeakBook:
    store = await Store.open(folder / "edge.db", ManualClock(now))
    tariff = Tariff(kind="flat", price_per_kwh=0.3, demand_charges=charged)
    found = PeakBook(tariff, BERLIN, Notebook(store))
    await found.start(now)
    await store.close()
    return found


@pytest.mark.parametrize(
    ("local", "counting"),
    [
        ("2026-06-10T16:59:59", ["any"]),
        ("2026-06-10T17:00:00", ["any", "peak"]),
        ("2026-06-10T19:59:59", ["any", "peak"]),
        ("2026-06-10T20:00:00", ["any"]),
        ("2026-06-13T18:00:00", ["any"]),  # a Saturday
        ("2026-10-31T23:59:59", ["any"]),
        ("2026-11-01T00:00:00", ["any", "winter"]),
        ("2027-01-29T17:20:00", ["any", "peak", "winter"]),
    ],
)
async def test_a_charge_counts_in_its_hours_and_months(
    tmp_path: Path, local: str, counting: list[str]
) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    book = await peak_book(tmp_path, now, ANY, PEAK, WINTER)
    assert list(book.counting(now)) == counting
    assert book.names == ("any", "peak", "winter")


def test_the_peaks_of_a_plan_are_those_of_the_charges_that_count() -> None:
    plan = flat_plan(peak_kw=100.0)
    assert bound(plan, ("peak",), {"peak": 0}).peaks_kw == (100.0,)
    assert bound(plan, ("peak",), {}).peaks_kw == ()
    assert bound(plan, (), {}) is plan


# Battery of 100 kW; the plan's peak is 100 kW, and the load is read at 90 and at 130 kW.
# Columns: local time, planned kW, load kW, what is asked of the battery, what holds it.
STORY = """
    16:50:00   80    90    80    plan
    16:59:55   80    90    80    plan
    17:00:00   80    90     9.5  peak
    17:10:00   80    90     9.5  peak
    17:20:00    0   130   -30.0  peak
    19:40:00    0   130   -30.0  peak
    20:00:00    0   130     0    plan
    20:20:00  -40   130   -40    plan
    20:40:00  100   130   100    plan
"""


def planned(kw: float, start: datetime) -> Plan:
    grid = TimeGrid(start=start, step_s=(3600,))
    return replace(flat_plan(kw, 100.0), grid=grid, grid_kw=(100.0,))


def tracker(names: tuple[str, ...]) -> Tracker:
    bat = Actuators(batteries=(("bat", SETPOINT),))
    return Tracker({SETPOINT: envelope()}, bat, LoopSettings(lead_s=0.0), charge_names=names)


def asked(loop: Tracker, plan: Plan, load_kw: float, book: PeakBook, now: datetime) -> Entry:
    values = {METER: (load_kw, 0.0), POWER: (0.0, 0.0), SOC: (50.0, 0.0)}
    open_now = charges(book.peaks, book.counting(now))
    (entry,) = loop.step(plan, picture(now, values), open_now, now, 15.0)
    return entry


async def test_the_loop_minds_a_peak_in_its_hours_only(tmp_path: Path) -> None:
    day = datetime(2026, 6, 10, tzinfo=BERLIN)
    book = await peak_book(tmp_path, day, PEAK)
    told: list[object] = []
    wanted: list[object] = []
    for line in STORY.strip().splitlines():
        clock, plan_kw, load, power_kw, word = line.split()
        hour, minute, second = map(int, clock.split(":"))
        now = day.replace(hour=hour, minute=minute, second=second).astimezone(UTC)
        book.post(reading("meter.power", float(load), at=now - timedelta(seconds=1)))
        plan = planned(float(plan_kw), now.replace(minute=0, second=0))
        entry = asked(tracker(book.names), plan, float(load), book, now)
        reason = entry.reason.partition("; ")[2]
        told.append((clock, entry.value, reason.split(":")[0] if reason else "plan"))
        wanted.append((clock, pytest.approx(float(power_kw), abs=0.2), word))
    assert told == wanted


async def test_the_same_plan_is_held_from_the_second_its_hours_begin(tmp_path: Path) -> None:
    begin = datetime(2026, 6, 10, 17, tzinfo=BERLIN).astimezone(UTC)
    book = await peak_book(tmp_path, begin - timedelta(minutes=5), PEAK)
    # The plan imports more in hours that do not count than its peak is.
    plan = replace(planned(80.0, begin - timedelta(minutes=30)), grid_kw=(400.0,))
    loop, seconds = tracker(book.names), (-10, -5, 0, 5)
    found = [asked(loop, plan, 90.0, book, begin + timedelta(seconds=s)).value for s in seconds]
    assert found[:2] == [80.0, 80.0]
    assert all(value is not None and value < 11.0 for value in found[2:])


async def test_a_block_counts_as_its_beginning_does(tmp_path: Path) -> None:
    late = Window(start="17:30", end="20:30")
    hour = DemandCharge(id="hour", rate_per_kw=2.0, interval_min=60, windows=(late,))
    begin = datetime(2026, 6, 10, 17, tzinfo=BERLIN)
    book = await peak_book(tmp_path, begin, hour)
    minutes = {minute: bool(book.counting(begin + timedelta(minutes=minute))) for minute in (
        45, 60, 209, 215, 239, 240,
    )}  # fmt: skip
    assert minutes == {45: False, 60: True, 209: True, 215: True, 239: True, 240: False}
