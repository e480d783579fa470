"""Frames of the scanner, from public vectors, and an independent server that identifies itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from small_house import free_tcp_port

from drivers.scan_modbus import (
    ANSWERS_EVERY,
    FoundUnit,
    Patience,
    hosts_of,
    identification,
    scan_units,
    unit_numbers,
)
from drivers.scan_wire import checksum, rtu_frame, rtu_reply, tcp_frame, tcp_reply
from drivers.types import SetupError


def test_the_frame_of_the_serial_line_guide() -> None:
    # Modbus over serial line: 01 03 00 00 00 0A -> C5 CD.
    assert rtu_frame(1, bytes((3, 0, 0, 0, 10))) == bytes.fromhex("01030000000AC5CD")
    assert checksum(bytes.fromhex("010300000001")) == bytes.fromhex("840A")


def test_the_frame_of_the_tcp_guide() -> None:
    # Modbus messaging on TCP/IP: transaction 0x1501, unit 0xFF, read 1 register at 4.
    frame = bytes.fromhex("150100000006FF0300040001")
    assert tcp_frame(0x1501, 0xFF, bytes.fromhex("0300040001")) == frame


def test_the_identification_of_the_specification() -> None:
    # Application protocol V1.1b3, 6.21: three objects, the example with its texts.
    pdu = bytes.fromhex("2B0E01010000 03 0016".replace(" ", ""))
    pdu += b"Company identification" + bytes.fromhex("010D") + b"Product codeX"
    pdu += bytes.fromhex("0205") + b"V2.11"
    assert identification(pdu) == {
        "vendor": "Company identification",
        "product": "Product codeX",
        "revision": "V2.11",
    }


@given(st.binary(max_size=300))
def test_no_bytes_break_the_scanner(heard: bytes) -> None:
    identification(heard)
    tcp_reply(heard, 1, 1, 3)
    rtu_reply(heard[:40], 1, 3)


@given(unit=st.integers(1, 247), tid=st.integers(0, 0xFFFF), noise=st.binary(max_size=5))
def test_a_reply_is_found_behind_noise_and_only_ours(unit: int, tid: int, noise: bytes) -> None:
    pdu = bytes((0x83, 2))
    other = tcp_frame((tid + 1) & 0xFFFF, unit, pdu)
    assert tcp_reply(other, tid, unit, 3) is None
    assert tcp_reply(other + tcp_frame(tid, unit, pdu), tid, unit, 3) == pdu
    assert rtu_reply(rtu_frame(unit, pdu), unit % 247 + 1, 3) is None
    assert rtu_reply(rtu_frame(unit, pdu), unit, 3) == pdu
    if unit not in noise:
        assert rtu_reply(noise + rtu_frame(unit, pdu), unit, 3) == pdu


async def test_a_foreign_server_says_who_it_is() -> None:
    identified: Any = ModbusDeviceIdentification
    who = identified(
        info_name={"VendorName": "Acme", "ProductCode": "M1", "MajorMinorRevision": "4.2"}
    )
    data = [SimData(0, count=10, values=7, datatype=DataType.REGISTERS)]
    port = free_tcp_port()
    server: Any = ModbusTcpServer(SimDevice(0, data), address=("127.0.0.1", port), identity=who)
    await server.serve_forever(background=True)
    found: list[FoundUnit] = []
    try:
        url = f"tcp://127.0.0.1:{port}"

        def tell(_unit: int, one: FoundUnit | None) -> None:
            found.extend([one] if one else [])

        await scan_units(url, range(1, 248), Patience(timeout_s=2.0, pause_s=0.0), tell)
    finally:
        await server.shutdown()
    assert {one.answer for one in found} == {"registers"}
    assert len(found) == ANSWERS_EVERY, "a device that ignores unit numbers is asked no further"
    assert found[0].said == {"vendor": "Acme", "product": "M1", "revision": "4.2"}


def test_hosts_and_units_are_what_was_written() -> None:
    assert hosts_of("meter.local") == ("meter.local",)
    assert hosts_of("10.0.0.5/30") == ("10.0.0.5", "10.0.0.6")
    assert len(hosts_of("10.0.0.0/24")) == 254
    assert unit_numbers("1-3,126,2") == (1, 2, 3, 126)
    for no_host in ("", "10.0.0.5:502", "tcp://10.0.0.5", "a host", "10.0.0.0/8", "x/y"):
        with pytest.raises(SetupError):
            hosts_of(no_host)
    for wrong in ("", "-", "1-", "256", "x"):
        with pytest.raises(SetupError):
            unit_numbers(wrong)
