"""Asks the machine whether its clock is synchronised; nothing here needs a privilege.

What is not there, not allowed or does not answer in time is None: a witness that says nothing.
"""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path

from edge_agent.clock_trust import Probes
from edge_agent.reaping import reaped

DEADLINE_S = 2.0
TIMEX_BYTES = 512
"""More than struct timex takes on any machine."""
TIMEX_STATUS = slice(40, 44)
"""Where its status lies on a 64-bit machine: after modes and four longs."""
STA_UNSYNC = 0x40
CHRONY_LEAP = -1
"""Column of the leap status in the output of `chronyc -c tracking`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the witnesses are found."""

    timesync: Path = Path("/run/systemd/timesync")
    rtc: Path = Path("/sys/class/rtc")
    timedatectl: str = "timedatectl"
    chronyc: str = "chronyc"


async def probe(machine: Machine) -> Probes:
    """Ask them all, the cheap ones first, and nobody further once one has said yes."""
    hardware_clock = _has_entry(machine.rtc, "rtc*")
    timesyncd = _has_entry(machine.timesync, "synchronized")
    if timesyncd:
        return Probes(timesyncd=True, hardware_clock=hardware_clock)
    kernel = kernel_synchronised()
    if kernel:
        return Probes(timesyncd=timesyncd, kernel=True, hardware_clock=hardware_clock)
    said = await _said(machine.timedatectl, "show", "-p", "NTPSynchronized", "--value")
    tracking = await _said(machine.chronyc, "-c", "tracking")
    return Probes(
        timesyncd=timesyncd,
        kernel=kernel,
        timedated=parse_timedatectl(said),
        chrony=parse_tracking(tracking),
        hardware_clock=hardware_clock,
    )


def parse_timedatectl(said: str | None) -> bool | None:
    """`yes` or `no`; anything else says nothing."""
    return {"yes": True, "no": False}.get("" if said is None else said.strip())


def parse_tracking(said: str | None) -> bool | None:
    """One line of values, the last one `Normal`, `Insert second`, `Not synchronised` or alike."""
    if said is None or "," not in said:
        return None
    leap = said.strip().split(",")[CHRONY_LEAP].strip()
    if leap.startswith("Not"):
        return False
    return True if leap.split(" ")[0] in ("Normal", "Insert", "Delete") else None


def kernel_synchronised() -> bool | None:
    """What adjtimex says when it is only asked (modes = 0); None where it may not be called."""
    import ctypes

    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    if adjtimex(timex) < 0:
        return None
    status = int.from_bytes(timex.raw[TIMEX_STATUS], "little")
    return not status & STA_UNSYNC


def _has_entry(folder: Path, pattern: str) -> bool | None:
    """Whether the folder holds such a name; None when there is no such folder for us."""
    try:
        return any(folder.glob(pattern)) if folder.is_dir() else None
    except OSError:
        return None


async def _said(program: str, *words: str) -> str | None:
    """What a program prints within the deadline; None when it is not there or fails."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        process = await asyncio.create_subprocess_exec(
            path, *words, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(DEADLINE_S):
            out, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        await reaped(process)
    return out.decode("utf-8", "replace") if process.returncode == 0 else None
