"""One request at a time to any unit of a Modbus link that nobody else uses, for looking round.

Whatever a unit answers counts, an exception too. A reply is taken only when its unit, its function
and its checksum (RTU) or transaction id (TCP) fit; everything else is thrown away.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drivers.modbus_target import Target
from drivers.modbus_tty import open_tty
from drivers.types import LinkDownError

_HEADER = 7
_LONGEST_FRAME = 260
_RTU_SHORTEST = 4
_LOOK_EVERY_S = 0.005


def checksum(data: bytes) -> bytes:
    """The CRC-16 of Modbus RTU, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """A request as it goes over a serial line."""
    body = bytes((unit,)) + pdu
    return body + checksum(body)


def tcp_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A request as it goes over TCP."""
    head = transaction.to_bytes(2, "big") + bytes(2) + (len(pdu) + 1).to_bytes(2, "big")
    return head + bytes((unit,)) + pdu


def rtu_reply(heard: bytes, unit: int, function: int) -> bytes | None:
    """The PDU of the whole frame of that unit in `heard`, None while there is none."""
    for start in range(len(heard)):
        if heard[start] != unit:
            continue
        for end in range(start + _RTU_SHORTEST, min(len(heard), start + _LONGEST_FRAME) + 1):
            body = heard[start : end - 2]
            if body[1] & 0x7F == function and checksum(body) == heard[end - 2 : end]:
                return body[1:]
    return None


def tcp_reply(heard: bytes, transaction: int, unit: int, function: int) -> bytes | None:
    """The PDU of the frame with our transaction id in `heard`, None while there is none."""
    start = 0
    while len(heard) >= start + _HEADER + 1:
        head = heard[start : start + _HEADER]
        end = start + _HEADER - 1 + int.from_bytes(head[4:6], "big")
        if head[2:4] != bytes(2) or len(heard) < end:
            return None
        ours = int.from_bytes(head[:2], "big") == transaction and head[6] == unit
        if ours and heard[start + _HEADER] & 0x7F == function:
            return heard[start + _HEADER : end]
        start = end
    return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a unit answered, and how long it took in wall milliseconds."""

    pdu: bytes
    round_trip_ms: float


class _Ear(asyncio.Protocol):
    """Keeps what has come in since the last request."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side has gone."""
        self.lost = True


class ScanWire:
    """A connection of our own; `timeout_s` (wall) is the patience with each request."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._ear = _Ear()
        self._transport: asyncio.Transport | None = None
        self._transaction = 0

    async def open(self) -> None:
        """Connect; LinkDownError when nobody is there."""
        loop = asyncio.get_running_loop()
        self._ear = _Ear()
        target = self._target
        try:
            if target.line is not None:
                self._transport, _ = await open_tty(target.line, self._ear)
                return
            async with asyncio.timeout(self._timeout_s):
                transport, _ = await loop.create_connection(
                    lambda: self._ear, target.host, target.port
                )
        except (OSError, TimeoutError) as error:
            raise LinkDownError(str(error) or "no answer to the connection") from error
        self._transport = transport

    def close(self) -> None:
        """Give the connection back."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    async def ask(self, unit: int, pdu: bytes) -> Answer | None:
        """The answer of `unit`, None for silence; LinkDownError when the link does not come up."""
        if self._transport is None or self._ear.lost:
            self.close()
            await self.open()
        if self._transport is None:
            return None
        self._transaction = (self._transaction + 1) & 0xFFFF
        self._ear.heard = b""
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        rtu = self._target.rtu
        frame = rtu_frame(unit, pdu) if rtu else tcp_frame(self._transaction, unit, pdu)
        self._transport.write(frame)
        while loop.time() - asked_s < self._timeout_s and not self._ear.lost:
            await asyncio.sleep(_LOOK_EVERY_S)
            found = self._reply(unit, pdu[0])
            if found is not None:
                return Answer(found, 1000 * (loop.time() - asked_s))
        if rtu:
            # A reply that comes late carries no id: let it pass before the next unit is asked.
            await asyncio.sleep(self._timeout_s / 2)
        return None

    def _reply(self, unit: int, function: int) -> bytes | None:
        heard = self._ear.heard
        if self._target.rtu:
            return rtu_reply(heard, unit, function)
        return tcp_reply(heard, self._transaction, unit, function)
