"""Price documents of one format, wrong in every way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from feed_documents import (
    HOUR,
    NOW,
    TODAY_TOMORROW,
    energy_charts_body,
    local_day,
    truth,
)
from hostile_case import Case, broken

SPRING = local_day(date(2027, 3, 27), HOUR, days=2)


def spiky(one: datetime) -> float:
    return 1e9 if one.hour == 3 and one.minute == 0 else truth(one)


def without(*hours: int) -> Callable[[datetime], Any]:
    return lambda one: None if one.hour in hours else truth(one)


def torn(one: datetime, first: list[datetime]) -> float:
    first.append(one)
    return truth(one) + (9.0 if first.count(one) > 1 else 0.0)


SEEN: list[datetime] = []
WHOLE = energy_charts_body(TODAY_TOMORROW)
PRICES = [
    Case(name="web page", body=b"<!DOCTYPE html><html>Login</html>", refused="a web page"),
    Case(name="web page in capitals", body=b"\n <HTML><BODY>", refused="a web page"),
    Case(name="XML for JSON", body=b"<?xml version='1.0'?><a/>", refused="is XML, not JSON"),
    Case(name="empty", body=b"", refused="the answer is empty"),
    Case(name="null", body=b"null", refused="is no Energy-Charts answer"),
    Case(name="cut off JSON", body=WHOLE[:2000], refused="the answer is no JSON"),
    Case(name="not UTF-8", body=b"\xff\xfe\x00{", refused="the answer is no JSON"),
    Case(name="nested to death", body=b"[" * 200_000, refused="the answer is no JSON"),
    Case(
        name="NaN in JSON",
        body=broken(WHOLE, b'"price": [', b'"price": [NaN, '),
        refused="NaN is no number",
    ),
    Case(name="no rows", body=energy_charts_body([]), refused="holds no value"),
    Case(
        name="text for a price",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: "12" if one.hour == 7 else truth(one)),
        noted="8 rows left out: the value is no number",
        assumed="the feed has no",
    ),
    Case(
        name="lists of different length",
        body=broken(WHOLE, b'"price": [', b'"price": [1, '),
        refused="times for",
    ),
    Case(
        name="1e9 in two hours",
        body=energy_charts_body(TODAY_TOMORROW, spiky),
        noted="2 of 192 price_import values are outside",
        assumed="the feed has no",
    ),
    Case(
        name="1e9 everywhere",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: 1e9),
        refused="192 of 192 price_import values are outside -5 to 5",
    ),
    Case(
        name="1e400",
        body=broken(WHOLE, b'"price": [', b'"price": [1e400, ').replace(
            b'"unix_seconds": [', b'"unix_seconds": [1795302000, '
        ),
        noted="the value is no finite number",
    ),
    Case(
        name="per MWh said to be per kWh",
        body=energy_charts_body(TODAY_TOMORROW, unit="EUR/kWh"),
        refused="values are outside",
    ),
    Case(
        name="cents said to be euros",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(one) / 10, unit="EUR/kWh"),
        refused="values are outside",
    ),
    Case(
        name="cents said to be euros, nothing known, cheap day",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(one) / 60, unit="EUR/kWh"),
        refused="is not believable: is the unit right?",
        known=False,
    ),
    Case(
        name="per kWh said to be per MWh",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(one) / 1000),
        refused="times the level of the days before: is the unit right?",
    ),
    Case(
        name="per kWh said to be per MWh, nothing known",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(one) / 1000),
        noted="is very small: is the unit right?",
        assumed="is very small",
        known=False,
    ),
    Case(
        name="ten times the level",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(one) * 10),
        noted="is 10 times the level of the days before",
        assumed="is the unit right?",
    ),
    Case(
        name="a tenth of the level",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(one) / 10),
        noted="is 0.1 times the level of the days before",
        assumed="is the unit right?",
    ),
    Case(
        name="another currency",
        body=energy_charts_body(TODAY_TOMORROW, unit="SEK/MWh"),
        refused="the prices are in SEK and the site counts in EUR",
    ),
    Case(
        name="a unit of something else",
        body=energy_charts_body(TODAY_TOMORROW, unit="MW"),
        refused="is no price per kWh or MWh",
    ),
    Case(
        name="no unit",
        body=broken(WHOLE, b'"unit": "EUR / MWh"', b'"unit": null'),
        refused="does not say its unit",
    ),
    Case(
        name="local times said to be UTC",
        body=energy_charts_body(
            [one + HOUR for one in TODAY_TOMORROW], lambda one: truth(one - HOUR)
        ),
        noted="ends at 01:00 and not at midnight in Europe/Berlin",
        assumed="the zone is wrong",
    ),
    Case(
        name="another continent's day",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(one - 9 * HOUR)),
        noted="the day's pattern looks +9 h from where it was",
        assumed="is the zone right?",
    ),
    Case(
        name="the known days moved by two hours",
        body=energy_charts_body(
            [one for ago in (2, 1, 0) for one in local_day(date(2026, 11, 23 - ago))],
            lambda one: truth(one - 2 * HOUR),
        ),
        refused="+2 h from where they were: wrong zone",
        now=NOW - timedelta(hours=8),
    ),
    Case(
        name="half a day",
        body=energy_charts_body(TODAY_TOMORROW[:144]),
        noted="48 of 96 quarter-hours missing",
        assumed="the feed has no price, the same time of",
    ),
    Case(
        name="hours missing in the middle",
        body=energy_charts_body([one for one in TODAY_TOMORROW if one.hour not in (17, 18)]),
        noted="2026-11-23: 8 of 96 quarter-hours missing",
        assumed="the feed has no price, the same time of",
    ),
    Case(
        name="null in the evening",
        body=energy_charts_body(TODAY_TOMORROW, without(19)),
        noted="8 rows left out: has no value",
        assumed="the feed has no",
    ),
    Case(
        name="late: yesterday only",
        body=energy_charts_body(local_day(date(2026, 11, 21))),
        noted="is late: it holds nothing from now on",
        assumed="the feed has no price, the same time of",
        known=False,
    ),
    Case(
        name="last year's",
        body=energy_charts_body(local_day(date(2025, 11, 22), days=2)),
        refused="rows too old, too far or too long",
    ),
    Case(
        name="next year's",
        body=energy_charts_body(local_day(date(2027, 11, 22), days=2)),
        refused="rows too old, too far or too long",
    ),
    Case(
        name="milliseconds for seconds",
        body=broken(
            json.dumps(
                {
                    "unix_seconds": [round(one.timestamp()) * 1000 for one in TODAY_TOMORROW],
                    "price": [truth(one) for one in TODAY_TOMORROW],
                    "unit": "EUR/MWh",
                }
            ).encode(),
            b"unix",
            b"unix",
        ),
        refused="the time is beyond 2000 to 2100",
    ),
    Case(
        name="doubled rows that agree",
        body=energy_charts_body(TODAY_TOMORROW + TODAY_TOMORROW[:20]),
        noted="20 times stand twice with the same value",
    ),
    Case(
        name="doubled rows that disagree",
        body=energy_charts_body(
            TODAY_TOMORROW + TODAY_TOMORROW[100:120], lambda one: torn(one, SEEN)
        ),
        noted="20 times stand twice with different values: neither is used",
        assumed="the feed has no",
    ),
    Case(
        name="upside down",
        body=energy_charts_body(reversed(TODAY_TOMORROW)),
    ),
    Case(
        name="the last value for ever",
        body=energy_charts_body(TODAY_TOMORROW, lambda one: truth(min(one, TODAY_TOMORROW[100]))),
        noted="price_import stands still for 23 h",
        assumed="stands still",
    ),
    Case(
        name="24 hours on the day of 23",
        body=energy_charts_body([*SPRING, SPRING[-1] + HOUR]),
        noted="ends at 01:00 and not at midnight",
        assumed="a part is missing, or the zone is wrong",
        now=datetime(2027, 3, 27, 16, tzinfo=NOW.tzinfo),
        known=False,
    ),
    Case(
        name="24 hours on the day of 25",
        body=energy_charts_body(local_day(date(2026, 10, 24), HOUR, days=2)[:-1]),
        noted="2026-10-25: 1 of 25 hours missing",
        assumed="ends at 23:00",
        now=datetime(2026, 10, 24, 16, tzinfo=NOW.tzinfo),
        known=False,
    ),
]
