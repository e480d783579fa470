"""Modbus frames, pure: the bytes of a request, and what bytes that came in amount to.

A PDU is function code and data; a frame adds ids and length (TCP) or unit and CRC (RTU).
"""

from __future__ import annotations

import struct
from typing import Final

MBAP: Final = struct.Struct(">HHHB")
WRITE_SINGLE: Final = 6
WRITE_MULTIPLE: Final = 16
ERROR_FLAG: Final = 0x80
LONGEST_PDU: Final = 253
ADDRESSES: Final = 0x10000
MOST_REGISTERS: Final = 125
SHORTEST_RTU: Final = 5
"""Bytes of an exception reply, the shortest there is."""

_READS = (1, 2, 3, 4)
_ECHOES = (5, 6, 15, 16)
_ECHO_SIZE = 8


class NoFrameError(ValueError):
    """The bytes cannot be the beginning of a frame."""


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1  # noqa: PLW2901 - shifting
        table.append(value)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    """The Modbus CRC; it goes out low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def read_pdu(function: int, address: int, count: int) -> bytes:
    """A read request; ValueError when it cannot be asked."""
    if not (0 <= address < address + count <= ADDRESSES and count <= MOST_REGISTERS):
        msg = f"{count} registers at {address} cannot be asked for"
        raise ValueError(msg)
    return struct.pack(">BHH", function, address, count)


def write_pdu(function: int, address: int, registers: tuple[int, ...]) -> bytes:
    """A write request, function 6 or 16; ValueError when it cannot be asked."""
    try:
        if function == WRITE_SINGLE:
            (register,) = registers
            return struct.pack(">BHH", function, address, register)
        count = len(registers)
        return struct.pack(f">BHHB{count}H", function, address, count, 2 * count, *registers)
    except struct.error as error:
        msg = f"{registers} at {address} cannot be written: {error}"
        raise ValueError(msg) from error


def registers_of(pdu: bytes) -> tuple[int, ...]:
    """The registers of a read reply, however many there are; empty for a broken one."""
    data = pdu[2:]
    if len(pdu) < 2 or len(data) != pdu[1] or len(data) % 2:  # noqa: PLR2004 - code and count
        return ()
    return struct.unpack(f">{len(data) // 2}H", data)


def tcp_frame(tid: int, unit: int, pdu: bytes) -> bytes:
    """A frame for Modbus TCP."""
    return MBAP.pack(tid, 0, len(pdu) + 1, unit) + pdu


def take_tcp(buffer: bytes) -> tuple[int, int, bytes, int] | None:
    """(tid, unit, PDU, bytes used) of the first frame, None when it is not all there yet.

    NoFrameError when it is no Modbus TCP: the stream has no second beginning to look for.
    """
    if len(buffer) < MBAP.size:
        return None
    tid, protocol, length, unit = MBAP.unpack_from(buffer)
    if protocol or not 2 <= length <= LONGEST_PDU + 1:  # noqa: PLR2004 - unit and function
        msg = f"no Modbus TCP: {buffer[:8].hex(' ')}"
        raise NoFrameError(msg)
    end = MBAP.size - 1 + length
    if len(buffer) < end:
        return None
    return tid, unit, buffer[MBAP.size : end], end


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """A frame for a serial line."""
    body = bytes((unit,)) + pdu
    return body + crc16(body).to_bytes(2, "little")


def take_rtu(buffer: bytes, unit: int, function: int) -> tuple[int, bytes, int] | None:
    """(unit, PDU, end) of the reply awaited, or of a sound foreign one at the very start.

    None while there is neither. Bytes before the reply are noise of the line and passed over,
    but nothing is looked for inside of a reply that is still coming.
    """
    first = _sound(buffer, 0)
    if first is not None:
        return first
    for start in range(len(buffer) - 1):
        if buffer[start] != unit or buffer[start + 1] & ~ERROR_FLAG != function:
            continue
        if _size(buffer, start) > len(buffer) - start:
            return None
        found = _sound(buffer, start)
        if found is not None:
            return found
    return None


def _size(buffer: bytes, start: int) -> int:
    """Bytes of the reply that starts there, more than there are while that is unknown."""
    unknown = len(buffer) + 1
    if len(buffer) - start < SHORTEST_RTU:
        return unknown
    function = buffer[start + 1]
    if function & ERROR_FLAG:
        return SHORTEST_RTU
    if function in _READS:
        return SHORTEST_RTU + buffer[start + 2]
    return _ECHO_SIZE if function in _ECHOES else unknown


def _sound(buffer: bytes, start: int) -> tuple[int, bytes, int] | None:
    """The frame that starts there, when it is complete and its CRC is right."""
    end = start + _size(buffer, start)
    if end > len(buffer):
        return None
    body = buffer[start : end - 2]
    if crc16(body).to_bytes(2, "little") != buffer[end - 2 : end]:
        return None
    return body[0], body[1:], end
