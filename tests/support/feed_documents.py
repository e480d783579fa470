"""Documents shaped exactly as the providers publish them, around one made-up but steady truth."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.feeds.quantity import FeedKind, Quantity
from edge_agent.feeds.slots import Slot
from edge_agent.feeds.source import Format, Source

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 16, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


def truth(moment: datetime) -> float:
    """A day-ahead price in EUR/MWh: two peaks a day, no two hours alike."""
    local = moment.astimezone(BERLIN)
    hour = local.hour + local.minute / 60
    peaks = math.exp(-((hour - 8.5) ** 2) / 5) + 1.4 * math.exp(-((hour - 18.5) ** 2) / 6)
    return round(55 + 70 * peaks + 3 * math.sin(moment.timestamp() / 40_000), 2)


def warmth(moment: datetime) -> float:
    """Outdoor temperature in degC."""
    return round(8 + 4 * math.sin((moment.hour - 9) / 24 * 2 * math.pi), 1)


def sunshine(moment: datetime) -> float:
    """Radiation in W/m2, mean of the hour before, at 8.4 degrees east."""
    hour = moment.hour - 0.5 + 8.4 / 15
    return round(max(0.0, 320 * math.cos((hour - 12) / 8 * math.pi)) if 8 < hour < 16 else 0.0, 1)


def greenness(moment: datetime) -> float:
    """Carbon intensity in gCO2/kWh."""
    return round(250 + 120 * math.sin((moment.hour - 4) / 24 * 2 * math.pi))


def local_day(day: date, step: timedelta = QUARTER, days: int = 1) -> list[datetime]:
    """Starts of all steps of local days of Berlin, UTC."""
    begin = datetime.combine(day, time(0), BERLIN).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=days), time(0), BERLIN).astimezone(UTC)
    return [begin + index * step for index in range(round((end - begin) / step))]


TODAY_TOMORROW = local_day(date(2026, 11, 22), days=2)


# https://api.energy-charts.info/ : GET /price, answers 200 with these keys
def energy_charts_body(
    starts: Iterable[datetime],
    price: Callable[[datetime], Any] = truth,
    unit: str = "EUR / MWh",
) -> bytes:
    times = list(starts)
    return json.dumps(
        {
            "license_info": "CC BY 4.0 (creativecommons.org/licenses/by/4.0) from SMARD.de",
            "unix_seconds": [round(one.timestamp()) for one in times],
            "price": [price(one) for one in times],
            "unit": unit,
            "deprecated": False,
        }
    ).encode()


# https://www.awattar.de/services/api : GET /v1/marketdata
def awattar_body(
    starts: Iterable[datetime], price: Callable[[datetime], Any] = truth, unit: str = "Eur/MWh"
) -> bytes:
    data = [
        {
            "start_timestamp": round(one.timestamp() * 1000),
            "end_timestamp": round((one + HOUR).timestamp() * 1000),
            "marketprice": price(one),
            "unit": unit,
        }
        for one in starts
    ]
    return json.dumps({"object": "list", "data": data, "url": "/de/v1/marketdata"}).encode()


# https://developer.octopus.energy/rest/guides/endpoints : standard-unit-rates, newest first
def octopus_body(starts: Iterable[datetime], price: Callable[[datetime], Any]) -> bytes:
    results = [
        {
            "value_exc_vat": price(one),
            "value_inc_vat": None if price(one) is None else round(price(one) * 1.05, 4),
            "valid_from": _z(one),
            "valid_to": _z(one + timedelta(minutes=30)),
            "payment_method": None,
        }
        for one in reversed(list(starts))
    ]
    page = {"count": len(results), "next": None, "previous": None, "results": results}
    return json.dumps(page).encode()


# https://open-meteo.com/en/docs : hourly values, radiation as the mean of the hour before
def open_meteo_body(times: Sequence[datetime], **changed: Any) -> bytes:
    document: dict[str, Any] = {
        "latitude": 49.02,
        "longitude": 8.38,
        "generationtime_ms": 0.05,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 118.0,
        "hourly_units": {
            "time": "iso8601",
            "temperature_2m": "°C",
            "shortwave_radiation": "W/m²",
        },
        "hourly": {
            "time": [f"{one:%Y-%m-%dT%H:%M}" for one in times],
            "temperature_2m": [warmth(one) for one in times],
            "shortwave_radiation": [sunshine(one) for one in times],
        },
    }
    for key, value in changed.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) else value
    return json.dumps(document).encode()


# https://carbon-intensity.github.io/api-definitions/ : GET /intensity/{from}/fw48h
def carbon_uk_body(
    starts: Iterable[datetime], value: Callable[[datetime], Any] = greenness
) -> bytes:
    data = [
        {
            "from": f"{one:%Y-%m-%dT%H:%MZ}",
            "to": f"{one + timedelta(minutes=30):%Y-%m-%dT%H:%MZ}",
            "intensity": {"forecast": value(one), "actual": None, "index": "moderate"},
        }
        for one in starts
    ]
    return json.dumps({"data": data}).encode()


# https://app.electricitymaps.com/docs : GET /v3/carbon-intensity/forecast
def electricity_maps_body(starts: Iterable[datetime], zone: str = "DE") -> bytes:
    forecast = [
        {"carbonIntensity": greenness(one), "datetime": f"{one:%Y-%m-%dT%H:%M:%S.000Z}"}
        for one in starts
    ]
    document = {"zone": zone, "forecast": forecast, "updatedAt": "2026-11-22T15:41:00.000Z"}
    return json.dumps(document).encode()


# https://transparencyplatform.zendesk.com/hc/en-us/articles/12783554027540 : 12.1.D, type A44
def entsoe_body(
    days: Sequence[date],
    step: timedelta = QUARTER,
    area: str = "10Y1001A1001A82H",
    currency: str = "EUR",
    price: Callable[[datetime], float] = truth,
) -> bytes:
    periods = "".join(
        _time_series(number, local_day(day, step), step, area, currency, price)
        for number, day in enumerate(days, start=1)
    )
    first, last = local_day(days[0], step)[0], local_day(days[-1], step)[-1] + step
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n<Publication_MarketDocument '
        'xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3">'
        "<mRID>b3f2a1</mRID><revisionNumber>1</revisionNumber><type>A44</type>"
        '<sender_MarketParticipant.mRID codingScheme="A01">10X1001A1001A450'
        "</sender_MarketParticipant.mRID>"
        "<createdDateTime>2026-11-22T12:02:11Z</createdDateTime><period.timeInterval>"
    )
    return (
        f"{head}<start>{first:%Y-%m-%dT%H:%MZ}</start><end>{last:%Y-%m-%dT%H:%MZ}</end>"
        f"</period.timeInterval>{periods}</Publication_MarketDocument>"
    ).encode()


def _time_series(
    number: int,
    starts: Sequence[datetime],
    step: timedelta,
    area: str,
    currency: str,
    price: Callable[[datetime], float],
) -> str:
    points, before = [], None
    for position, one in enumerate(starts, start=1):
        # Curve type A03: a position that repeats the value before is left out.
        if price(one) != before:
            before = price(one)
            points.append(
                f"<Point><position>{position}</position><price.amount>{before}</price.amount></Point>"
            )
    minutes = round(step.total_seconds() / 60)
    return (
        f"<TimeSeries><mRID>{number}</mRID><auction.type>A01</auction.type>"
        "<businessType>A62</businessType>"
        f'<in_Domain.mRID codingScheme="A01">{area}</in_Domain.mRID>'
        f'<out_Domain.mRID codingScheme="A01">{area}</out_Domain.mRID>'
        "<contract_MarketAgreement.type>A01</contract_MarketAgreement.type>"
        f"<currency_Unit.name>{currency}</currency_Unit.name>"
        "<price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>A03</curveType>"
        f"<Period><timeInterval><start>{starts[0]:%Y-%m-%dT%H:%MZ}</start>"
        f"<end>{starts[-1] + step:%Y-%m-%dT%H:%MZ}</end></timeInterval>"
        f"<resolution>PT{minutes}M</resolution>{''.join(points)}</Period></TimeSeries>"
    )


ENTSOE_NOTHING = b"""<?xml version="1.0" encoding="UTF-8"?>
<Acknowledgement_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:7:0">
<mRID>8c5ed6f5</mRID><Reason><code>999</code><text>No matching data found for Data item</text>
</Reason></Acknowledgement_MarketDocument>"""


def csv_body(starts: Iterable[datetime], price: Callable[[datetime], Any] = truth) -> bytes:
    lines = [f"{_z(one)},{price(one)}" for one in starts]
    return "\n".join(["start,value", *lines, ""]).encode()


def price_source(form: Format = Format.ENERGY_CHARTS, **changed: Any) -> Source:
    given: dict[str, Any] = {
        "name": "price",
        "kind": FeedKind.PRICE_IMPORT,
        "format": form,
        "zone": "DE-LU",
        "timezone": "Europe/Berlin",
    }
    return Source(**{**given, **changed})


def weather_source(**changed: Any) -> Source:
    given: dict[str, Any] = {
        "name": "weather",
        "kind": FeedKind.WEATHER,
        "format": Format.OPEN_METEO,
        "latitude": 49.0,
        "longitude": 8.4,
        "timezone": "Europe/Berlin",
    }
    return Source(**{**given, **changed})


def carbon_source(form: Format = Format.CARBON_INTENSITY_UK, **changed: Any) -> Source:
    given: dict[str, Any] = {"name": "carbon", "kind": FeedKind.CARBON, "format": form}
    return Source(**{**given, **changed})


def week_before(now: datetime = NOW, until: datetime | None = None) -> tuple[Slot, ...]:
    """A week of sound quarter-hourly prices, EUR/kWh, to the end of `until`'s local day."""
    today = (until or now).astimezone(BERLIN).date()
    starts = [one for ago in range(7, 0, -1) for one in local_day(today - timedelta(days=ago))]
    return tuple(
        Slot(Quantity.PRICE_IMPORT, one, one + QUARTER, truth(one) / 1000) for one in starts
    )


def _z(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
