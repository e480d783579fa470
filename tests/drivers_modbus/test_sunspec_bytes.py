"""The simulated SunSpec devices byte by byte, against offsets written out by hand.

Offsets count from each model's ID register and come from the published model definitions, not
from the tables of the house.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from drivers.simulated.modbus import ModbusServer


class Wire:
    """Reads and writes registers with hand-made frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def ask(self, unit: int, pdu: bytes) -> bytes:
        self.writer.write(struct.pack(">HHHB", 7, 0, len(pdu) + 1, unit) + pdu)
        _, _, length, _ = struct.unpack(">HHHB", await self._reader.readexactly(7))
        return await self._reader.readexactly(length - 1)

    async def read(self, unit: int, address: int, count: int) -> tuple[int, ...]:
        reply = await self.ask(unit, struct.pack(">BHH", 3, address, count))
        assert reply[:2] == bytes((3, 2 * count))
        return struct.unpack(f">{count}H", reply[2:])


@pytest.fixture
async def wire(site: ModbusServer) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    yield Wire(reader, writer)
    writer.close()
    await writer.wait_closed()


async def find(wire: Wire, unit: int) -> dict[int, tuple[int, int]]:
    """Model -> (address, length), walked as the specification says."""
    assert await wire.read(unit, 40000, 2) == (0x5375, 0x6E53)
    address = 40002
    models: dict[int, tuple[int, int]] = {}
    while True:
        number, length = await wire.read(unit, address, 2)
        if number == 0xFFFF:
            assert length == 0
            return models
        models[number] = (address, length)
        address += 2 + length


async def test_the_inverter_in_bytes(wire: Wire) -> None:
    models = await find(wire, 3)
    assert {n: length for n, (_, length) in models.items()} == {1: 66, 103: 50, 120: 26, 123: 24}
    inverter = await wire.read(3, models[103][0], 52)
    assert inverter[14:16] == (0x137B, 0x0001)  # 49870 W
    assert inverter[31:33] == (0x1400, 0x0001)  # 51200 W direct current
    assert inverter[24:27] == (0x0012, 0xD687, 0x0000)  # 1234567 Wh
    assert (inverter[33], inverter[37]) == (415, 0xFFFF)  # 41.5 degC
    assert inverter[38] == 4  # maximum power point
    assert inverter[2] == 0xFFFF  # current: not told
    assert inverter[20] == 0x8000  # reactive power: not told
    nameplate = await wire.read(3, models[120][0], 28)
    assert nameplate[2:5] == (4, 20000, 1)
    controls = await wire.read(3, models[123][0], 26)
    assert (controls[5], controls[7], controls[9], controls[23]) == (10000, 0, 0, 0xFFFE)


async def test_the_battery_in_bytes(wire: Wire) -> None:
    models = await find(wire, 2)
    assert {n: length for n, (_, length) in models.items()} == {1: 66, 701: 153, 704: 65, 802: 62}
    common = await wire.read(2, models[1][0], 68)
    assert struct.pack(">4H", *common[50:54]) == b"BAT0002\0"
    measured = await wire.read(2, models[701][0], 123)
    assert (measured[10], measured[116]) == (2000, 1)  # 20 kW of discharge
    assert (measured[35], measured[122]) == (0xFFE0, 0xFFFF)  # -3.2 degC
    assert measured[4] == 3  # running
    battery = await wire.read(2, models[802][0], 64)
    assert (battery[11], battery[56]) == (5525, 0xFFFE)  # 55.25 %
    assert (battery[4], battery[5], battery[54]) == (12500, 12000, 1)  # 125 and 120 kW
    assert (battery[34], battery[59]) == (7501, 0xFFFF)  # 750.1 V
    assert (battery[44], battery[61]) == (266, 0xFFFF)  # 26.6 A of discharge
    assert (battery[17], battery[22]) == (0, 3)  # remote, connected


@pytest.mark.parametrize(
    ("pdu", "reply"),
    [
        (struct.pack(">BHH", 3, 39999, 2), b"\x83\x02"),
        (struct.pack(">BHH", 4, 40000, 2), b"\x84\x01"),
        (struct.pack(">BHH", 3, 40000, 126), b"\x83\x03"),
        (struct.pack(">BHHBH", 16, 40000, 1, 2, 0), b"\x90\x02"),
        (struct.pack(">BHHBH", 16, 40000, 2, 2, 0), b"\x90\x03"),
        (b"\x03\x00", b"\x83\x03"),
        (b"\x2b\x0e\x01\x00", b"\xab\x01"),
    ],
    ids=["outside", "input", "too many", "read-only", "size", "cut", "unknown"],
)
async def test_refusals(wire: Wire, pdu: bytes, reply: bytes) -> None:
    assert await wire.ask(2, pdu) == reply


async def test_pipelined_requests_are_all_answered(wire: Wire, site: ModbusServer) -> None:
    pdu = struct.pack(">BHH", 3, 40000, 2)
    frame = struct.pack(">HHHB", 7, 0, len(pdu) + 1, 2) + pdu
    wire.writer.write(frame + frame[:5])
    await wire.writer.drain()
    wire.writer.write(frame[5:])
    for _ in range(2):
        assert len(await wire._reader.readexactly(13)) == 13
    assert site.requests == 2
