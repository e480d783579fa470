"""How far a commit's time is believed, and how long one that is not believed waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from drivers.types import Clock
from edge_agent.clock_trust import ClockTrust, Sight, sight
from edge_agent.store.stamps import to_ms

TRUSTS = (ClockTrust.SYNCHRONISED, ClockTrust.ESTIMATED, ClockTrust.UNKNOWN)
"""The place in this list is what is written: only ever append."""
CODES = {trust: code for code, trust in enumerate(TRUSTS)}
UNKNOWN = CODES[ClockTrust.UNKNOWN]
SEND_WAIT_MS = 900_000
"""So long a commit of unknown time is not handed out, unless its time becomes known before."""
ROLLUP_WAIT_MS = 86_400_000
"""So long it is not rolled up: a row of a roll-up is not taken apart again."""
BOOTS_KEPT = 1000
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

KNOW = "INSERT OR REPLACE INTO boot VALUES (?, ?)"
FORGET = "DELETE FROM boot WHERE boot <= ?"
SAME_MACHINE = (
    "SELECT boot FROM boot WHERE machine = (SELECT machine FROM boot WHERE boot = ?)"
    " AND machine <> ''"
)
NEWEST_AT = "SELECT start_ms FROM commit_block WHERE trust < 2 ORDER BY seq DESC LIMIT 1"
"""Commits of unknown time are stepped over: they say nothing about how late it is."""


class Stamp(NamedTuple):
    """Wall clock (UTC since 1970) and monotonic clock read together; what the first is worth."""

    wall_ms: int
    mono_ms: int
    trust: ClockTrust


def stamp(clock: Clock, trust: ClockTrust) -> Stamp:
    """Both clocks now."""
    return stamp_of(sight(clock), trust)


def stamp_of(seen: Sight, trust: ClockTrust) -> Stamp:
    """Both clocks as seen; a process held up between them is off by half of that at most."""
    return Stamp(to_ms(seen.now), int((seen.before_s + seen.after_s) * 500), trust)


def machine_boot() -> str:
    """What tells this start of the machine from every other; empty where it is not told."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def know_boot(db: sqlite3.Connection, boot: int, machine: str) -> None:
    """Note which start of the machine an opening belongs to, in the caller's transaction."""
    db.execute(KNOW, (boot, machine))
    db.execute(FORGET, (boot - BOOTS_KEPT,))


def boots_like(db: sqlite3.Connection, boot: int) -> frozenset[int]:
    """The openings that share the monotonic clock of `boot`, itself included."""
    return frozenset([boot, *(other for (other,) in db.execute(SAME_MACHINE, (boot,)))])


class Waiting:
    """Tells which commits still wait for their time to become known."""

    def __init__(self, clock: Clock, boots: Iterable[int]) -> None:
        self._clock = clock
        self._boots = frozenset(boots)

    def waits(self, code: int, boot: int, mono_ms: int, most_ms: int) -> bool:
        """Whether a commit should wait on: one of an earlier start of the machine never will."""
        if code != UNKNOWN or boot not in self._boots:
            return False
        return 0 <= int(self._clock.monotonic_s() * 1000) - mono_ms < most_ms
