"""Which address a source is asked at, for which span, with which key. Pure but for the key."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote
from zoneinfo import ZoneInfo

from edge_agent.feeds.source import Format, Source

MAX_KEY = 500
URLS: Mapping[Format, str] = MappingProxyType(
    {
        Format.ENTSOE: "https://web-api.tp.entsoe.eu/api?documentType=A44"
        "&contract_MarketAgreement.type=A01&in_Domain={zone}&out_Domain={zone}"
        "&periodStart={start}&periodEnd={end}&securityToken={key}",
        Format.ENERGY_CHARTS: "https://api.energy-charts.info/price?bzn={zone}&start={start}&end={end}",
        Format.AWATTAR: "https://api.awattar.de/v1/marketdata?start={start}&end={end}",
        Format.OCTOPUS_AGILE: "https://api.octopus.energy/v1/products/{product}"
        "/electricity-tariffs/{zone}/standard-unit-rates/"
        "?period_from={start}&period_to={end}&page_size=1500",
        Format.OPEN_METEO: "https://api.open-meteo.com/v1/forecast?latitude={latitude}"
        "&longitude={longitude}&hourly=temperature_2m,shortwave_radiation&timezone=GMT"
        "&past_days=1&forecast_days=3",
        Format.CARBON_INTENSITY_UK: "https://api.carbonintensity.org.uk/intensity/{start}/fw48h",
        Format.ELECTRICITY_MAPS: "https://api.electricitymaps.com/v3/carbon-intensity/forecast"
        "?zone={zone}",
    }
)
_TIMES = {
    Format.ENTSOE: "%Y%m%d%H%M",
    Format.ENERGY_CHARTS: "%Y-%m-%dT%H:%MZ",
    Format.OCTOPUS_AGILE: "%Y-%m-%dT%H:%MZ",
    Format.CARBON_INTENSITY_UK: "%Y-%m-%dT%H:%MZ",
}
TOKEN_HEADERS = {Format.ELECTRICITY_MAPS: "auth-token"}


class KeyRefusedError(Exception):
    """The key of a source is not to be had; says where it should stand, never what it is."""


@dataclass(frozen=True, slots=True)
class Request:
    """One GET; `headers` may carry the key and go to the first host only."""

    url: str
    headers: Mapping[str, str]


def request_for(source: Source, now: datetime, key: str, area: str = "") -> Request:
    """From local midnight of yesterday to the end of the day after tomorrow; raises ValueError."""
    zone = ZoneInfo(source.timezone)
    today = now.astimezone(zone).date()
    start = datetime.combine(today - timedelta(days=1), time(0), zone)
    end = datetime.combine(today + timedelta(days=2), time(0), zone)
    name = area or source.zone
    fields = {
        "zone": quote(name, safe=""),
        "product": quote(_product(name), safe=""),
        "start": _time(start, source.format),
        "end": _time(end, source.format),
        "latitude": f"{source.latitude:.4f}",
        "longitude": f"{source.longitude:.4f}",
        "key": quote(key, safe=""),
    }
    template = source.url or URLS[source.format]
    unknown = {field for _, field, _, _ in string.Formatter().parse(template) if field} - set(
        fields
    )
    if unknown:
        msg = f"the url has unknown fields {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    header = TOKEN_HEADERS.get(source.format)
    return Request(template.format(**fields), {header: key} if header and key else {})


def _time(moment: datetime, form: Format) -> str:
    utc = moment.astimezone(ZoneInfo("UTC"))
    if form is Format.AWATTAR:
        return str(round(utc.timestamp() * 1000))
    return utc.strftime(_TIMES.get(form, "%Y-%m-%dT%H:%MZ"))


def _product(tariff: str) -> str:
    """AGILE-24-10-01 of E-1R-AGILE-24-10-01-C."""
    return "-".join(tariff.split("-")[2:-1])


def read_key(reference: str, env: Mapping[str, str] | None = None) -> str:
    """The key behind `env:NAME` or `file:/path`; raises KeyRefusedError."""
    kind, _, where = reference.partition(":")
    if not reference:
        return ""
    if kind == "env":
        found = (os.environ if env is None else env).get(where, "")
    elif kind == "file":
        try:
            found = Path(where).read_text(encoding="utf-8")[: MAX_KEY + 1]
        except (OSError, ValueError) as error:
            msg = f"the key file {where} cannot be read: {type(error).__name__}"
            raise KeyRefusedError(msg) from error
    else:
        msg = "a key is named by env:NAME or file:/path"
        raise KeyRefusedError(msg)
    found = found.strip()
    if not found or len(found) > MAX_KEY or not found.isprintable():
        msg = f"there is no usable key at {reference}"
        raise KeyRefusedError(msg)
    return found
