"""What feeds tell: quantities in house units, kinds of source, bounds of the believable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """One series, in the house's unit: money per kWh, degC, W/m2, gCO2/kWh."""

    PRICE_IMPORT = "price_import"
    PRICE_EXPORT = "price_export"
    TEMPERATURE = "temperature"
    IRRADIANCE = "irradiance"
    CARBON = "carbon"

    @property
    def is_price(self) -> bool:
        """Whether it is money per kWh."""
        return self in (Quantity.PRICE_IMPORT, Quantity.PRICE_EXPORT)


class FeedKind(StrEnum):
    """What a source is asked for."""

    PRICE_IMPORT = "price_import"
    PRICE_EXPORT = "price_export"
    WEATHER = "weather"
    CARBON = "carbon"


QUANTITIES: dict[FeedKind, tuple[Quantity, ...]] = {
    FeedKind.PRICE_IMPORT: (Quantity.PRICE_IMPORT,),
    FeedKind.PRICE_EXPORT: (Quantity.PRICE_EXPORT,),
    FeedKind.WEATHER: (Quantity.TEMPERATURE, Quantity.IRRADIANCE),
    FeedKind.CARBON: (Quantity.CARBON,),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Values outside [low, high] are not used; a level outside `level` is of a wrong unit.

    The level is the upper quartile of the absolute values. None = nothing can be said of it.
    """

    low: float
    high: float
    level: tuple[float, float] | None = None


COIN_WORTH = {"EUR": 1.0, "GBP": 1.0, "USD": 1.0, "CHF": 1.0}
"""Currencies whose energy prices are known to lie within the bounds below."""
PRICE = Bounds(-5.0, 5.0, (0.002, 1.5))
"""European day-ahead prices are limited to 5 per kWh; no day was dearer than 0.9 on average."""
OTHER_PRICE = Bounds(-10_000.0, 10_000.0)
_OTHERS = {
    Quantity.TEMPERATURE: Bounds(-60.0, 60.0),
    Quantity.IRRADIANCE: Bounds(0.0, 1500.0),
    Quantity.CARBON: Bounds(0.0, 2000.0, (1.5, 2000.0)),
}


def bounds_of(quantity: Quantity, currency: str) -> Bounds:
    """What values of a quantity are believable, in its house unit."""
    if quantity.is_price:
        return PRICE if currency in COIN_WORTH else OTHER_PRICE
    return _OTHERS[quantity]
