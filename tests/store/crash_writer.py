"""Run by test_store_processes: `crash_writer.py FILE MODE`; what is printed is on the disk.

`loop` forks a writer at each line of its input and prints its process id, and `dead` once it is;
`audit N` adds N lines to the audit trail of a file that another process has open.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from drivers.types import Quality, Reading
from edge_agent.clock import SystemClock
from edge_agent.store.schema import open_writable, writing
from edge_agent.store.store import Store
from edge_agent.store.types import Committed, LeaseRow, LeaseState

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
LEASE = LeaseRow(
    device="battery",
    point="power_setpoint",
    value=0.0,
    prior=None,
    owner="plan",
    reason="",
    command_id="",
    since=START,
    expires=START + timedelta(minutes=5),
    state=LeaseState.ACTIVE,
)


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def write_for_ever(path: Path) -> None:
    store = await Store.open(path, SystemClock())
    for number in count():
        for step in range(20):
            at = START + timedelta(seconds=number, milliseconds=step)
            value = number + step / 100
            store.append(
                [
                    Reading(
                        device="meter",
                        point=f"p{step}",
                        value=value,
                        unit="kW",
                        at=at,
                        quality=Quality.GOOD,
                    )
                ]
            )
        result = await store.commit()
        if isinstance(result, Committed):
            say(f"commit {result.seq} {number}")
        command_id = f"{store.boot}-{number}"
        await store.lease_put(replace(LEASE, point=f"setpoint_{number % 5}", command_id=command_id))
        say(f"lease setpoint_{number % 5} {command_id}")


def loop(path: Path) -> None:
    for _ in sys.stdin:
        writer = os.fork()
        if not writer:
            asyncio.run(write_for_ever(path))
        say(f"pid {writer}")
        os.waitpid(writer, 0)
        say("dead")


def audit(path: Path, lines: int) -> None:
    db = open_writable(path)
    for number in range(lines):
        with writing(db):
            db.execute(
                "INSERT INTO audit (at_us, kind, text, detail_json) VALUES (0, 'cli', ?, '')",
                (f"line {number}",),
            )
    db.close()


if __name__ == "__main__":
    if sys.argv[2] == "loop":
        loop(Path(sys.argv[1]))
    else:
        audit(Path(sys.argv[1]), int(sys.argv[3]))
