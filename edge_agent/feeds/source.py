"""Sources from outside as data: what is asked where, how often, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.feeds.document import Asked
from edge_agent.feeds.quantity import QUANTITIES, FeedKind

HOUR_S = 3600.0


class Format(StrEnum):
    """The public formats, and the three ways a person or a system hands a series over."""

    CSV = "csv"
    MQTT = "mqtt"
    SHADOW = "shadow"
    ENTSOE = "entsoe"
    ENERGY_CHARTS = "energy_charts"
    OCTOPUS_AGILE = "octopus_agile"
    AWATTAR = "awattar"
    OPEN_METEO = "open_meteo"
    CARBON_INTENSITY_UK = "carbon_intensity_uk"
    ELECTRICITY_MAPS = "electricity_maps"

    @property
    def pulled(self) -> bool:
        """Whether it is fetched by HTTP."""
        return self not in (Format.CSV, Format.MQTT, Format.SHADOW)

    @property
    def asked(self) -> bool:
        """Whether it gives only when asked; the others come by themselves."""
        return self not in (Format.MQTT, Format.SHADOW)

    @property
    def day_ahead(self) -> bool:
        """Whether whole days of the market's local time are published."""
        return self in (Format.ENTSOE, Format.ENERGY_CHARTS, Format.AWATTAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One declared source. Values become `factor * given + adder_per_kwh` in the house's unit."""

    name: str
    kind: FeedKind
    format: Format
    url: str = ""
    """Empty = the public address. May hold {zone} {start} {end} {latitude} {longitude} {key}."""
    file: str = ""
    topic: str = ""
    key: str = ""
    """Where the key stands: env:NAME or file:/path; the key itself is never here."""
    zone: str = ""
    timezone: str = "UTC"
    """Of the market: whole local days are expected of day-ahead prices."""
    unit: str = ""
    currency: str = "EUR"
    latitude: float = 0.0
    longitude: float = 0.0
    every_s: float = HOUR_S
    adder_per_kwh: float = 0.0
    factor: float = 1.0
    country: str = ""
    """ISO code whose public holidays count as Sundays where a day stands in for another."""

    @property
    def asked(self) -> Asked:
        """What its documents are held against."""
        return Asked(
            quantity=QUANTITIES[self.kind][0],
            zone=self.zone,
            timezone=self.timezone,
            latitude=self.latitude,
            longitude=self.longitude,
            currency=self.currency,
            unit=self.unit,
            day_ahead=self.format.day_ahead and self.kind is not FeedKind.CARBON,
        )
