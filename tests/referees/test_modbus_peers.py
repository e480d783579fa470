"""Our Modbus drivers against libmodbus, modbus-serial and jsmodbus, and mbpoll against ours."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from modbus_peers import (
    REFEREES,
    build_libmodbus_server,
    free_port,
    running,
    serial_pair,
)

from drivers.modbus import ModbusDevice, ModbusLink
from drivers.profile import RegisterProfile, load_profile
from drivers.readplan import Function, Span
from drivers.simulated.modbus import ModbusServer, sdm630_unit
from drivers.types import DeviceRefusedError, DriverError, Quality, WriteRequest
from edge_agent.clock import SystemClock
from tests.drivers_modbus.rig import DictPlant, by_point

pytestmark = pytest.mark.referee

CLOCK = SystemClock()
PROFILE = """
kind: registers
name: peer
manufacturer: Test
model: Peer
source: https://example.org/peer
hardware_tested: false
type: uint16
function: holding
points:
  a: {address: 2, unit: kW}
  b: {address: 4, unit: kW}
  c: {address: 6, unit: kW}
  d: {address: 8, unit: kW}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_libmodbus_server(tmp_path_factory.mktemp("libmodbus"))


def device(link: ModbusLink, folder: Path, unit: int = 1) -> ModbusDevice:
    (folder / "peer.yaml").write_text(PROFILE)
    profile = load_profile("peer", folder)
    assert isinstance(profile, RegisterProfile)
    return ModbusDevice("peer", link, unit, profile, CLOCK)


async def all_functions(link: ModbusLink, unit: int) -> None:
    """Read both tables, write one and many, and be refused behind the end."""
    for function in Function:
        reply = await link.read(unit, function, 10, 40)
        assert reply.registers == tuple(range(10, 50))
    await link.write(unit, 20, (1234,), function=6)
    await link.write(unit, 21, (5, 0xFFFF))
    reply = await link.read(unit, Function.HOLDING, 19, 5)
    assert reply.registers == (19, 1234, 5, 0xFFFF, 23)
    with pytest.raises(DeviceRefusedError) as caught:
        await link.read(unit, Function.HOLDING, 190, 20)
    assert caught.value.code == 2


async def test_libmodbus_over_tcp(server: Path) -> None:
    port = free_port()
    with running([server, "tcp", str(port)]):
        link = ModbusLink(f"tcp://127.0.0.1:{port}", timeout_s=2.0, clock=CLOCK)
        await all_functions(link, 1)
        await link.close()


async def test_libmodbus_over_a_serial_line(server: Path, tmp_path: Path) -> None:
    with serial_pair(tmp_path) as (theirs, ours), running([server, "rtu", theirs]):
        link = ModbusLink(f"serial:{ours}?baudrate=19200", timeout_s=2.0, clock=CLOCK)
        await all_functions(link, 7)
        await link.close()


async def test_libmodbus_killed_and_started_again(server: Path) -> None:
    port = free_port()
    link = ModbusLink(f"tcp://127.0.0.1:{port}", timeout_s=0.5, clock=CLOCK)
    with running([server, "tcp", str(port)]):
        assert (await link.read(1, Function.HOLDING, 5, 1)).registers == (5,)
    with pytest.raises(DriverError):
        await link.read(1, Function.HOLDING, 5, 1)
    with running([server, "tcp", str(port)]):
        async with asyncio.timeout(10):
            while True:
                try:
                    assert (await link.read(1, Function.HOLDING, 5, 1)).registers == (5,)
                    break
                except DriverError:
                    await asyncio.sleep(0.1)
    await link.close()


async def test_modbus_serial_with_a_hole(tmp_path: Path) -> None:
    port = free_port()
    with running(["node", REFEREES / "node/serve_modbus_serial.js", str(port), "6"]):
        link = ModbusLink(f"tcp://127.0.0.1:{port}", timeout_s=2.0, clock=CLOCK)
        peer = device(link, tmp_path)
        for _ in range(2):
            readings = by_point(await peer.read())
            assert readings["c"].quality is Quality.NOT_IMPLEMENTED
            assert [readings[name].value for name in ("a", "b", "d")] == [2, 4, 8]
        assert peer.holes == (Span(Function.HOLDING, 6, 1),)
        asked = peer.health.requests
        await peer.read()
        assert peer.health.requests - asked == 2
        stranger = device(link, tmp_path, unit=2)
        assert {reading.quality for reading in await stranger.read()} == {Quality.MISSING}
        await link.close()


async def test_jsmodbus_answers_short_and_nothing_is_believed(tmp_path: Path) -> None:
    port = free_port()
    with running(["node", REFEREES / "node/serve_jsmodbus.js", str(port)]):
        link = ModbusLink(f"tcp://127.0.0.1:{port}", timeout_s=2.0, clock=CLOCK)
        assert (await link.read(1, Function.HOLDING, 10, 10)).registers == tuple(range(10, 20))
        for address, count in ((15, 10), (19, 2), (40, 4)):
            with pytest.raises(DriverError):
                await link.read(1, Function.HOLDING, address, count)
        (tmp_path / "far").mkdir()
        text = PROFILE.replace("address: 8", "address: 16, type: uint64")
        (tmp_path / "far" / "peer.yaml").write_text(text.replace("address: 6", "address: 14"))
        profile = load_profile("peer", tmp_path / "far")
        assert isinstance(profile, RegisterProfile)
        ok = by_point(await ModbusDevice("p", link, 1, profile, CLOCK).read())
        assert ok["d"].raw == (16, 17, 18, 19)
        await link.close()


async def mbpoll(*words: str) -> str:
    """What mbpoll prints, run beside our server."""
    process = await asyncio.create_subprocess_exec(
        "mbpoll", *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    out, _ = await process.communicate()
    text = out.decode()
    assert process.returncode == 0, text
    return text


async def test_mbpoll_reads_our_meter() -> None:
    plant = DictPlant(meter__power_kw=12.5, meter__frequency_hz=49.5)
    server = ModbusServer("127.0.0.1", 0, [sdm630_unit(plant, 3)])
    await server.start()
    port = str(server.port)
    # mbpoll counts from 1: register 53 is wire address 0x34.
    words = ["-m", "tcp", "-1", "-a", "3", "-t", "3:float", "-B", "-p", port]
    assert "12500" in await mbpoll(*words, "-r", "53", "-c", "1", "127.0.0.1")
    assert "49.5" in await mbpoll(*words, "-r", "71", "-c", "1", "127.0.0.1")
    await server.stop()


async def test_what_we_write_mbpoll_reads(server: Path, tmp_path: Path) -> None:
    """libmodbus takes one session at a time, so ours is closed before mbpoll asks."""
    port = free_port()
    text = PROFILE.replace(
        "d: {address: 8, unit: kW}",
        "d: {address: 8, unit: kW, write: {release: 0, safe: [0, 900], limits: [0, 900]}}",
    )
    (tmp_path / "peer.yaml").write_text(text)
    profile = load_profile("peer", tmp_path)
    assert isinstance(profile, RegisterProfile)
    with running([server, "tcp", str(port)]):
        link = ModbusLink(f"tcp://127.0.0.1:{port}", timeout_s=2.0, clock=CLOCK)
        writer = ModbusDevice("w", link, 1, profile, CLOCK)
        request = WriteRequest(point="d", value=777, lease_s=60, command_id="c")
        assert (await writer.write(request)).readback == 777
        await link.close()
        words = ["-m", "tcp", "-1", "-a", "1", "-t", "4", "-p", str(port)]
        said = await mbpoll(*words, "-r", "9", "-c", "1", "127.0.0.1")
    assert "777" in said
