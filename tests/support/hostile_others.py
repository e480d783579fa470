"""Wrong documents of the other formats."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from feed_documents import (
    HOUR,
    NOW,
    QUARTER,
    awattar_body,
    carbon_source,
    carbon_uk_body,
    csv_body,
    electricity_maps_body,
    entsoe_body,
    greenness,
    local_day,
    octopus_body,
    open_meteo_body,
    price_source,
    truth,
    weather_source,
)
from hostile_case import Case, broken

from edge_agent.feeds.format_carbon import carbon_intensity_uk, electricity_maps
from edge_agent.feeds.format_drop import csv_drop, message
from edge_agent.feeds.format_entsoe import entsoe
from edge_agent.feeds.format_prices import awattar, octopus_agile
from edge_agent.feeds.format_weather import open_meteo
from edge_agent.feeds.source import Format

HOURS = local_day(date(2026, 11, 22), HOUR, days=2)
HALVES = local_day(date(2026, 11, 22), timedelta(minutes=30), days=2)
WEATHER = [NOW - timedelta(hours=16) + index * HOUR for index in range(72)]
CENTS = price_source(Format.CSV, unit="EUR/MWh")


def weather(**changed: Any) -> bytes:
    return open_meteo_body(WEATHER, **changed)


OTHERS = [
    Case(
        name="hours and quarter-hours mixed",
        body=awattar_body([*HOURS, *(one + QUARTER for one in HOURS[:3])]),
        parse=awattar,
        noted="3 price_import rows overlap others and are not used",
        assumed="in doubt: 3 price_import rows overlap others",
    ),
    Case(
        name="units mixed",
        body=broken(awattar_body(HOURS), b'"Eur/MWh"}, {', b'"ct/kWh"}, {') + b"",
        parse=awattar,
        refused="mixes units: Eur/MWh, ct/kWh",
    ),
    Case(
        name="ends before it starts",
        body=broken(awattar_body(HOURS), b"end_timestamp", b"end"),
        parse=awattar,
        refused="has no time",
    ),
    Case(
        name="prices for a whole day each",
        body=json.dumps(
            {
                "data": [
                    {
                        "start_timestamp": round(HOURS[0].timestamp() * 1000),
                        "end_timestamp": round(HOURS[24].timestamp() * 1000),
                        "marketprice": 60.0,
                        "unit": "Eur/MWh",
                    }
                ]
            }
        ).encode(),
        parse=awattar,
        refused="rows too old, too far or too long",
    ),
    Case(
        name="a market in pounds",
        body=octopus_body(HOURS, lambda one: truth(one) / 10),
        parse=octopus_agile,
        source=price_source(Format.OCTOPUS_AGILE),
        refused="the prices are in GBP and the site counts in EUR",
    ),
    Case(
        name="ENTSO-E of another zone",
        body=entsoe_body([date(2026, 11, 23)], area="10YFR-RTE------C"),
        parse=entsoe,
        source=price_source(Format.ENTSOE, zone="DE_LU"),
        refused="is of zone 10YFR-RTE------C",
    ),
    Case(
        name="ENTSO-E in another currency",
        body=entsoe_body([date(2026, 11, 23)], currency="PLN"),
        parse=entsoe,
        source=price_source(Format.ENTSOE, zone="DE_LU"),
        refused="the prices are in PLN",
    ),
    Case(
        name="CSV without offsets of UTC taken for local",
        body=csv_body(HOURS).replace(b"Z,", b","),
        parse=csv_drop,
        source=price_source(Format.ENERGY_CHARTS, unit="EUR/MWh"),
        noted="ends at 23:00 and not at midnight",
        assumed="the zone is wrong",
        known=False,
    ),
    Case(
        name="CSV without unit",
        body=csv_body(HOURS),
        parse=csv_drop,
        source=price_source(Format.CSV),
        refused="the unit is not known",
    ),
    Case(
        name="CSV with another header",
        body=b"time;price\n",
        parse=csv_drop,
        source=CENTS,
        refused="the first line must be start,value",
    ),
    Case(
        name="CSV that is a web page",
        body=b"<html>",
        parse=csv_drop,
        source=CENTS,
        refused="a web page",
    ),
    Case(
        name="message without a step",
        body=b'{"unit": "EUR/MWh", "start": "2026-11-22T16:00:00Z", "values": [1]}',
        parse=message,
        source=price_source(Format.MQTT),
        refused="step_min must be one of",
    ),
    Case(
        name="weather of another place",
        body=weather(latitude=-33.9, longitude=151.2),
        parse=open_meteo,
        source=weather_source(),
        refused="is of the place -33.90, 151.20",
        known=False,
    ),
    Case(
        name="weather by the wrong clock",
        body=weather(utc_offset_seconds=-32400),
        parse=open_meteo,
        source=weather_source(),
        refused="W/m2 at night: wrong zone or place",
        known=False,
    ),
    Case(
        name="weather in kelvin",
        body=weather(hourly={"temperature_2m": [280.0 + one.hour for one in WEATHER]}),
        parse=open_meteo,
        source=weather_source(),
        refused="temperature values are outside -60 to 60",
        known=False,
    ),
    Case(
        name="weather without sun",
        body=weather(hourly={"shortwave_radiation": [0.0] * len(WEATHER)}),
        parse=open_meteo,
        source=weather_source(),
        noted="there is no radiation at all",
        assumed="there is no radiation at all",
        known=False,
    ),
    Case(
        name="weather with an error inside",
        body=b'{"error": true, "reason": "Daily API request limit exceeded."}',
        parse=open_meteo,
        source=weather_source(),
        refused="the provider says: Daily API request limit exceeded.",
        known=False,
    ),
    Case(
        name="carbon in kg",
        body=carbon_uk_body(HALVES, lambda one: greenness(one) / 1000),
        parse=carbon_intensity_uk,
        source=carbon_source(),
        noted="is very small: is the unit right?",
        assumed="is very small",
        known=False,
    ),
    Case(
        name="carbon of another zone",
        body=electricity_maps_body(HOURS, "FR"),
        parse=electricity_maps,
        source=carbon_source(Format.ELECTRICITY_MAPS, zone="DE"),
        refused="is of zone FR, asked was DE",
        known=False,
    ),
]
