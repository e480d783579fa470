"""A serial bus whose slave is late at random and whose callers give up at random."""

from __future__ import annotations

import asyncio
import os
import pty
import random
import struct
import tty

from pymodbus.framer import FramerRTU

from bench.field_parts.rig import CLOCK
from drivers.modbus import ModbusLink
from drivers.readplan import Function
from drivers.types import DriverError

POLLS = 1000
TIMEOUT_S = 0.05
LATE_SHARE = 0.1
CANCEL_SHARE = 0.05
LONGEST_LATENESS_S = 2 * TIMEOUT_S
SEED = 20260301
COUNT = 2
REQUEST_BYTES = 8
ADDRESSES = 60_000
UNITS = 10
PAUSE_S = 0.002


class LateSlave:
    """Answers reads on a pty with each register's own address, a share of them too late."""

    def __init__(self, chance: random.Random, late_share: float = LATE_SHARE) -> None:
        self._chance = chance
        self._late_share = late_share
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.requests = 0
        self._buffer = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._master, self._readable)

    def _readable(self) -> None:
        self._buffer += os.read(self._master, 256)
        while len(self._buffer) >= REQUEST_BYTES:
            frame, self._buffer = self._buffer[:REQUEST_BYTES], self._buffer[REQUEST_BYTES:]
            self.requests += 1
            address, count = struct.unpack(">HH", frame[2:6])
            body = struct.pack(f">BB{count}H", 3, 2 * count, *range(address, address + count))
            late = self._chance.random() < self._late_share
            delay_s = self._chance.uniform(TIMEOUT_S, LONGEST_LATENESS_S) if late else 0.001
            self._loop.call_later(delay_s, os.write, self._master, _rtu_frame(frame[0], body))

    def stop(self) -> None:
        """Close both ends."""
        self._loop.remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)


async def misattributed() -> tuple[int, int]:
    """(values that were another register's, values in all) of 1000 polls that reached the bus."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable faults, no secret
    slave = LateSlave(chance)
    link = ModbusLink(f"serial:{slave.path}?baudrate=115200", timeout_s=TIMEOUT_S, clock=CLOCK)
    wrong = values = poll = 0
    while slave.requests < POLLS:
        poll += 1
        address = 10 * poll % ADDRESSES
        patience_s = chance.uniform(0.0, 0.002) if chance.random() < CANCEL_SHARE else 10.0
        try:
            async with asyncio.timeout(patience_s):
                reply = await link.read(1 + poll % UNITS, Function.HOLDING, address, COUNT)
        except (DriverError, TimeoutError):
            await asyncio.sleep(PAUSE_S)
            continue
        values += len(reply.registers)
        wrong += sum(got != address + n for n, got in enumerate(reply.registers))
    await link.close()
    await asyncio.sleep(LONGEST_LATENESS_S)
    slave.stop()
    return wrong, values


def _rtu_frame(unit: int, pdu: bytes) -> bytes:
    """A frame for a serial line."""
    body = bytes((unit,)) + pdu
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
