"""Synchronisation running for a test, with short periods."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from edge_agent.clock import SystemClock
from edge_agent.cloud.outbox import Outbox, SyncSettings
from edge_agent.cloud.shadows import Shadows
from edge_agent.cloud.sync import Sync
from edge_agent.cloud.transport import Message

if TYPE_CHECKING:
    from drivers.types import Clock
    from edge_agent.cloud.mqtt5 import Mqtt5Transport
    from edge_agent.demo.iot_core import LocalIotCore
    from tests.cloud.conftest import ListOutbox

THING = "gw_1"
LONG_AGO_MS = 1_000_000
QUICK = SyncSettings(
    gateway=THING,
    live_every_s=0.05,
    retry_wall_s=0.05,
    backlog_commits=10,
    confirm_within_wall_s=3600,
)


@asynccontextmanager
async def syncing(
    link: Mqtt5Transport,
    outbox: Outbox,
    settings: SyncSettings = QUICK,
    *,
    clock: Clock | None = None,
    with_shadows: bool = True,
) -> AsyncIterator[Sync]:
    shadows = Shadows(link, THING, deadline_s=1.0) if with_shadows else None
    sync = Sync(
        outbox=outbox,
        transport=link,
        clock=clock or SystemClock(),
        settings=settings,
        shadows=shadows,
    )
    if shadows is not None:
        await shadows.start()
    running = asyncio.ensure_future(sync.run())
    try:
        yield sync
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if shadows is not None:
            await shadows.stop()


def all_once(cloud: LocalIotCore, outbox: ListOutbox) -> bool:
    stored = Counter((commit.gateway, commit.seq) for commit in cloud.received())
    return stored == Counter((THING, commit.seq) for commit in outbox.commits)


def readings_of(cloud: LocalIotCore) -> Counter[tuple[str, str, int, float | None]]:
    """How often each reading is stored, under whatever number."""
    return Counter(
        (row.device, row.point, row.at_ms, row.value)
        for commit in cloud.received()
        for row in commit.readings
    )


def resent_in(message: Message) -> object:
    return json.loads(message.payload)["current"]["state"].get("reported", {}).get("resend")
