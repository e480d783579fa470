"""pymodbus behind our adapter: bytes of any kind do no harm, and little of it is loaded."""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from drivers.modbus import ModbusLink
from drivers.modbus_target import Target
from drivers.modbus_wire import Wire
from drivers.readplan import Function
from drivers.types import BadReplyError, SetupError
from tests.drivers_modbus.rig import RawServer, Request, crc, honest

UNIT, TID, COUNT = 7, 3, 4
FUNCTIONS = st.integers(0, 255)
FRAMINGS = st.sampled_from(["tcp", "rtu"])
CHUNKS = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4)


def framed(pdu: bytes, *, rtu: bool) -> bytes:
    """A frame that is in order, whatever its PDU says."""
    body = bytes((UNIT,)) + pdu
    return body + crc(body) if rtu else struct.pack(">HHH", TID, 0, len(body)) + body


async def fed(chunks: list[bytes], *, rtu: bool) -> ModbusPDU | ModbusException | None:
    """What a request that waits gets from these bytes; None when it goes on waiting."""
    wire = Wire(Target(host="127.0.0.1", port=1, rtu=rtu), timeout_s=1.0)
    wire.request_dev_id, wire.request_transaction_id = UNIT, TID
    wire.response_future = asyncio.get_running_loop().create_future()
    for chunk in chunks:
        wire.data_received(chunk)
    if not wire.response_future.done():
        return None
    error = wire.response_future.exception()
    if error is None:
        reply = wire.response_future.result()
        assert isinstance(reply, ModbusPDU)
        return reply
    assert isinstance(error, ModbusException)
    return error


@given(CHUNKS, FRAMINGS)
def test_no_bytes_crash_the_framing(chunks: list[bytes], framing: str) -> None:
    asyncio.run(fed(chunks, rtu=framing == "rtu"))


@given(FUNCTIONS, st.binary(max_size=252), FRAMINGS)
@example(function=3, data=b"\x03\x00\x01\x00", framing="tcp")
@example(function=0x2B, data=b"\x0e\x01", framing="rtu")
@example(function=0x18, data=b"\x00", framing="rtu")
def test_no_pdu_in_a_good_frame_crashes_the_framing(
    function: int, data: bytes, framing: str
) -> None:
    asyncio.run(
        fed([framed(bytes((function,)) + data, rtu=framing == "rtu")], rtu=framing == "rtu")
    )


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125), FRAMINGS, st.data())
def test_registers_come_as_they_were_sent_in_any_pieces(
    registers: list[int], framing: str, data: st.DataObject
) -> None:
    pdu = struct.pack(f">BB{len(registers)}H", 3, 2 * len(registers), *registers)
    frame = framed(pdu, rtu=framing == "rtu")
    cut = data.draw(st.integers(1, len(frame) - 1))
    reply = asyncio.run(fed([frame[:cut], frame[cut:]], rtu=framing == "rtu"))
    assert isinstance(reply, ModbusPDU)
    assert tuple(reply.registers) == tuple(registers)
    assert (reply.dev_id, reply.function_code, reply.isError()) == (UNIT, 3, False)


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20), st.integers(0, 400), FUNCTIONS)
def test_a_bit_that_fell_over_on_a_serial_line_is_never_a_reply(
    registers: list[int], place: int, flip: int
) -> None:
    pdu = struct.pack(f">BB{len(registers)}H", 3, 2 * len(registers), *registers)
    frame = bytearray(framed(pdu, rtu=True))
    frame[place % len(frame)] ^= flip or 1
    assert not isinstance(asyncio.run(fed([bytes(frame)], rtu=True)), ModbusPDU)


async def test_a_reply_that_makes_no_sense_is_bad_and_the_connection_stays(
    raw: RawServer, link: ModbusLink
) -> None:
    async def no_function(request: Request) -> bytes:
        return request.frame(b"\x63\x01\x02")

    raw.answer = no_function
    with pytest.raises(BadReplyError):
        await link.read(1, Function.HOLDING, 0, COUNT)
    raw.answer = honest
    reply = await link.read(1, Function.HOLDING, 0, COUNT)
    assert (reply.registers, raw.accepts) == ((0, 1, 2, 3), 1)


@pytest.mark.parametrize("unit", [256, -1])
async def test_a_unit_that_does_not_exist_is_a_setup_error(
    raw: RawServer, link: ModbusLink, unit: int
) -> None:
    with pytest.raises(SetupError):
        await link.read(unit, Function.HOLDING, 0, 1)
    assert (await link.read(1, Function.HOLDING, 5, 1)).registers == (5,)
    assert not [request for request in raw.requests if request.unit != 1]


async def test_a_connection_that_is_closed_is_not_opened_by_a_request(raw: RawServer) -> None:
    wire = Wire(Target(host="127.0.0.1", port=raw.port), timeout_s=1.0)
    with pytest.raises(ModbusException):
        await wire.read(1, Function.HOLDING, 0, 1, 1.0)
    assert raw.accepts == 0


def test_the_clients_and_the_server_of_pymodbus_stay_out() -> None:
    code = (
        "import sys, drivers.modbus\n"
        "heavy = ('pymodbus.client', 'pymodbus.server')\n"
        "assert not [name for name in sys.modules if name.startswith(heavy)]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
