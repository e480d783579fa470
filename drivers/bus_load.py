"""How busy a serial bus will be, reckoned from what is to be read; pure.

A byte takes start bit, data bits, parity bit and stop bits; frames keep 3.5 bytes of silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.modbus_tty import Line
from drivers.readplan import Block

BUSY_WARNING_SHARE = 0.6
"""Above this a check warns: retries and slow replies have no room left."""
TURNAROUND_S = 0.03
"""What a slave usually takes before it answers."""
_REQUEST_BYTES = 8
_REPLY_BYTES = 5
_SILENCE_BYTES = 3.5
_SHORTEST_SILENCE_S = 0.00175


@dataclass(frozen=True, slots=True, kw_only=True)
class BusLoad:
    """The requests of one unit, sent every `period_s`."""

    blocks: tuple[Block, ...]
    period_s: float
    min_gap_s: float = 0.0
    turnaround_s: float = TURNAROUND_S


def request_s(block: Block, line: Line, turnaround_s: float = TURNAROUND_S) -> float:
    """Seconds the bus is taken by one request and its reply."""
    bits = 1 + line.bytesize + (line.parity != "N") + line.stopbits
    byte_s = bits / line.baudrate
    silence_s = 2 * max(_SILENCE_BYTES * byte_s, _SHORTEST_SILENCE_S)
    size = _REQUEST_BYTES + _REPLY_BYTES + 2 * block.area.count
    return size * byte_s + silence_s + turnaround_s


def bus_busy_share(loads: Iterable[BusLoad], line: Line) -> float:
    """Share of the time that the bus is taken; above 1 the polls cannot be kept."""
    return sum(
        (request_s(block, line, load.turnaround_s) + load.min_gap_s) / load.period_s
        for load in loads
        for block in load.blocks
    )
