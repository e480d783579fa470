from __future__ import annotations

import pytest
from bacpypes3.basetypes import EngineeringUnits
from hypothesis import given
from hypothesis import strategies as st

from drivers.bacnet_units import HOUSE_UNITS, Conversion, NoConversion, conversion


@pytest.mark.parametrize(
    ("name", "raw", "unit", "house"),
    [
        ("degrees-celsius", 21.5, "degC", 21.5),
        ("degrees-fahrenheit", 68.0, "degC", 20.0),
        ("degrees-fahrenheit", -40.0, "degC", -40.0),
        ("degrees-kelvin", 293.15, "degC", 20.0),
        ("watts", 1500.0, "kW", 1.5),
        ("kilowatts", 1.5, "kW", 1.5),
        ("megawatts", 1.5, "kW", 1500.0),
        ("watt-hours", 1500.0, "kWh", 1.5),
        ("kilowatt-hours", 1.5, "kWh", 1.5),
        ("megajoules", 3.6, "kWh", 1.0),
        ("percent", 45.0, "percent", 45.0),
        ("percent", 45.0, "share", 0.45),
        ("percent-relative-humidity", 45.0, "percent", 45.0),
        ("parts-per-million", 800.0, "ppm", 800.0),
        ("pascals", 101_325.0, "hPa", 1013.25),
        ("kilometers-per-hour", 36.0, "m/s", 10.0),
        ("watts-per-square-meter", 640.0, "W/m2", 640.0),
        ("liters-per-second", 1.0, "m3/h", 3.6),
        ("volts", 230.0, "V", 230.0),
        ("milliamperes", 1500.0, "A", 1.5),
        ("kilovolt-amperes-reactive", 3.0, "kVAr", 3.0),
        ("no-units", 0.5, "", 0.5),
    ],
)
def test_standard_units_become_house_units(name: str, raw: float, unit: str, house: float) -> None:
    how = conversion(int(EngineeringUnits(name)), unit)
    assert isinstance(how, Conversion)
    assert how.unit == unit
    assert how.to_house(raw) == pytest.approx(house)


@given(st.sampled_from(sorted(HOUSE_UNITS)), st.floats(-1e6, 1e6))
def test_a_converted_setpoint_comes_back(code: int, value: float) -> None:
    how = HOUSE_UNITS[code]
    assert how.to_house(how.to_device(value)) == pytest.approx(value, abs=1e-6)


@given(st.integers(0, 65_535), st.sampled_from([None, "degC", "kW", "share", ""]))
def test_every_code_is_converted_or_refused_with_a_reason(code: int, wanted: str | None) -> None:
    how = conversion(code, wanted)
    if isinstance(how, NoConversion):
        assert how.reason
    else:
        assert wanted in (None, how.unit)
        assert code in HOUSE_UNITS


def test_a_device_without_units_serves_only_a_plain_number() -> None:
    assert conversion(None, None) == conversion(None, "") == Conversion("")
    assert isinstance(conversion(None, "degC"), NoConversion)
