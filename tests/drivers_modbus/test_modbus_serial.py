"""A serial line: a pseudo terminal whose other end is a slave with its own ideas of time."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator

import pytest

from drivers.modbus_link import ModbusLink
from drivers.readplan import Function
from drivers.types import LinkDownError, LinkTimeoutError
from edge_agent.clock import SystemClock
from tests.drivers_modbus.rig import Request


class Slave:
    """Answers 8-byte read requests on a pty; addresses in `late` only after that many seconds."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave
        self.late: dict[int, float] = {}
        self._buffer = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.master, self._readable)

    def _readable(self) -> None:
        self._buffer += os.read(self.master, 256)
        while len(self._buffer) >= 8:
            frame, self._buffer = self._buffer[:8], self._buffer[8:]
            request = Request(0, frame[0], frame[1:6], rtu=True)
            delay_s = self.late.get(request.address, 0.0)
            self._loop.call_later(delay_s, os.write, self.master, request.own_addresses())

    def stop(self) -> None:
        self._loop.remove_reader(self.master)
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
async def slave() -> AsyncIterator[Slave]:
    slave = Slave()
    yield slave
    slave.stop()


@pytest.fixture
async def line(slave: Slave) -> AsyncIterator[ModbusLink]:
    url = f"serial:{slave.path}?baudrate=9600&parity=E"
    link = ModbusLink(url, timeout_s=0.1, clock=SystemClock())
    yield link
    await link.close()


async def ask(link: ModbusLink, address: int) -> tuple[int, ...]:
    return (await link.read(1, Function.HOLDING, address, 2)).registers


async def test_a_serial_line_reads(slave: Slave, line: ModbusLink) -> None:
    for address in range(0, 1000, 100):
        assert await ask(line, address) == (address, address + 1)
    assert line.connects == 1


async def test_a_late_slave_never_shifts_the_answers(slave: Slave, line: ModbusLink) -> None:
    slave.late = {100: 0.13, 300: 0.18}
    for _ in range(2):
        for address in (100, 200, 300, 400):
            try:
                assert await ask(line, address) == (address, address + 1)
            except LinkTimeoutError:
                assert address in slave.late
            line._breakers.clear()


async def test_a_line_that_is_not_there_is_a_link_that_is_down() -> None:
    link = ModbusLink("serial:/dev/no_such_line", timeout_s=0.1, clock=SystemClock())
    with pytest.raises(LinkDownError, match="no_such_line"):
        await ask(link, 0)
    await link.close()
