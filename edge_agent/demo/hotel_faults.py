"""Breaking the simulated hotel on purpose: commands as JSON lines, and what they do to a device.

A command names what to do and one part: {"do": "silence", "unit": 1}, {"do": "freeze", "zone": 2},
{"do": "restore", "weather": 1}. Silent parts do not answer, frozen ones show their last values.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What can be done to a part."""

    SILENCE = "silence"
    FREEZE = "freeze"
    RESTORE = "restore"


class PartKind(StrEnum):
    """Which sort of part: a Modbus unit, a zone's temperature sensor, the weather station."""

    UNIT = "unit"
    ZONE = "zone"
    WEATHER = "weather"


class CommandError(ValueError):
    """A command line that cannot be obeyed; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that may fail; `number` counts from 1."""

    kind: PartKind
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Do `fault` to `part`."""

    fault: Fault
    part: Part

    def as_line(self) -> str:
        """The JSON line that parses back to this command."""
        return json.dumps({"do": self.fault.value, self.part.kind.value: self.part.number})


def parse_command(line: str) -> Command:
    """A command from its JSON line; raises CommandError."""
    try:
        words = json.loads(line)
    except ValueError as error:
        msg = f"not JSON: {error}"
        raise CommandError(msg) from error
    if not isinstance(words, dict) or words.get("do") not in list(Fault):
        msg = f'"do" must be one of {", ".join(Fault)}'
        raise CommandError(msg)
    named = [kind for kind in PartKind if kind.value in words]
    if len(named) != 1 or len(words) != 1 + len(named):
        msg = f"name exactly one of {', '.join(PartKind)}"
        raise CommandError(msg)
    number = words[named[0].value]
    if not isinstance(number, int):
        msg = f"{named[0]} takes a whole number, got {number!r}"
        raise CommandError(msg)
    return Command(fault=Fault(words["do"]), part=Part(named[0], int(number)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakable:
    """How one part is broken and mended."""

    silence: Callable[[], Awaitable[None]]
    freeze: Callable[[], Awaitable[None]]
    restore: Callable[[], Awaitable[None]]


async def obey(command: Command, parts: dict[Part, Breakable]) -> None:
    """Break or mend the part; CommandError when there is none of that number."""
    breakable = parts.get(command.part)
    if breakable is None:
        msg = f"no {command.part.kind} {command.part.number}"
        raise CommandError(msg)
    match command.fault:
        case Fault.SILENCE:
            await breakable.silence()
        case Fault.FREEZE:
            await breakable.freeze()
        case Fault.RESTORE:
            await breakable.restore()
