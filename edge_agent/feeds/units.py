"""Units as providers write them, into the house's units. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_agent.feeds.quantity import Quantity

_CENTS = {
    "ct": None,
    "c": None,
    "cent": None,
    "cents": None,
    "p": "GBP",
    "pence": "GBP",
    "rp": "CHF",
}
"""Hundredths of a currency; None = of the site's own."""
_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD"}
_PER_KWH = {"kwh": 1.0, "mwh": 1e-3}
_CARBON = re.compile(r"^g(co2|co₂)?(eq)?/kwh$")


@dataclass(frozen=True, slots=True)
class Conversion:
    """House value = given * factor + offset."""

    factor: float
    offset: float = 0.0

    def of(self, given: float) -> float:
        """The value in the house's unit."""
        return given * self.factor + self.offset


def conversion(quantity: Quantity, unit: str, currency: str) -> Conversion | str:
    """How a unit becomes the house's, or in plain words why it cannot."""
    tidy = unit.replace(" ", "").lower()
    if not tidy:
        return "the unit is not known: name it in the site file"
    if quantity.is_price:
        return _price(tidy, unit, currency)
    if quantity is Quantity.TEMPERATURE:
        return _temperature(tidy, unit)
    if quantity is Quantity.IRRADIANCE:
        good = tidy in ("w/m2", "w/m²", "w/m^2")
        return Conversion(1.0) if good else f"the unit {unit[:20]!r} is no irradiance in W/m2"
    good = _CARBON.match(tidy) is not None
    return Conversion(1.0) if good else f"the unit {unit[:20]!r} is no carbon intensity in g/kWh"


def _price(tidy: str, unit: str, currency: str) -> Conversion | str:
    money, _, energy = tidy.partition("/")
    per = _PER_KWH.get(energy)
    if per is None:
        return f"the unit {unit[:20]!r} is no price per kWh or MWh"
    if money in _CENTS:
        coin, share = _CENTS[money] or currency, 0.01
    else:
        coin, share = _SYMBOLS.get(money, money.upper()), 1.0
    if coin != currency:
        return f"the prices are in {coin[:8]} and the site counts in {currency}"
    return Conversion(per * share)


def _temperature(tidy: str, unit: str) -> Conversion | str:
    if tidy in ("degc", "°c", "c", "celsius"):
        return Conversion(1.0)
    if tidy in ("degf", "°f", "f", "fahrenheit"):
        return Conversion(5 / 9, -160 / 9)
    if tidy in ("k", "kelvin"):
        return Conversion(1.0, -273.15)
    return f"the unit {unit[:20]!r} is no temperature"
