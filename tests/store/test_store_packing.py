from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.store import packing
from edge_agent.store.packing import Kind

INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@given(st.lists(INT64, min_size=1))
def test_integers_come_back(numbers: list[int]) -> None:
    out = bytearray(b"before")
    packing.put_ints(out, numbers)
    back, end = packing.get_ints(bytes(out), 6, len(numbers))
    assert list(back) == numbers
    assert end == len(out)


@given(st.lists(st.integers(min_value=-(10**15), max_value=10**15), min_size=1))
def test_deltas_come_back(numbers: list[int]) -> None:
    out = bytearray()
    packing.put_deltas(out, numbers)
    assert packing.get_deltas(bytes(out), 0, len(numbers)) == (numbers, len(out))


@given(st.integers())
def test_varints_of_any_size_come_back(number: int) -> None:
    out = bytearray()
    packing.put_varint(out, number)
    assert packing.get_varint(bytes(out), 0) == (number, len(out))


@given(st.lists(st.floats(), min_size=1))
def test_floats_come_back_bit_for_bit(values: list[float]) -> None:
    back = packing.unpack_floats(packing.pack_floats(values), len(values))
    assert struct.pack(f"<{len(values)}d", *back) == struct.pack(f"<{len(values)}d", *values)


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1),
    st.integers(0, 6),
    st.sampled_from(["divide", "multiply", "single"]),
)
def test_what_registers_yield_comes_back(raws: list[int], digits: int, how: str) -> None:
    scales = {"divide": 10**digits, "multiply": 0.1**digits, "single": 1}
    values = [raw / scales[how] if how == "divide" else raw * scales[how] for raw in raws]
    if how == "single":
        values = list(struct.unpack(f"{len(raws)}f", struct.pack(f"{len(raws)}f", *values)))
    assert packing.unpack_floats(packing.pack_floats(values), len(values)) == values


@pytest.mark.parametrize(
    ("values", "kind", "most_bytes"),
    [
        ([230.1, 230.2, 229.9, 230.0], Kind.DECIMAL, 8),
        ([1.0] * 10, Kind.DECIMAL, 3),
        ([3 * 0.1, 7 * 0.1, 6 * 0.1], Kind.PRODUCT, 5),
        ([0.12345670163631439, 0.7654321193695068], Kind.SINGLE, 9),
        ([0.12345678901234567, 0.9876543210987654], Kind.DOUBLE, 17),
        ([-0.0, 0.0], Kind.SINGLE, 9),
        ([float("nan"), float("inf")], Kind.SINGLE, 9),
        ([1e300, 2.0], Kind.DOUBLE, 17),
    ],
)
def test_each_column_takes_its_shortest_kind(
    values: list[float], kind: Kind, most_bytes: int
) -> None:
    packed = packing.pack_floats(values)
    assert Kind(packed[0] & 7) is kind
    assert len(packed) <= most_bytes


def test_a_column_cut_short_is_refused() -> None:
    packed = packing.pack_floats([0.12345678901234567, 0.9876543210987654])
    with pytest.raises(ValueError, match="2 floats"):
        packing.unpack_floats(packed[:-1], 2)
