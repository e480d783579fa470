"""Registers and values: round trips over every type and order, and vectors made by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codec import (
    Encoding,
    Order,
    RegisterType,
    decode,
    decode_text,
    encode,
    encode_text,
    scale_factor,
    scaled,
    unscaled,
)

ORDERS = st.sampled_from(Order)
INTEGERS = {
    RegisterType.UINT16: (0, 2**16 - 1),
    RegisterType.INT16: (-(2**15), 2**15 - 1),
    RegisterType.UINT32: (0, 2**32 - 1),
    RegisterType.INT32: (-(2**31), 2**31 - 1),
    RegisterType.UINT64: (0, 2**64 - 1),
    RegisterType.INT64: (-(2**63), 2**63 - 1),
}


@given(st.sampled_from(sorted(INTEGERS)), st.data(), ORDERS)
def test_integers_come_back(kind: RegisterType, data: st.DataObject, order: Order) -> None:
    value = data.draw(st.integers(*INTEGERS[kind]))
    assert decode(encode(value, kind, order), kind, order) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), ORDERS)
def test_float32_comes_back(value: float, order: Order) -> None:
    assert decode(encode(value, RegisterType.FLOAT32, order), RegisterType.FLOAT32, order) == value


@given(st.floats(allow_nan=False, allow_infinity=False), ORDERS)
def test_float64_comes_back(value: float, order: Order) -> None:
    assert decode(encode(value, RegisterType.FLOAT64, order), RegisterType.FLOAT64, order) == value


@given(st.text(st.characters(codec="ascii", min_codepoint=33), max_size=16), ORDERS)
def test_text_comes_back(text: str, order: Order) -> None:
    assert decode_text(encode_text(text, 8, order), order) == text


@given(st.integers(-(2**15) + 1, 2**15 - 1), st.integers(-10, 10))
def test_scaled_numbers_come_back(raw: int, exponent: int) -> None:
    assert unscaled(scaled(raw, exponent), exponent) == raw


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        (Order.ABCD, (0x0102, 0x0304)),
        (Order.CDAB, (0x0304, 0x0102)),
        (Order.BADC, (0x0201, 0x0403)),
        (Order.DCBA, (0x0403, 0x0201)),
    ],
)
def test_the_four_orders(order: Order, registers: tuple[int, ...]) -> None:
    assert encode(0x01020304, RegisterType.UINT32, order) == registers
    assert decode(registers, RegisterType.UINT32, order) == 0x01020304


@pytest.mark.parametrize(
    ("encoding", "registers", "value"),
    [
        (Encoding(kind=RegisterType.FLOAT32), (0x449A, 0x5000), 1234.5),
        (Encoding(kind=RegisterType.INT32, order=Order.CDAB, scale=0.1), (0x08FD, 0), 230.1),
        (Encoding(kind=RegisterType.INT32, order=Order.CDAB, scale=0.1), (0xFA24, 0xFFFF), -150.0),
        (Encoding(kind=RegisterType.INT64), (0, 0, 0x4996, 0x02D2), 1_234_567_890),
        (Encoding(kind=RegisterType.INT32), (0xFFFF, 0xB1E0), -20_000),
        (Encoding(kind=RegisterType.UINT16, scale=0.1, offset=-40.0), (0x0267,), 21.5),
        (Encoding(kind=RegisterType.INT32, sentinels=(0x8000_0000,)), (0x8000, 0), None),
        (Encoding(kind=RegisterType.INT16, sentinels=(0x7FFF,)), (0x7FFF,), None),
        (Encoding(kind=RegisterType.FLOAT32), (0x7FC0, 0), None),
        (Encoding(kind=RegisterType.FLOAT32), (0x7F80, 0), None),
    ],
)
def test_vectors(encoding: Encoding, registers: tuple[int, ...], value: float | None) -> None:
    if value is None:
        assert encoding.value(registers) is None
    else:
        assert encoding.value(registers) == pytest.approx(value)
        assert encoding.registers(value) == registers


@pytest.mark.parametrize(
    ("register", "exponent"),
    [(0, 0), (1, 1), (0xFFFE, -2), (0xFFF6, -10), (10, 10), (0x8000, None), (11, None)],
)
def test_scale_factors(register: int, exponent: int | None) -> None:
    assert scale_factor(register) == exponent


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (RegisterType.UINT16, -1),
        (RegisterType.UINT16, 65536),
        (RegisterType.INT16, 40000),
        (RegisterType.FLOAT32, 1e300),
        (RegisterType.INT32, math.inf),
    ],
)
def test_what_does_not_fit_is_refused(kind: RegisterType, value: float) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(value, kind)


def test_a_value_that_would_read_as_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no value"):
        Encoding(kind=RegisterType.UINT16, sentinels=(0xFFFF,)).registers(65535)


def test_broken_text_is_readable() -> None:
    assert decode_text((0x41FF, 0x0042)) == "A\ufffd"
