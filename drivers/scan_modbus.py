"""Looking for Modbus devices: open ports, unit numbers that answer, who they say they are.

Only reads are sent. All waiting is wall time; one unit at a time is asked on a link, with a pause
in between, and never more than a few links at once.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from drivers.modbus_target import Target, parse_url
from drivers.scan_wire import ScanWire
from drivers.types import LinkDownError, SetupError

READ_ONE = bytes((3, 0, 0, 0, 1))
"""Function 3, address 0, one register: every device answers it, be it with an exception."""
IDENTIFY = bytes((43, 14, 1, 0))
"""Function 43 / 14: the basic device identification, from its first object."""
_ABSENT = (10, 11)
"""Exceptions with which a gateway says that nobody is behind it."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
_OBJECTS = {0: "vendor", 1: "product", 2: "revision"}
_PORTS_AT_ONCE = 32
_LARGEST_NETWORK = 1024
_HIGHEST_UNIT = 255
ANSWERS_EVERY = 20
"""So many unit numbers in a row that answer alike belong to one device that ignores them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundUnit:
    """One unit number that answered; `said` is its own identification, where it has one."""

    unit: int
    answer: str
    round_trip_ms: float
    said: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for an answer, and how long to rest between two requests, wall seconds."""

    timeout_s: float = 0.3
    pause_s: float = 0.02


def hosts_of(where: str) -> tuple[str, ...]:
    """A host, or every address of `10.0.0.0/24`; SetupError for a network too large to walk."""
    if "/" not in where:
        if not _HOST.fullmatch(where):
            msg = (
                f"{where!r} is no host: write 192.168.1.10 or meter.local, and --port for the port"
            )
            raise SetupError(msg)
        return (where,)
    try:
        network = ipaddress.ip_network(where, strict=False)
    except ValueError as error:
        msg = f"{where} is no host and no network: write 192.168.1.10 or 192.168.1.0/24"
        raise SetupError(msg) from error
    if network.num_addresses > _LARGEST_NETWORK:
        msg = f"{where} has {network.num_addresses} addresses: scan a /22 or smaller"
        raise SetupError(msg)
    return tuple(str(host) for host in network.hosts())


def unit_numbers(text: str) -> tuple[int, ...]:
    """`1-10,126` as numbers in order; SetupError for anything else."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        msg = f"{text!r} are no unit numbers: write 1-10,126"
        raise SetupError(msg)
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        found |= set(range(int(low), min(int(high or low), _HIGHEST_UNIT + 1) + 1))
    if not found or max(found) > _HIGHEST_UNIT:
        msg = f"{text}: unit numbers are 0 to 255"
        raise SetupError(msg)
    return tuple(sorted(found))


async def open_hosts(
    hosts: Iterable[str], port: int, *, timeout_s: float = 0.5
) -> AsyncIterator[str]:
    """The hosts that take a connection at `port`, each as soon as it is known."""
    slots = asyncio.Semaphore(_PORTS_AT_ONCE)
    knocking = [asyncio.create_task(_knock(host, port, timeout_s, slots)) for host in hosts]
    try:
        for next_one in asyncio.as_completed(knocking):
            host = await next_one
            if host is not None:
                yield host
    finally:
        for task in knocking:
            task.cancel()
        await asyncio.gather(*knocking, return_exceptions=True)


async def _knock(host: str, port: int, timeout_s: float, slots: asyncio.Semaphore) -> str | None:
    async with slots:
        wire = ScanWire(Target(host=host, port=port), timeout_s)
        try:
            await wire.open()
        except LinkDownError:
            return None
        wire.close()
        return host


async def scan_units(
    url: str,
    units: Iterable[int],
    patience: Patience,
    tell: Callable[[int, FoundUnit | None], None],
) -> None:
    """Ask every unit in turn and `tell` what came of it; LinkDownError when the link is not there.

    A device that answers to every number is asked no further than `ANSWERS_EVERY`.
    """
    wire = ScanWire(parse_url(url), patience.timeout_s)
    await wire.open()
    in_a_row = 0
    try:
        for unit in units:
            found = await _ask(wire, unit)
            tell(unit, found)
            in_a_row = in_a_row + 1 if found is not None else 0
            if in_a_row == ANSWERS_EVERY:
                return
            await asyncio.sleep(patience.pause_s)
    finally:
        wire.close()


async def _ask(wire: ScanWire, unit: int) -> FoundUnit | None:
    answer = await wire.ask(unit, READ_ONE)
    if answer is None:
        return None
    pdu = answer.pdu
    refused = bool(pdu[0] & 0x80)
    if refused and (len(pdu) < 2 or pdu[1] in _ABSENT):  # noqa: PLR2004 - function and code
        return None
    said = await wire.ask(unit, IDENTIFY)
    return FoundUnit(
        unit=unit,
        answer=f"exception {pdu[1]}" if refused else "registers",
        round_trip_ms=round(answer.round_trip_ms, 1),
        said={} if said is None else identification(said.pdu),
    )


def identification(pdu: bytes) -> dict[str, str]:
    """The texts of a reply to function 43 / 14, by name; empty when it is none."""
    if len(pdu) < 7 or pdu[:2] != IDENTIFY[:2]:  # noqa: PLR2004 - the header before the objects
        return {}
    said: dict[str, str] = {}
    rest = pdu[7:]
    for _ in range(pdu[6]):
        if len(rest) < 2 or len(rest) < 2 + rest[1]:  # noqa: PLR2004 - id and length
            break
        text = rest[2 : 2 + rest[1]].decode("ascii", errors="replace").strip()
        if text:
            said[_OBJECTS.get(rest[0], f"object_{rest[0]}")] = text
        rest = rest[2 + rest[1] :]
    return said
