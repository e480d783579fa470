"""A writer that is killed, or whose disk is: `writer.py FILE COMMIT_S`.

Each line it prints is of something durable: `commit SEQ NEWEST_S` or `lease POINT COMMAND_ID`.
With a COMMIT_S of 0 it commits as fast as it can and writes a lease after each commit.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bench.store_parts.site import Site
from edge_agent.clock import SystemClock
from edge_agent.store.store import Store
from edge_agent.store.types import Committed, LeaseRow, LeaseState

READ_S = 0.25


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def write_for_ever(path: Path, commit_s: float) -> None:
    store = await Store.open(path, SystemClock())
    site = Site(4, 10)
    for number in count():
        until = time.monotonic() + commit_s
        while True:
            now = datetime.now(UTC)
            for device in range(site.devices):
                store.append(site.sweep(device, now))
            if time.monotonic() + READ_S >= until:
                break
            await asyncio.sleep(READ_S)
        result = await store.commit()
        if not isinstance(result, Committed):
            raise SystemExit(str(result))
        say(f"commit {result.seq} {now.timestamp():.3f}")
        if not commit_s:
            await lease(store, number, now)
            await store.maintain()


async def lease(store: Store, number: int, now: datetime) -> None:
    command_id = f"{store.boot}-{number}"
    await store.lease_put(
        LeaseRow(
            device="battery",
            point=f"setpoint_{number % 5}",
            value=float(number),
            prior=None,
            owner="plan",
            reason="",
            command_id=command_id,
            since=now,
            expires=now + timedelta(minutes=5),
            state=LeaseState.ACTIVE,
        )
    )
    say(f"lease setpoint_{number % 5} {command_id}")


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1]), float(sys.argv[2])))
