"""Sources from outside in the site file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.site.terms import Finite, Positive, Strict

PriceFormat = Literal[
    "file", "csv", "mqtt", "shadow", "entsoe", "energy_charts", "octopus_agile", "awattar"
]
WeatherFormat = Literal["mqtt", "shadow", "open_meteo"]
CarbonFormat = Literal["csv", "mqtt", "shadow", "carbon_intensity_uk", "electricity_maps"]
KeyReference = Annotated[str, Field(pattern=r"^(env:[A-Za-z_]\w*|file:/\S+)?\Z")]
HttpUrl = Annotated[str, Field(pattern=r"^(https?://[^\s/]+(/\S*)?)?\Z")]


class Feed(Strict):
    """What every source may say; which keys it needs depends on its format."""

    url: HttpUrl = ""
    """Instead of the provider's public address; {zone} {start} {end} {key} are put in."""
    key: KeyReference = ""
    """Where the provider's key stands: env:NAME or file:/path."""
    zone: Annotated[str, Field(max_length=64)] = ""
    """The provider's name of the market zone, tariff or grid zone."""
    file: str = ""
    topic: str = ""
    unit: Annotated[str, Field(max_length=20)] = ""
    """Where the format does not say it, for example EUR/MWh."""
    timezone: Annotated[str, Field(max_length=64)] = ""
    """Of the market, and of local times in a CSV file; default the site's."""
    every_min: Annotated[float, Field(ge=5, le=1440)] = 60.0


class PriceFeed(Feed):
    """Energy prices before the tariff's adders."""

    format: PriceFormat = "file"
    """`file`: a fixed CSV file with `start`, `price_per_kwh`, checked with the site."""
    factor: Positive = 1.0
    adder_per_kwh: Finite = 0.0


class WeatherFeed(Feed):
    """Outdoor temperature and radiation at the site's place."""

    format: WeatherFormat


class CarbonFeed(Feed):
    """Carbon intensity of the grid."""

    format: CarbonFormat


class Feeds(Strict):
    """Sources from outside."""

    price: PriceFeed | None = None
    export_price: PriceFeed | None = None
    weather: WeatherFeed | None = None
    carbon: CarbonFeed | None = None
