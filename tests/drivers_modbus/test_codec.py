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
    enum_name,
    flags,
    scale_factor,
    scaled,
    unscaled,
)
from drivers.codec_block import BlockDecoder

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


KINDS = st.sampled_from(list(RegisterType))
ENCODINGS = st.builds(
    Encoding,
    kind=KINDS,
    order=ORDERS,
    scale=st.sampled_from([1.0, 0.1, 0.001, -0.5, 1000.0]),
    offset=st.sampled_from([0.0, -40.0, 12.5]),
    sentinels=st.lists(st.sampled_from([0, 0x7FFF, 0xFFFF, 0x8000_0000, 2**64 - 1])).map(tuple),
    ct_ratio=st.sampled_from([1.0, 40.0]),
    sign=st.sampled_from([1, -1]),
)
FLAGS = st.builds(
    Encoding,
    kind=st.sampled_from([RegisterType.UINT16, RegisterType.UINT32, RegisterType.UINT64]),
    order=ORDERS,
    bits=st.tuples(st.integers(0, 15), st.just(1)),
)


@given(ENCODINGS | FLAGS, st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4))
def test_no_registers_break_the_codec(encoding: Encoding, words: list[int]) -> None:
    value = encoding.value(words[: encoding.kind.width])
    assert value is None or math.isfinite(value)
    assert decode_text(words, encoding.order) is not None


@given(ENCODINGS, st.floats(-1000, 1000))
def test_values_come_back_through_scale_ratio_and_sign(encoding: Encoding, value: float) -> None:
    try:
        registers = encoding.registers(value)
    except ValueError:
        return
    back = encoding.value(registers)
    assert back is not None
    slack = 1e-6 * max(1.0, abs(value - encoding.shift)) + 1e-6
    step = 0.5 * abs(encoding.factor) if not encoding.kind.is_float else 0.0
    assert abs(back - value) <= step + slack


@given(st.lists(st.tuples(ENCODINGS | FLAGS, st.integers(0, 20)), max_size=12), st.data())
def test_a_block_gives_what_its_points_give(
    parts: list[tuple[Encoding, int]], data: st.DataObject
) -> None:
    words = st.sampled_from([0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FC0]) | st.integers(0, 0xFFFF)
    registers = tuple(data.draw(st.lists(words, min_size=24, max_size=24)))
    decoder = BlockDecoder(24, [(first, encoding) for encoding, first in parts])
    alone = [
        encoding.value(registers[first : first + encoding.kind.width]) for encoding, first in parts
    ]
    assert decoder.values(registers) == alone


def test_transformers_and_direction() -> None:
    turned = Encoding(kind=RegisterType.INT16, scale=0.1, ct_ratio=40.0, sign=-1)
    assert turned.value((100,)) == pytest.approx(-400.0)
    assert turned.registers(-400.0) == (100,)


@pytest.mark.parametrize(
    ("bits", "value"), [((0, 1), 0), ((2, 1), 1), ((4, 4), 0xB), ((8, 8), 0xA5)]
)
def test_part_of_a_register(bits: tuple[int, int], value: int) -> None:
    encoding = Encoding(kind=RegisterType.UINT16, bits=bits)
    assert encoding.value((0xA5B4,)) == value
    with pytest.raises(ValueError, match="by itself"):
        encoding.registers(1.0)


@pytest.mark.parametrize(
    ("kind", "bits"),
    [(RegisterType.INT16, (0, 1)), (RegisterType.UINT16, (15, 2)), (RegisterType.UINT16, (-1, 1))],
)
def test_bits_that_are_not_there_are_refused(kind: RegisterType, bits: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="bits"):
        Encoding(kind=kind, bits=bits)


@pytest.mark.parametrize(("scale", "ratio"), [(0.0, 1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_a_factor_that_loses_the_value_is_refused(scale: float, ratio: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        Encoding(kind=RegisterType.INT16, scale=scale, ct_ratio=ratio)


def test_words_for_flags_and_enums() -> None:
    assert flags(0b1010, {1: "over voltage"}) == ("over voltage", "bit 3")
    assert flags(0, {}) == ()
    assert (enum_name(4, {4: "mppt"}), enum_name(5, {4: "mppt"})) == ("mppt", "5")
