"""The store's commits on their way to the cloud, and the gateway's status beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from math import isfinite

from drivers.types import Clock, Quality, Reading
from edge_agent.cloud.endpoint import endpoint_of
from edge_agent.cloud.messages import Commit, Gone, Row, Series
from edge_agent.cloud.opening import open_transport
from edge_agent.cloud.outbox import SyncSettings
from edge_agent.cloud.shadows import Shadows, Watcher
from edge_agent.cloud.status import StatusReporter
from edge_agent.cloud.sync import Sync
from edge_agent.cloud.transport import CloudError, Transport
from edge_agent.privacy import withheld_points
from edge_agent.site.schema import Site
from edge_agent.status import CloudView, StatusView
from edge_agent.store.block import Column
from edge_agent.store.outbox import StoredCommit
from edge_agent.store.stamps import to_ms
from edge_agent.store.store import Store

log = logging.getLogger(__name__)

SHADOWS = ("sync", "status")
STATE_PREFIX = "cloud."
CLOSE_S = 0.8
"""Wall seconds the link may take to close beyond the time to drain it."""
URGENT = frozenset({"healthy", "plan_source", "plan_degraded", "control", "alarms"})


class StoreOutbox:
    """The store as the cloud room wants it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def commits_after(self, seq: int, limit: int) -> list[Commit]:
        """Up to `limit` commits above `seq`, rising."""
        return [as_commit(stored) for stored in await self._store.commits_after(seq, limit)]

    async def first_seq(self) -> int:
        """The oldest commit's number."""
        return await self._store.first_seq()

    async def last_seq(self) -> int:
        """The newest commit's number."""
        return await self._store.last_seq()

    async def sent_seq(self) -> int:
        """Acknowledged by the broker up to here."""
        return await self._store.sent_seq()

    async def mark_sent(self, seq: int) -> None:
        """The broker has acknowledged up to `seq`."""
        await self._store.mark_sent(seq)

    async def acked_seq(self) -> int:
        """Stored by the cloud up to here."""
        return await self._store.acked_seq()

    async def mark_acked(self, seq: int) -> None:
        """The cloud has stored up to `seq`."""
        await self._store.mark_acked(seq)

    async def renumber(self, after: int, above: int) -> None:
        """Commits above `after` get numbers above `above`."""
        await self._store.renumber(after, above)

    async def recall(self, key: str) -> str | None:
        """A small text kept under `key`."""
        return await self._store.state_get(f"{STATE_PREFIX}{key}")

    async def remember(self, key: str, text: str) -> None:
        """Keep a small text under `key`."""
        await self._store.state_put(f"{STATE_PREFIX}{key}", text)


def as_commit(stored: StoredCommit) -> Commit:
    """A stored commit in the words of the message; of a damaged one only what it held is said."""
    gone = tuple(Gone(*stone) for stone in stored.thinned)
    if stored.damage:
        gone = (*gone, Gone(stored.seq, stored.seq, stored.count, 0))
    return Commit(
        seq=stored.seq,
        boot=stored.boot,
        at_ms=stored.at_ms,
        series=tuple(as_series(column) for column in stored.columns),
        gone=gone,
        damaged=bool(stored.damage),
    )


def as_series(column: Column) -> Series:
    """A stored column in the words of the message: a value that is no finite number is none."""
    good = all(run.quality is Quality.GOOD for run in column.runs)
    values = column.values
    if not all(value is None or isfinite(value) for value in values):
        values = [finite(value) for value in values]
    return Series(
        device=column.name.device,
        point=column.name.point,
        unit=column.name.unit,
        at_ms=column.at_ms,
        values=values,
        qualities=None
        if good
        else [run.quality.value for run in column.runs for _ in range(run.length)],
    )


def as_row(reading: Reading) -> Row:
    """A reading in the words of the message."""
    return Row(
        device=reading.device,
        point=reading.point,
        at_ms=to_ms(reading.at),
        value=finite(reading.value),
        quality=reading.quality.value,
        unit=reading.unit,
    )


def finite(value: float | None) -> float | None:
    """None for what JSON cannot carry."""
    return value if value is not None and isfinite(value) else None


class CloudLink:
    """Runs the way to the cloud; `none` is one that never connects."""

    def __init__(self, site: Site, store: Store, clock: Clock, transport: Transport) -> None:
        gateway = site.cloud.thing or site.site.id
        self._kind = site.cloud.transport
        self._transport = transport
        self._shadows = Shadows(transport, gateway)
        self._reporter = StatusReporter(self._shadows, clock, URGENT)
        self._sync = Sync(
            outbox=StoreOutbox(store),
            transport=transport,
            clock=clock,
            settings=SyncSettings(
                gateway=gateway,
                live_every_s=site.cloud.live_every_s,
                rule=site.cloud.basic_ingest_rule,
                withheld=withheld_points(site),
            ),
            shadows=self._shadows,
        )
        self._watched: tuple[str, ...] = ()
        self._subscribed = False
        self._started = False
        self._reporting: asyncio.Task[None] | None = None

    def watch(self, shadow: str, watcher: Watcher) -> None:
        """Tell the watcher what the cloud desires in a shadow; one each, before `run`."""
        self._watched = (*self._watched, shadow)
        self._shadows.watch(shadow, watcher)

    async def run(self) -> None:
        """Connect and send for ever."""
        if self._kind == "none":
            await asyncio.Event().wait()
        if not self._subscribed:
            self._subscribed = True
            await self._shadows.start((*SHADOWS, *self._watched))
        if not self._started:
            await self._transport.connect()
            self._started = True
        await self._sync.run()

    async def close(self, drain_s: float) -> bool:
        """Send what is left within so many wall seconds, then disconnect; whether all has gone.

        Ends within `drain_s` and a second, whatever the broker does.
        """
        drained = await self._sync.drain(drain_s) if self._transport.connected else False
        if self._reporting is not None:
            self._reporting.cancel()
        await self._shadows.stop()
        await self._transport.close(CLOSE_S)
        return drained

    def report(self, status: StatusView) -> None:
        """Tell the `status` shadow in the background; a slow cloud delays nobody."""
        if not self._transport.connected:
            return
        if self._reporting is None or self._reporting.done():
            self._reporting = asyncio.create_task(self._report(shadow_of(status)))

    async def _report(self, state: Mapping[str, object]) -> None:
        try:
            await self._reporter.report(state)
        except CloudError as error:
            log.warning("status shadow: %s", error)

    @property
    def trouble(self) -> str:
        """The worst that stands, a code of edge_agent.cloud.trouble; empty when nothing does."""
        return self._sync.status.trouble

    def view(self) -> CloudView:
        """For the status picture; a standing trouble's code comes first in the error."""
        status = self._sync.status
        error = status.last_error
        if status.trouble and not error.startswith(status.trouble):
            error = f"{status.trouble}: {error}" if error else status.trouble
        return CloudView(
            transport=self._kind,
            connected=status.connected,
            sent_seq=status.sent_seq,
            acked_seq=status.acked_seq,
            backlog_commits=status.backlog_commits,
            last_error=error,
            last_sent_at=status.last_sent_at,
        )


def build_cloud(site: Site, store: Store, clock: Clock) -> CloudLink:
    """The way of the site file; raises CloudConfigError when it can never work."""
    endpoint = None
    if site.cloud.transport != "none":
        gateway = site.cloud.thing or site.site.id
        endpoint = endpoint_of(
            site.cloud, gateway, reconnect_max_s=site.cloud.reconnect_max_s, stable_after_s=10.0
        )
    return CloudLink(site, store, clock, open_transport(endpoint))


def shadow_of(status: StatusView) -> Mapping[str, object]:
    """What the `status` shadow says: small, flat, and no reading in it."""
    return {
        "version": status.version,
        "healthy": status.healthy,
        "control": status.control,
        "plan_source": status.plan.source,
        "plan_degraded": status.plan.degraded,
        "backlog": status.buffer.backlog_commits,
        "last_seq": status.buffer.last_seq,
        "devices_good": sum(device.quality == "good" for device in status.devices),
        "devices": len(status.devices),
        "alarms": sum(alert.cleared is None for alert in status.alerts),
        "started_at": status.started_at.isoformat(timespec="seconds"),
    }
