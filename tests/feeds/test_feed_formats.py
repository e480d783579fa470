"""Every documented format is read into the same truth, in UTC, with its unit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from feed_documents import (
    BERLIN,
    ENTSOE_NOTHING,
    HOUR,
    NOW,
    QUARTER,
    awattar_body,
    carbon_source,
    carbon_uk_body,
    csv_body,
    electricity_maps_body,
    energy_charts_body,
    entsoe_body,
    greenness,
    local_day,
    octopus_body,
    open_meteo_body,
    price_source,
    sunshine,
    truth,
    warmth,
    weather_source,
)

from edge_agent.feeds.document import Document, Refused, Row
from edge_agent.feeds.format_carbon import carbon_intensity_uk, electricity_maps
from edge_agent.feeds.format_drop import csv_drop, message
from edge_agent.feeds.format_entsoe import entsoe
from edge_agent.feeds.format_prices import awattar, energy_charts, octopus_agile
from edge_agent.feeds.format_weather import open_meteo
from edge_agent.feeds.quantity import Quantity
from edge_agent.feeds.source import Format
from edge_agent.feeds.units import Conversion, conversion

DAY = date(2026, 11, 23)


def rows(document: Document | Refused, quantity: Quantity = Quantity.PRICE_IMPORT) -> list[Row]:
    assert isinstance(document, Document), document
    return sorted(
        (row for row in document.rows if row.quantity is quantity), key=lambda row: row.start
    )


def true_rows(starts: list[datetime], step: timedelta) -> list[Row]:
    return [Row(Quantity.PRICE_IMPORT, one, one + step, truth(one)) for one in starts]


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(DAY, 96), (date(2027, 3, 28), 92), (date(2026, 10, 25), 100)],
)
def test_energy_charts_and_entsoe_say_the_same_on_every_length_of_day(
    day: date, quarters: int
) -> None:
    starts = local_day(day)
    assert len(starts) == quarters
    expected = true_rows(starts, QUARTER)
    assert rows(energy_charts(energy_charts_body(starts), price_source().asked)) == expected
    source = price_source(Format.ENTSOE, zone="DE_LU")
    document = entsoe(entsoe_body([day]), source.asked)
    assert rows(document) == expected
    assert isinstance(document, Document)
    assert document.units == {Quantity.PRICE_IMPORT: "EUR/MWH"}
    assert document.published == datetime(2026, 11, 22, 12, 2, 11, tzinfo=UTC)


def test_hourly_prices() -> None:
    starts = local_day(DAY, HOUR)
    expected = true_rows(starts, HOUR)
    assert rows(awattar(awattar_body(starts), price_source(Format.AWATTAR).asked)) == expected
    source = price_source(Format.ENTSOE, zone="DE-LU")
    assert rows(entsoe(entsoe_body([DAY], HOUR), source.asked)) == expected


def test_entsoe_repeats_left_out_positions_as_its_curve_type_says() -> None:
    body = entsoe_body([DAY], HOUR, price=lambda one: 40.0 if one.hour < 12 else 60.0)
    assert body.count(b"<Point>") == 3
    found = rows(entsoe(body, price_source(Format.ENTSOE, zone="DE_LU").asked))
    assert [row.value for row in found] == [60.0] + [40.0] * 12 + [60.0] * 11


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (ENTSOE_NOTHING, "the platform says: No matching data found for Data item"),
        (entsoe_body([DAY], area="10YFR-RTE------C"), "is of zone 10YFR-RTE------C, asked was"),
        (entsoe_body([DAY])[:-400], "the document is cut off"),
        (b"<!DOCTYPE html><html>maintenance</html>", "the answer is a web page"),
        (entsoe_body([DAY]).replace(b"PT15M", b"PT7M"), "cannot be read"),
    ],
)
def test_entsoe_refusals(body: bytes, says: str) -> None:
    refused = entsoe(body, price_source(Format.ENTSOE, zone="DE_LU").asked)
    assert isinstance(refused, Refused)
    assert says in refused.reason


def test_octopus_comes_newest_first_in_pence_without_vat() -> None:
    starts = local_day(DAY, timedelta(minutes=30))
    source = price_source(Format.OCTOPUS_AGILE, currency="GBP")
    document = octopus_agile(octopus_body(starts, lambda one: truth(one) / 10), source.asked)
    assert [row.start for row in rows(document)] == starts
    assert rows(document)[3].value == pytest.approx(truth(starts[3]) / 10)
    assert isinstance(document, Document)
    how = conversion(Quantity.PRICE_IMPORT, document.units[Quantity.PRICE_IMPORT], "GBP")
    assert how == Conversion(0.01)


def test_radiation_is_of_the_hour_before_and_temperature_of_the_hour_after() -> None:
    times = [NOW + index * HOUR for index in range(48)]
    document = open_meteo(open_meteo_body(times), weather_source().asked)
    warm, sun = rows(document, Quantity.TEMPERATURE), rows(document, Quantity.IRRADIANCE)
    assert [(row.start, row.value) for row in warm] == [(one, warmth(one)) for one in times]
    assert [(row.end, row.value) for row in sun] == [(one, sunshine(one)) for one in times]


def test_open_meteo_in_local_time_is_put_back_by_its_offset() -> None:
    local = [one.astimezone(BERLIN) for one in (NOW, NOW + HOUR)]
    body = open_meteo_body(local, utc_offset_seconds=3600, timezone="Europe/Berlin")
    document = open_meteo(body, weather_source().asked)
    assert [row.start for row in rows(document, Quantity.TEMPERATURE)] == [NOW, NOW + HOUR]


def test_carbon_of_both_providers() -> None:
    half = timedelta(minutes=30)
    starts = [NOW + index * half for index in range(96)]
    found = carbon_intensity_uk(carbon_uk_body(starts), carbon_source().asked)
    assert [(row.start, row.end, row.value) for row in rows(found, Quantity.CARBON)] == [
        (one, one + half, greenness(one)) for one in starts
    ]
    hours = [NOW + index * HOUR for index in range(24)]
    source = carbon_source(Format.ELECTRICITY_MAPS, zone="DE")
    maps = electricity_maps(electricity_maps_body(hours), source.asked)
    assert [(row.start, row.end) for row in rows(maps, Quantity.CARBON)] == [
        (one, one + HOUR) for one in hours
    ]
    other = electricity_maps(electricity_maps_body(hours, "FR"), source.asked)
    assert other == Refused("is of zone FR, asked was DE")


def test_csv_in_local_time_keeps_both_hours_of_the_doubled_one() -> None:
    starts = local_day(date(2026, 10, 25), HOUR)
    lines = [f"{one.astimezone(BERLIN):%Y-%m-%dT%H:%M};{truth(one):.2f}" for one in starts]
    text = "\n".join(["start;value", *lines]).replace(".", ",")
    source = price_source(Format.CSV, unit="EUR/MWh")
    found = rows(csv_drop(text.encode(), source.asked))
    assert [row.start for row in found] == starts
    assert len(found) == 25


def test_csv_local_hour_that_does_not_exist_is_left_out() -> None:
    text = "start,value\n2027-03-28T01:00,1\n2027-03-28T02:00,2\n2027-03-28T03:00,3\n"
    document = csv_drop(text.encode(), price_source(Format.CSV, unit="EUR/MWh").asked)
    assert [row.value for row in rows(document)] == [1.0, 3.0]
    assert isinstance(document, Document)
    assert "does not exist on the day the clocks go forward" in document.left_out[0]


def test_csv_of_the_old_price_file_is_in_the_sites_currency() -> None:
    body = csv_body(local_day(DAY, HOUR)).replace(b"start,value", b"start,price_per_kwh")
    document = csv_drop(body, price_source(Format.CSV).asked)
    assert isinstance(document, Document)
    assert document.units == {Quantity.PRICE_IMPORT: "EUR/kWh"}


def test_a_message_with_two_series() -> None:
    text = (
        b'{"published": "2026-11-22T15:00:00Z", "series": ['
        b'{"quantity": "temperature", "unit": "degC", "start": "2026-11-22T16:00:00Z",'
        b' "step_min": 60, "values": [8.5, null, 7]},'
        b'{"quantity": "irradiance", "unit": "W/m2", "start": "2026-11-22T16:00:00Z",'
        b' "step_min": 30, "values": [0, 0]}]}'
    )
    document = message(text, weather_source(format=Format.MQTT).asked)
    warm = rows(document, Quantity.TEMPERATURE)
    assert [(row.start, row.value) for row in warm] == [(NOW, 8.5), (NOW + 2 * HOUR, 7.0)]
    assert isinstance(document, Document)
    assert document.left_out == ("1 rows left out: has no value",)
    assert document.published == NOW - HOUR


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("EUR / MWh", 0.001),
        ("Eur/MWh", 0.001),
        ("€/kWh", 1.0),
        ("ct/kWh", 0.01),
        ("cent/MWh", 0.00001),
    ],
)
def test_price_units(unit: str, factor: float) -> None:
    how = conversion(Quantity.PRICE_IMPORT, unit, "EUR")
    assert isinstance(how, Conversion)
    assert how.of(1.0) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("quantity", "unit", "says"),
    [
        (Quantity.PRICE_IMPORT, "p/kWh", "the prices are in GBP and the site counts in EUR"),
        (Quantity.PRICE_IMPORT, "SEK/MWh", "the prices are in SEK and the site counts in EUR"),
        (Quantity.PRICE_IMPORT, "EUR/m3", "is no price per kWh or MWh"),
        (Quantity.PRICE_IMPORT, "", "the unit is not known"),
        (Quantity.IRRADIANCE, "kWh/m2", "is no irradiance"),
        (Quantity.CARBON, "lb/MWh", "is no carbon intensity"),
    ],
)
def test_units_that_are_refused(quantity: Quantity, unit: str, says: str) -> None:
    how = conversion(quantity, unit, "EUR")
    assert isinstance(how, str)
    assert says in how


def test_fahrenheit_and_kelvin() -> None:
    for unit, given in (("°F", 50.0), ("K", 283.15), ("°C", 10.0)):
        how = conversion(Quantity.TEMPERATURE, unit, "EUR")
        assert isinstance(how, Conversion)
        assert how.of(given) == pytest.approx(10.0)
