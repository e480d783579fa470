"""The link against a server that is late, short, wrong, deaf or gone."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from itertools import cycle

import pytest

from drivers.modbus_breaker import FIRST_S
from drivers.modbus_link import ModbusLink
from drivers.readplan import Function
from drivers.types import (
    BadReplyError,
    DeviceBusyError,
    DeviceRefusedError,
    DriverError,
    LinkDownError,
    LinkTimeoutError,
    SetupError,
)
from edge_agent.clock import SystemClock
from tests.drivers_modbus.rig import RawServer, Request, honest


async def ask(link: ModbusLink, address: int, count: int = 2, unit: int = 1) -> tuple[int, ...]:
    return (await link.read(unit, Function.HOLDING, address, count)).registers


async def test_a_read_gives_registers_and_the_time(raw: RawServer, link: ModbusLink) -> None:
    before = SystemClock().now()
    reply = await link.read(1, Function.INPUT, 100, 3)
    assert reply.registers == (100, 101, 102)
    assert before <= reply.at <= SystemClock().now()
    assert raw.requests[0].function == 4


async def short(request: Request) -> bytes:
    return request.frame(request.registers([7]))


async def other_function(request: Request) -> bytes:
    return request.frame(request.registers([1, 2], function=4))


async def other_unit(request: Request) -> bytes:
    return request.frame(request.registers([1, 2]), unit=9)


async def other_tid(request: Request) -> bytes:
    return request.frame(request.registers([1, 2]), tid=request.tid + 77)


async def garbage(request: Request) -> bytes:
    return b"\xff" * 40


def refuse(code: int) -> Callable[[Request], Awaitable[bytes]]:
    async def answer(request: Request) -> bytes:
        return request.refusal(code)

    return answer


async def silence(request: Request) -> None:
    return None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (short, BadReplyError),
        (other_function, BadReplyError),
        (other_unit, LinkTimeoutError),
        (other_tid, LinkTimeoutError),
        (garbage, LinkTimeoutError),
        (silence, LinkTimeoutError),
        (refuse(1), DeviceRefusedError),
        (refuse(2), DeviceRefusedError),
        (refuse(4), DeviceRefusedError),
        (refuse(5), DeviceBusyError),
        (refuse(6), DeviceBusyError),
        (refuse(10), LinkTimeoutError),
        (refuse(11), LinkTimeoutError),
    ],
    ids=[
        *("short", "function", "unit", "tid", "garbage", "silence"),
        *(f"exception {code}" for code in (1, 2, 4, 5, 6, 10, 11)),
    ],
)
async def test_each_fault_has_its_own_error(
    raw: RawServer,
    link: ModbusLink,
    answer: Callable[[Request], Awaitable[bytes | None]],
    error: type[DriverError],
) -> None:
    raw.answer = answer
    with pytest.raises(DriverError) as caught:
        await ask(link, 100)
    assert type(caught.value) is error or isinstance(caught.value, error)
    if isinstance(caught.value, DeviceRefusedError):
        assert caught.value.code in (1, 2, 4)


async def test_a_request_that_cannot_be_encoded_is_a_setup_error_and_harmless(
    raw: RawServer, link: ModbusLink
) -> None:
    for address, count in ((0, 126), (70_000, 1)):
        with pytest.raises(SetupError):
            await ask(link, address, count)
    assert await ask(link, 5) == (5, 6)


@pytest.mark.parametrize("code", [5, 6])
async def test_a_busy_device_is_asked_again(raw: RawServer, link: ModbusLink, code: int) -> None:
    async def once_busy(request: Request) -> bytes | None:
        return request.refusal(code) if len(raw.requests) == 1 else await honest(request)

    raw.answer = once_busy
    assert await ask(link, 3) == (3, 4)


async def test_one_lost_reply_is_asked_again(raw: RawServer, link: ModbusLink) -> None:
    async def lose_first(request: Request) -> bytes | None:
        return None if len(raw.requests) == 1 else await honest(request)

    raw.answer = lose_first
    assert await ask(link, 3) == (3, 4)


async def test_a_lost_write_is_not_sent_again(raw: RawServer, link: ModbusLink) -> None:
    raw.answer = silence
    with pytest.raises(LinkTimeoutError):
        await link.write(1, 10, (1, 2))
    assert len(raw.requests) == 1


async def test_late_replies_with_ids_are_skipped(raw: RawServer, link: ModbusLink) -> None:
    async def late(request: Request) -> bytes | None:
        await asyncio.sleep(0.2 if request.address == 100 else 0.0)
        return await honest(request)

    raw.answer = late
    for _ in range(3):
        with pytest.raises(LinkTimeoutError):
            await ask(link, 100)
        link._breakers.clear()
        assert await ask(link, 200) == (200, 201)


@pytest.mark.parametrize("start", [0])
async def test_no_late_rtu_reply_is_taken_for_another(
    raw_rtu: RawServer, rtu_link: ModbusLink, start: int
) -> None:
    """Replies up to twice the time-out late, and cancelled calls: every value is its own."""
    lateness = cycle([0.0] * 12 + [0.16] + [0.0] * 17 + [0.27] + [0.0] * 10 + [0.2])
    patience = cycle([2.0, 2.0, 2.0, 2.0, 0.001, 2.0, 2.0])

    async def sometimes_late(request: Request) -> bytes | None:
        await asyncio.sleep(next(lateness))
        return await honest(request)

    raw_rtu.answer = sometimes_late
    good = 0
    for turn in range(start, start + 120):
        address = turn * 10
        try:
            async with asyncio.timeout(next(patience)):
                assert await ask(rtu_link, address) == (address, address + 1)
                good += 1
        except TimeoutError:
            rtu_link._breakers.clear()
    assert good > 80


async def test_a_short_rtu_reply_does_not_shift_the_next(
    raw_rtu: RawServer, rtu_link: ModbusLink
) -> None:
    async def twice(request: Request) -> bytes | None:
        """The first answer comes after a stray one of another length."""
        if len(raw_rtu.requests) > 1:
            return await honest(request)
        stray = request.frame(request.registers([1]))
        raw_rtu.answer = honest
        await asyncio.sleep(0)
        return stray

    raw_rtu.answer = twice
    assert await ask(rtu_link, 100) == (100, 101)
    assert await ask(rtu_link, 200) == (200, 201)


async def test_a_dead_unit_is_probed_and_does_not_hold_up_the_others(
    raw: RawServer, link: ModbusLink
) -> None:
    async def unit_5_is_dead(request: Request) -> bytes | None:
        return None if request.unit == 5 else await honest(request)

    raw.answer = unit_5_is_dead
    with pytest.raises(LinkTimeoutError):
        await ask(link, 0, unit=5)
    started = time.perf_counter()
    for turn in range(100):
        assert await ask(link, turn) == (turn, turn + 1)
        with pytest.raises(LinkTimeoutError, match="next try"):
            await ask(link, 0, unit=5)
    assert time.perf_counter() - started < 1.0
    assert sum(request.unit == 5 for request in raw.requests) <= 3
    assert raw.accepts == 1


async def test_a_unit_that_comes_back_is_found_by_the_probe(
    raw: RawServer, link: ModbusLink
) -> None:
    raw.answer = silence
    with pytest.raises(LinkTimeoutError):
        await ask(link, 0)
    raw.answer = honest
    async with asyncio.timeout(3):
        while True:
            try:
                assert await ask(link, 7) == (7, 8)
                break
            except LinkTimeoutError:
                await asyncio.sleep(0.05)
    assert not link._breakers[1].open


async def test_many_dead_requests_do_not_close_the_connection(
    raw: RawServer, link: ModbusLink
) -> None:
    async def unit_5_is_dead(request: Request) -> bytes | None:
        return None if request.unit == 5 else await honest(request)

    raw.answer = unit_5_is_dead
    link.timeout_s = 0.02
    assert await ask(link, 1) == (1, 2)
    for _ in range(6):
        link._breakers.pop(5, None)
        with pytest.raises(LinkTimeoutError):
            await ask(link, 0, unit=5)
    assert await ask(link, 1) == (1, 2)
    assert raw.accepts == 1


async def test_a_half_open_connection_is_reopened(raw: RawServer, link: ModbusLink) -> None:
    """The peer keeps the old connection and answers only on a new one."""

    async def only_new(request: Request) -> bytes | None:
        return await honest(request) if raw.accepts > 1 else None

    raw.answer = only_new
    async with asyncio.timeout(8):
        while True:
            try:
                assert await ask(link, 4) == (4, 5)
                break
            except LinkTimeoutError:
                await asyncio.sleep(0.05)
    assert raw.accepts == 2


async def test_a_server_that_starts_later_is_found_within_a_backoff() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    link = ModbusLink(f"tcp://127.0.0.1:{port}", timeout_s=0.2, clock=SystemClock())
    server = RawServer()
    with pytest.raises(LinkDownError):
        await ask(link, 1)
    with pytest.raises(LinkDownError, match="next try"):
        await ask(link, 1)
    await server.start(port)
    async with asyncio.timeout(2):
        while True:
            try:
                assert await ask(link, 1) == (1, 2)
                break
            except LinkDownError:
                await asyncio.sleep(0.05)
    await server.stop()
    with pytest.raises(LinkDownError):
        await ask(link, 1)
    pause_s = link._backoff.wait_s(asyncio.get_running_loop().time())
    assert pause_s <= FIRST_S, "after a success the pauses start anew"
    await link.close()


async def test_a_reset_ends_the_request_at_once_and_the_next_one_reconnects(
    raw: RawServer, link: ModbusLink
) -> None:
    async def hang_up_once(request: Request) -> bytes | None:
        if raw.accepts == 1:
            raw.hang_up()
            return None
        return await honest(request)

    raw.answer = hang_up_once
    started = time.perf_counter()
    assert await ask(link, 9) == (9, 10)
    assert time.perf_counter() - started < 0.12
    assert raw.accepts == 2


async def test_a_cancelled_request_leaves_the_link_usable(raw: RawServer, link: ModbusLink) -> None:
    asked = asyncio.Event()

    async def note(request: Request) -> None:
        asked.set()

    raw.answer = note
    task = asyncio.create_task(ask(link, 100))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    raw.answer = honest
    assert await ask(link, 200) == (200, 201)


async def test_requests_are_serialised_in_turn(raw: RawServer, link: ModbusLink) -> None:
    busy = 0
    order = []

    async def one_at_a_time(request: Request) -> bytes | None:
        nonlocal busy
        busy += 1
        assert busy == 1
        order.append(request.unit)
        await asyncio.sleep(0.002)
        busy -= 1
        return await honest(request)

    raw.answer = one_at_a_time
    await asyncio.gather(*(ask(link, 0, unit=unit) for unit in range(1, 11)))
    assert order == list(range(1, 11))
    assert raw.accepts == 1


async def test_the_kernel_watches_the_connection(raw: RawServer, link: ModbusLink) -> None:
    await ask(link, 0)
    connection = link._connection
    assert connection is not None
    sock = connection._wire.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    tcp = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    assert [sock.getsockopt(socket.IPPROTO_TCP, what) for what in tcp] == [15, 5, 3, 10_000]


async def test_writes_use_the_function_asked_for(raw: RawServer, link: ModbusLink) -> None:
    async def confirm(request: Request) -> bytes | None:
        return request.frame(request.pdu[:5])

    raw.answer = confirm
    await link.write(1, 10, (1, 2))
    await link.write(1, 11, (3,), function=6)
    assert [request.pdu for request in raw.requests] == [
        struct.pack(">BHHBHH", 16, 10, 2, 4, 1, 2),
        struct.pack(">BHH", 6, 11, 3),
    ]


async def test_a_write_confirmed_for_another_address_is_no_success(
    raw: RawServer, link: ModbusLink
) -> None:
    async def elsewhere(request: Request) -> bytes | None:
        return request.frame(struct.pack(">BHH", request.function, 99, 2))

    raw.answer = elsewhere
    with pytest.raises(BadReplyError, match="99"):
        await link.write(1, 10, (1, 2))


@pytest.mark.parametrize(
    "url",
    [
        "tcp://host",
        "http://host:502",
        "tcp://host:99999",
        "serial:/dev/ttyX?baudrate=fast",
        "serial:/dev/ttyX?baudrate=12345",
        "serial:/dev/ttyX?parity=Q",
        "serial:/dev/ttyX?colour=red",
    ],
)
def test_a_wrong_url_is_a_setup_error(url: str) -> None:
    with pytest.raises(SetupError, match=url.partition("?")[0]):
        ModbusLink(url, timeout_s=1.0, clock=SystemClock())
