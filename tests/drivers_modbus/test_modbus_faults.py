"""The traps of the field on the raw server: an error or a late success, never a wrong value."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from drivers.modbus import ModbusDevice, ModbusLink
from drivers.profile import RegisterProfile, load_profile
from drivers.readplan import Function
from drivers.types import DriverError, LinkTimeoutError, Quality, RetryableError, WriteRequest
from edge_agent.clock import ManualClock, SystemClock
from tests.drivers_modbus import faults
from tests.drivers_modbus.rig import Answer, RawServer, Request, Segments, honest


async def ask(link: ModbusLink, address: int, count: int = 2) -> tuple[int, ...]:
    return (await link.read(1, Function.HOLDING, address, count)).registers


WRONG = {
    "short": faults.short(1),
    "empty": faults.short(0),
    "long": faults.short(9),
    "function": faults.other_function,
    "unit": faults.other_unit,
    "garbage": faults.garbage(1),
    "reset": faults.reset_in_the_frame,
    "nothing": faults.nothing,
}


@pytest.mark.parametrize("name", [*WRONG, "tid"])
async def test_a_wrong_tcp_reply_is_an_error_and_the_next_read_is_right(
    raw: RawServer, link: ModbusLink, name: str
) -> None:
    await ask(link, 0)
    raw.answer = faults.other_tid if name == "tid" else WRONG[name]
    with pytest.raises(DriverError):
        await ask(link, 100)
    raw.answer = honest
    link._breakers.clear()
    assert await ask(link, 200) == (200, 201)


@pytest.mark.parametrize("name", [*WRONG, "crc", "two"])
async def test_a_wrong_rtu_reply_is_an_error_and_the_next_read_is_right(
    raw_rtu: RawServer, name: str
) -> None:
    more: dict[str, Answer] = {"crc": faults.wrong_crc, "two": faults.two_replies}
    link = ModbusLink(f"rtu+tcp://127.0.0.1:{raw_rtu.port}", timeout_s=0.05, clock=SystemClock())
    await ask(link, 0)
    raw_rtu.answer = (WRONG | more)[name]
    with pytest.raises(DriverError):
        await ask(link, 100)
    raw_rtu.answer = honest
    link._breakers.clear()
    assert await ask(link, 200) == (200, 201)
    await link.close()


@pytest.mark.parametrize("seed", range(8))
async def test_random_bytes_never_become_a_value(
    raw: RawServer, raw_rtu: RawServer, seed: int
) -> None:
    for server, scheme in ((raw, "tcp"), (raw_rtu, "rtu+tcp")):
        server.answer = faults.garbage(seed)
        url = f"{scheme}://127.0.0.1:{server.port}"
        link = ModbusLink(url, timeout_s=0.03, clock=SystemClock())
        for address in (0, 100):
            with pytest.raises(DriverError):
                await ask(link, address)
        await link.close()


async def test_an_rtu_reply_may_come_byte_by_byte(raw_rtu: RawServer, rtu_link: ModbusLink) -> None:
    raw_rtu.answer = faults.byte_by_byte
    for address in (10, 20, 30):
        assert await ask(rtu_link, address) == (address, address + 1)


@pytest.mark.parametrize("answer", [faults.noise_before, faults.noise_behind])
async def test_noise_on_an_rtu_line_costs_a_reply_and_no_more(
    raw_rtu: RawServer, answer: Answer
) -> None:
    link = ModbusLink(f"rtu+tcp://127.0.0.1:{raw_rtu.port}", timeout_s=0.05, clock=SystemClock())
    raw_rtu.answer = answer
    with pytest.raises(DriverError):
        await ask(link, 10)
    raw_rtu.answer = honest
    link._breakers.clear()
    assert await ask(link, 20) == (20, 21)
    await link.close()


async def test_a_tcp_reply_may_come_byte_by_byte(raw: RawServer, link: ModbusLink) -> None:
    raw.answer = faults.byte_by_byte
    for address in (10, 20, 30):
        assert await ask(link, address, 20) == tuple(range(address, address + 20))


async def test_a_late_rtu_reply_of_the_same_shape_is_never_taken(
    raw_rtu: RawServer, rtu_link: ModbusLink
) -> None:
    raw_rtu.answer = faults.late(0.2, addresses=frozenset({100}))
    with pytest.raises(LinkTimeoutError):
        await rtu_link._read_once(1, Function.HOLDING, 100, 2)
    assert await ask(rtu_link, 200) == (200, 201)


async def test_a_cancelled_rtu_call_leaves_no_reply_behind(
    raw_rtu: RawServer, rtu_link: ModbusLink
) -> None:
    raw_rtu.answer = faults.late(0.05, addresses=frozenset({100}))
    await ask(rtu_link, 0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ask(rtu_link, 100)
    assert await ask(rtu_link, 200) == (200, 201)


async def test_a_device_of_one_session_gets_one(raw: RawServer) -> None:
    """Two devices on one link share the session; after a reset it is opened once again."""
    raw.single_session = True
    link = ModbusLink(f"tcp://127.0.0.1:{raw.port}", timeout_s=0.3, clock=SystemClock())
    replies = await asyncio.gather(
        *(link.read(unit, Function.HOLDING, 10 * unit, 2) for unit in (1, 2, 3))
    )
    assert [reply.registers[0] for reply in replies] == [10, 20, 30]
    raw.hang_up()
    assert await ask(link, 40) == (40, 41)
    assert (raw.accepts, raw.refused) == (2, 0)
    await link.close()


async def test_busy_twice_is_waited_out_and_busy_for_ever_is_told(
    raw: RawServer, link: ModbusLink
) -> None:
    raw.answer = faults.busy(2, raw)
    assert await ask(link, 5) == (5, 6)
    raw.answer = faults.busy(1000, raw)
    with pytest.raises(DriverError, match="busy"):
        await ask(link, 5)
    assert not link._breaker(1).open


async def test_a_write_reply_cut_off_is_an_unknown_outcome(
    raw: RawServer, link: ModbusLink
) -> None:
    raw.answer = faults.short(1)
    with pytest.raises(RetryableError):
        await link.write(1, 10, (1, 2))
    assert len(raw.requests) == 1


LEVEL = """
kind: registers
name: level
manufacturer: Test
model: Level
source: https://example.org/level
hardware_tested: false
type: uint16
function: holding
points:
  level:
    address: 50
    unit: kW
    write: {release: 0, safe: [0, 9], limits: [0, 9], verify_after_ms: 0}
"""


async def test_acknowledged_but_ignored_is_a_mismatch(
    raw: RawServer, link: ModbusLink, tmp_path: Path, clock: ManualClock
) -> None:
    (tmp_path / "level.yaml").write_text(LEVEL)
    profile = load_profile("level", tmp_path)
    assert isinstance(profile, RegisterProfile)
    deaf = faults.Deaf(lambda _, count: [4] * count)
    raw.answer = deaf.answer
    device = ModbusDevice("d", link, 1, profile, clock)
    request = WriteRequest(point="level", value=7.0, lease_s=60, command_id="c")
    outcome = await device.write(request)
    assert (outcome.result.value, outcome.readback) == ("mismatch", 4.0)
    assert deaf.acknowledged == 1


async def test_a_silent_unit_is_probed_with_less_patience(raw: RawServer) -> None:
    """A dead unit costs its neighbours a whole time-out only with every sixth probe."""
    link = ModbusLink(f"tcp://127.0.0.1:{raw.port}", timeout_s=1.0, clock=SystemClock())
    for address in range(60):
        await ask(link, address)
    breaker = link._breaker(9)
    waits = [0.0] * 8
    for failures in range(2, 8):
        breaker.failures = failures
        waits[failures] = link._patience_s(breaker)
    assert waits[6] == link.timeout_s
    assert all(wait < 0.5 for failures, wait in enumerate(waits) if failures != 6)
    assert link._patience_s(link._breaker(1)) == link.timeout_s
    await link.close()


async def test_chaos_never_yields_a_value_of_another_register(raw_rtu: RawServer) -> None:
    """All faults mixed at random on a link without ids: what is returned is always its own."""
    chance = random.Random(7)  # noqa: S311 - repeatable faults, no secret
    kinds: list[Answer] = [honest] * 6 + [
        faults.short(1),
        faults.other_function,
        faults.other_unit,
        faults.wrong_crc,
        faults.byte_by_byte,
        faults.noise_before,
        faults.noise_behind,
        faults.two_replies,
        faults.reset_in_the_frame,
        faults.late(0.05, addresses=frozenset(range(0, 4000, 10))),
    ]

    async def any_of_them(request: Request) -> bytes | Segments | None:
        return await chance.choice(kinds)(request)

    raw_rtu.answer = any_of_them
    url = f"rtu+tcp://127.0.0.1:{raw_rtu.port}"
    link = ModbusLink(url, timeout_s=0.03, clock=SystemClock())
    good, until_s = 0, time.perf_counter() + 1.5
    for turn in range(400):
        if time.perf_counter() > until_s:
            break
        try:
            assert await ask(link, 10 * turn) == (10 * turn, 10 * turn + 1)
            good += 1
        except DriverError:
            link._breakers.clear()
            link._backoff.succeed()
    await link.close()
    assert good > 20


@pytest.mark.parametrize("scheme", ["tcp", "rtu+tcp"])
async def test_readings_of_a_wrong_reply_have_no_value(
    raw: RawServer, raw_rtu: RawServer, scheme: str, tmp_path: Path, clock: ManualClock
) -> None:
    server = raw if scheme == "tcp" else raw_rtu
    (tmp_path / "level.yaml").write_text(LEVEL.replace("uint16", "uint32"))
    profile = load_profile("level", tmp_path)
    assert isinstance(profile, RegisterProfile)
    url = f"{scheme}://127.0.0.1:{server.port}"
    link = ModbusLink(url, timeout_s=0.03, clock=clock)
    device = ModbusDevice("d", link, 1, profile, clock)
    for answer in WRONG.values():
        server.answer = answer
        link._breakers.clear()
        link._backoff.succeed()
        (reading,) = await device.read()
        assert reading.value is None
        assert reading.quality in (Quality.BAD, Quality.MISSING)
        assert reading.reason
    await link.close()
