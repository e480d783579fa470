"""Frames: whatever bytes come in, nothing breaks and only a sound reply is a reply."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus_frame import (
    NoFrameError,
    crc16,
    read_pdu,
    registers_of,
    rtu_frame,
    take_rtu,
    take_tcp,
    tcp_frame,
    write_pdu,
)

PDUS = st.binary(min_size=1, max_size=253)
REPLIES = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125).map(
    lambda values: struct.pack(f">BB{len(values)}H", 3, 2 * len(values), *values)
)


def test_the_crc_of_a_published_frame() -> None:
    assert crc16(bytes.fromhex("010300000001")) == 0x0A84
    assert rtu_frame(1, bytes.fromhex("0300000001")) == bytes.fromhex("010300000001840a")


def test_requests_in_bytes() -> None:
    assert read_pdu(4, 0x1234, 40) == bytes.fromhex("0412340028")
    assert write_pdu(6, 11, (3,)) == bytes.fromhex("06000b0003")
    assert write_pdu(16, 10, (1, 2)) == bytes.fromhex("10000a00020400010002")
    assert tcp_frame(7, 2, b"\x03") == bytes.fromhex("0007000000020203")


@pytest.mark.parametrize(
    ("address", "count"), [(0, 126), (70_000, 1), (65_535, 2), (-1, 1), (0, 0)]
)
def test_what_cannot_be_asked_is_refused(address: int, count: int) -> None:
    with pytest.raises(ValueError, match="cannot be asked"):
        read_pdu(3, address, count)


@pytest.mark.parametrize("registers", [(70_000,), (-1,)])
def test_what_cannot_be_written_is_refused(registers: tuple[int, ...]) -> None:
    for function in (6, 16):
        with pytest.raises(ValueError, match="cannot be written"):
            write_pdu(function, 0, registers)


@given(st.binary(max_size=600))
def test_no_bytes_break_the_tcp_framing(data: bytes) -> None:
    with suppress(NoFrameError):
        frame = take_tcp(data)
        assert frame is None or 0 < frame[3] <= len(data)


@given(st.binary(max_size=600), st.integers(0, 255), st.sampled_from([3, 4, 6, 16]))
def test_no_bytes_break_the_rtu_framing(data: bytes, unit: int, function: int) -> None:
    found = take_rtu(data, unit, function)
    if found is not None:
        assert rtu_frame(found[0], found[1]) in data


@given(st.binary(max_size=300))
def test_no_bytes_break_the_register_reader(data: bytes) -> None:
    registers = registers_of(data)
    assert not registers or 2 * len(registers) == data[1]


@given(st.integers(0, 0xFFFF), st.integers(0, 255), PDUS, st.binary(max_size=20))
def test_tcp_frames_come_back(tid: int, unit: int, pdu: bytes, rest: bytes) -> None:
    frame = tcp_frame(tid, unit, pdu)
    assert take_tcp(frame + rest) == (tid, unit, pdu, len(frame))
    for cut in range(len(frame)):
        assert take_tcp(frame[:cut]) is None


@given(st.integers(1, 247), REPLIES, st.binary(max_size=4))
def test_rtu_replies_come_back_whole_or_not_at_all(unit: int, pdu: bytes, noise: bytes) -> None:
    frame = rtu_frame(unit, pdu)
    assert take_rtu(frame, unit, 3) == (unit, pdu, len(frame))
    for cut in range(len(frame)):
        assert take_rtu(frame[:cut], unit, 3) is None
    found = take_rtu(noise + frame, unit, 3)
    assert found is None or found[1] == pdu or found[0:2] != (unit, pdu)


@given(st.integers(1, 247), REPLIES, st.data())
def test_a_flipped_bit_is_no_reply(unit: int, pdu: bytes, data: st.DataObject) -> None:
    frame = bytearray(rtu_frame(unit, pdu))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    found = take_rtu(bytes(frame), unit, 3)
    assert found is None or found[:2] != (unit, pdu)
