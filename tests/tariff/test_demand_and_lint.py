"""When demand charges are measured, their ratchet, and mistakes in tariff files."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from feed_documents import local_day
from tariff_files import tariff_of

from edge_agent.feeds.day_class import DayClass, day_class, hear, holidays_of, no_holiday, tell
from edge_agent.site.examples import example_path
from edge_agent.site.tariff_lint import tariff_lint
from edge_agent.site.tariff_schema import DemandCharge, Tariff, Window
from edge_agent.tariff.calendar import inside
from edge_agent.tariff.demand import billing_period, counts, measured, ratchet_kw

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = DemandCharge(
    id="evening",
    rate_per_kw=6.0,
    months=(11, 12, 1, 2),
    windows=(Window(start="17:00", end="21:00", days="workdays"),),
    ratchet_share=0.8,
    ratchet_months=11,
)
GERMAN = holidays_of("DE", "BW")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "counted"),
    [
        ("2026-11-23T16:59", False),
        ("2026-11-23T17:00", True),
        ("2026-11-23T20:59", True),
        ("2026-11-23T21:00", False),
        ("2026-11-21T18:00", False),  # Saturday
        ("2026-12-25T18:00", False),  # Christmas, a Friday
        ("2026-10-30T18:00", False),  # a month without the charge
    ],
)
def test_window_season_and_holiday(moment: str, *, counted: bool) -> None:
    assert measured(EVENING, local(moment), BERLIN, GERMAN) is counted


@pytest.mark.parametrize(
    ("moment", "counted"),
    [
        ("2026-11-20T21:59", False),
        ("2026-11-20T22:00", True),
        ("2026-11-21T05:59", True),  # Saturday morning, of Friday's night
        ("2026-11-21T06:00", False),
        ("2026-11-22T23:00", False),  # Sunday
        ("2026-11-23T03:00", False),  # Monday morning, of Sunday's night
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_began_on(
    moment: str, *, counted: bool
) -> None:
    night = Window(start="22:00", end="06:00", days="workdays")
    assert inside(night, local(moment), BERLIN, no_holiday) is counted


@pytest.mark.parametrize(
    ("day", "steps"),
    [(date(2026, 11, 23), 16), (date(2027, 3, 28), 12), (date(2026, 10, 25), 20)],
)
def test_a_window_on_days_of_every_length(day: date, steps: int) -> None:
    early = DemandCharge(id="a", rate_per_kw=1.0, windows=(Window(start="01:00", end="05:00"),))
    starts = local_day(day)
    found = counts(early, starts[0], starts, BERLIN, no_holiday)
    assert sum(found) == steps


def test_steps_of_the_next_billing_period_do_not_count() -> None:
    always = DemandCharge(id="a", rate_per_kw=1.0)
    starts = [local("2026-11-30T22:00"), local("2026-11-30T23:45"), local("2026-12-01T00:00")]
    assert counts(always, starts[0], starts, BERLIN, no_holiday) == (1.0, 1.0, 0.0)
    assert counts(always, starts[0], starts[:2], BERLIN, no_holiday) == ()
    yearly = DemandCharge(id="a", rate_per_kw=1.0, period="year")
    assert counts(yearly, starts[0], starts, BERLIN, no_holiday) == ()
    period = billing_period(yearly, starts[0], BERLIN)
    assert period == (local("2026-01-01T00:00"), local("2027-01-01T00:00"))
    month = billing_period(always, starts[2], BERLIN)
    assert month == (local("2026-12-01T00:00"), local("2027-01-01T00:00"))


def test_the_ratchet_looks_back_so_many_months() -> None:
    peaks = {
        date(2025, 11, 1): 900.0,
        date(2025, 12, 1): 500.0,
        date(2026, 10, 1): 300.0,
        date(2026, 11, 1): 800.0,
    }
    assert ratchet_kw(EVENING, local("2026-11-23T18:00"), peaks, BERLIN) == 400.0
    assert ratchet_kw(EVENING, local("2026-11-23T18:00"), {}, BERLIN) == 0.0
    plain = EVENING.model_copy(update={"ratchet_share": 0.0})
    assert ratchet_kw(plain, local("2026-11-23T18:00"), peaks, BERLIN) == 0.0


def test_day_classes() -> None:
    assert day_class(date(2026, 11, 21)) is DayClass.SATURDAY
    assert day_class(date(2026, 11, 22)) is DayClass.SUNDAY
    assert day_class(date(2026, 12, 25)) is DayClass.WORKDAY
    assert day_class(date(2026, 12, 25), GERMAN) is DayClass.SUNDAY
    with pytest.raises(ValueError, match="no calendar of public holidays for XX"):
        holidays_of("XX")
    with pytest.raises(ValueError, match="for DE QQ"):
        holidays_of("DE", "QQ")


def test_told_holidays_are_those_of_the_library() -> None:
    told = tell(("DE", "BW"), ("DE", "BW"), ("", ""))
    assert [place[:2] for place in told] == [("DE", "BW")]
    hear(told)
    heard = holidays_of("DE", "BW")
    days = [date(2019, 12, 20) + timedelta(days=7 * n + n % 5) for n in range(2200)]
    assert [heard(day) for day in days] == [GERMAN(day) for day in days]
    assert heard(date(2026, 1, 6))
    assert not heard(date(2026, 1, 7))


TOU = "kind: time_of_use\n"
DAY = 'blocks: [{start: "00:00", price_per_kwh: 0.1}]'
FIRST = "{start: '00:00', price_per_kwh: 1}"
CHARGE = "demand_charges: [{id: a, rate_per_kw: 1, "
MISTAKES = [
    (f"{TOU}blocks: [{{start: '06:00', price_per_kwh: 1}}]", ("blocks", 0, "start"), "leaves the"),
    (
        f"{TOU}blocks: [{FIRST}, {{start: '07:03', price_per_kwh: 1}}]",
        ("blocks", 1, "start"),
        "is no multiple of 5 min",
    ),
    (
        f"{TOU}blocks: [{FIRST}, {FIRST}]",
        ("blocks", 1, "start"),
        "does not come after",
    ),
    (f"{TOU}{DAY}\nseasons: [{{id: a, start: '01-01', {DAY}}}]", ("blocks",), "beside seasons"),
    (
        f"kind: flat\nprice_per_kwh: 1\nseasons: [{{id: a, start: '01-01', {DAY}}}]",
        ("seasons",),
        "means nothing in a flat tariff",
    ),
    (
        f"{TOU}seasons: [{{id: a, start: '02-30', {DAY}}}]",
        ("seasons", 0, "start"),
        "is no day of the year",
    ),
    (
        f"{TOU}seasons: [{{id: a, start: '04-01', {DAY}}}, {{id: b, start: '04-01', {DAY}}}]",
        ("seasons", 1, "start"),
        "is that of seasons[0] too",
    ),
    (
        f"{TOU}seasons: [{{id: a, start: '04-01', blocks: []}}]",
        ("seasons", 0, "blocks"),
        "is empty",
    ),
    (
        f"{TOU}seasons: [{{id: a, start: '04-01', {DAY}, holiday_{DAY}}}]",
        ("seasons", 0, "holiday_blocks"),
        "add country",
    ),
    (f"{TOU}{DAY}\ncountry: XX", ("country",), "there is no calendar of public holidays for XX"),
    (f"{TOU}{DAY}\nadders: [{{id: a}}]", ("adders", 0), "needs either per_kwh or blocks"),
    (
        f"{TOU}{DAY}\nadders: [{{id: a, per_kwh: 1}}, {{id: a, per_kwh: 1}}]",
        ("adders", 1, "id"),
        "a stands in adders[0] too",
    ),
    (f"{TOU}{DAY}\nexport: {{kind: share}}", ("export", "share"), "is missing"),
    (f"{TOU}{DAY}\nexport: {{kind: feed, share: 0.4}}", ("export", "share"), "means nothing"),
    (
        f"{TOU}{DAY}\nexport_per_kwh: 0.1\nexport: {{kind: feed}}",
        ("export_per_kwh",),
        "stands beside export",
    ),
    (
        f"{TOU}{DAY}\n{CHARGE}period: year, ratchet_share: 0.8}}]",
        ("demand_charges", 0, "ratchet_share"),
        "means nothing with period: year",
    ),
    (
        f"{TOU}{DAY}\ndemand_charges: [{{id: a, rate_per_kw: 1, ratchet_months: 3}}]",
        ("demand_charges", 0, "ratchet_months"),
        "means nothing without ratchet_share",
    ),
    (
        f"{TOU}{DAY}\ndemand_charges: [{{id: a, rate_per_kw: 1, months: [1, 1]}}]",
        ("demand_charges", 0, "months"),
        "names a month twice",
    ),
    (
        f"{TOU}{DAY}\ndemand_charges: "
        "[{id: a, rate_per_kw: 1, interval_min: 60, windows: [{start: '08:30', end: '20:00'}]}]",
        ("demand_charges", 0, "windows", 0, "start"),
        '"08:30" cuts a block of 60 min in two',
    ),
]


@pytest.mark.parametrize(("text", "path", "says"), MISTAKES)
def test_mistakes_are_found(text: str, path: tuple[str | int, ...], says: str) -> None:
    (found,) = tariff_lint(tariff_of(text))
    assert found.path == path
    assert says in found.message


SHIPPED = sorted(example_path("tariffs/flat.yaml").parent.glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_tariffs_are_without_mistake(path: Path) -> None:
    assert list(tariff_lint(tariff_of(path.read_text(encoding="utf-8")))) == []


def test_every_key_of_a_tariff_is_shown_in_a_shipped_one() -> None:
    schema = Tariff.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    text = "".join(path.read_text(encoding="utf-8") for path in SHIPPED)
    assert keys - set(re.findall(r"([a-z_]+):(?:\s|$)", text, re.MULTILINE)) == set()
