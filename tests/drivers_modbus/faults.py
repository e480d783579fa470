"""What a peer can do wrong, each as an answer for the raw server."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable

from tests.drivers_modbus.rig import Answer, RawServer, Request, Segments, honest


def late(seconds: float, *, addresses: frozenset[int]) -> Answer:
    """Honest, but only after so many seconds for these addresses."""

    async def answer(request: Request) -> bytes | None:
        if request.address in addresses:
            await asyncio.sleep(seconds)
        return await honest(request)

    return answer


def short(registers: int) -> Answer:
    """A success that carries only so many registers, as some servers do past their end."""

    async def answer(request: Request) -> bytes:
        return request.frame(request.registers(list(range(registers))))

    return answer


async def other_function(request: Request) -> bytes:
    other = 4 if request.function == 3 else 3
    return request.frame(request.registers([1] * request.count, function=other))


async def other_unit(request: Request) -> bytes:
    values = [1] * request.count
    return request.frame(request.registers(values), unit=request.unit + 1)


async def other_tid(request: Request) -> bytes:
    return request.frame(request.registers([1] * request.count), tid=request.tid + 1)


def garbage(seed: int) -> Answer:
    """Random bytes, a different number each time."""
    chance = random.Random(seed)  # noqa: S311 - repeatable faults, no secret

    async def answer(request: Request) -> bytes:
        return chance.randbytes(chance.randrange(1, 300))

    return answer


async def wrong_crc(request: Request) -> bytes:
    frame = request.own_addresses()
    return frame[:-1] + bytes((frame[-1] ^ 0x55,))


async def nothing(request: Request) -> None:
    return None


def busy(times: int, server: RawServer, code: int = 6) -> Answer:
    """Busy for the first so many requests."""

    async def answer(request: Request) -> bytes | None:
        return request.refusal(code) if len(server.requests) <= times else await honest(request)

    return answer


async def reset_in_the_frame(request: Request) -> Segments:
    frame = request.own_addresses()
    return Segments((frame[: len(frame) // 2],), reset=True)


async def byte_by_byte(request: Request) -> Segments:
    return Segments(tuple(bytes((byte,)) for byte in request.own_addresses()))


async def noise_before(request: Request) -> bytes:
    return b"\x00\xff\x00" + request.own_addresses()


async def noise_behind(request: Request) -> bytes:
    return request.own_addresses() + b"\x00\xff"


async def two_replies(request: Request) -> bytes:
    """The reply to somebody else's question in front of ours."""
    stale = request.frame(request.registers([7] * request.count))
    return stale + request.own_addresses()


class Deaf:
    """A memory that acknowledges every write and keeps none of them."""

    def __init__(self, read: Callable[[int, int], list[int]]) -> None:
        self._read = read
        self.acknowledged = 0

    async def answer(self, request: Request) -> bytes:
        if request.function == 3:
            return request.frame(request.registers(self._read(request.address, request.count)))
        self.acknowledged += 1
        return request.frame(struct.pack(">BHH", *struct.unpack(">BHH", request.pdu[:5])))
