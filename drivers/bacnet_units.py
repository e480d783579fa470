"""BACnet engineering units to the house's units: code -> unit, factor and offset, pure.

The codes are those of ASHRAE 135, BACnetEngineeringUnits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conversion:
    """`house = raw * factor + offset`, in `unit`."""

    unit: str
    factor: float = 1.0
    offset: float = 0.0

    def to_house(self, raw: float) -> float:
        """The device's number in the house's unit."""
        return raw * self.factor + self.offset

    def to_device(self, value: float) -> float:
        """The house's number in the device's unit."""
        return (value - self.offset) / self.factor


@dataclass(frozen=True, slots=True)
class NoConversion:
    """Why a device's unit cannot serve the unit that was asked for."""

    reason: str


_SECONDS_PER_HOUR = 3600.0

HOUSE_UNITS: dict[int, Conversion] = {
    # temperature
    62: Conversion("degC"),
    63: Conversion("degC", 1.0, -273.15),
    64: Conversion("degC", 5.0 / 9.0, -160.0 / 9.0),
    120: Conversion("K", 5.0 / 9.0),
    121: Conversion("K"),
    # electrical power
    132: Conversion("kW", 1e-6),
    47: Conversion("kW", 1e-3),
    48: Conversion("kW"),
    49: Conversion("kW", 1e3),
    11: Conversion("kVAr", 1e-3),
    12: Conversion("kVAr"),
    13: Conversion("kVAr", 1e3),
    8: Conversion("kVA", 1e-3),
    9: Conversion("kVA"),
    10: Conversion("kVA", 1e3),
    # energy
    16: Conversion("kWh", 1.0 / 3.6e6),
    17: Conversion("kWh", 1.0 / 3600.0),
    126: Conversion("kWh", 1.0 / 3.6),
    18: Conversion("kWh", 1e-3),
    19: Conversion("kWh"),
    146: Conversion("kWh", 1e3),
    203: Conversion("kVArh", 1e-3),
    204: Conversion("kVArh"),
    205: Conversion("kVArh", 1e3),
    # electricity
    124: Conversion("V", 1e-3),
    5: Conversion("V"),
    6: Conversion("V", 1e3),
    2: Conversion("A", 1e-3),
    3: Conversion("A"),
    27: Conversion("Hz"),
    129: Conversion("Hz", 1e3),
    # shares and plain numbers
    98: Conversion("percent"),
    29: Conversion("percent"),
    207: Conversion("percent", 0.1),
    96: Conversion("ppm"),
    97: Conversion("ppm", 1e-3),
    15: Conversion(""),
    95: Conversion(""),
    # air, light, flow
    53: Conversion("hPa", 0.01),
    133: Conversion("hPa"),
    134: Conversion("hPa"),
    54: Conversion("hPa", 10.0),
    55: Conversion("hPa", 1000.0),
    74: Conversion("m/s"),
    75: Conversion("m/s", 1000.0 / _SECONDS_PER_HOUR),
    35: Conversion("W/m2"),
    37: Conversion("lx"),
    80: Conversion("m3"),
    82: Conversion("m3", 1e-3),
    135: Conversion("m3/h"),
    85: Conversion("m3/h", _SECONDS_PER_HOUR),
    87: Conversion("m3/h", 3.6),
    88: Conversion("m3/h", 0.06),
    136: Conversion("m3/h", 1e-3),
    104: Conversion("rpm"),
    # time
    73: Conversion("s"),
    72: Conversion("s", 60.0),
    71: Conversion("s", _SECONDS_PER_HOUR),
}


def conversion(code: int | None, wanted: str | None) -> Conversion | NoConversion:
    """How a device that says unit `code` serves `wanted`; None wants the house's own unit.

    A device without units (None) serves only a point that names no unit either.
    """
    if code is None:
        return NoConversion(f"the device gives no units, wanted {wanted}") if wanted else PLAIN
    known = HOUSE_UNITS.get(code)
    if known is None:
        return NoConversion(f"unit code {code} is not known")
    if wanted is None or wanted == known.unit:
        return known
    if wanted == "share" and known.unit == "percent":
        return Conversion("share", known.factor / 100.0)
    return NoConversion(f"the device counts in {known.unit or 'no unit'}, wanted {wanted}")


PLAIN = Conversion("")
"""A number without unit, as binary and multi-state objects give it."""
