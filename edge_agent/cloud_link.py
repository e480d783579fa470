"""The store's commits on their way to the cloud, and the gateway's status beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from drivers.types import Clock, Reading
from edge_agent.cloud.endpoint import endpoint_of
from edge_agent.cloud.messages import Commit, Row
from edge_agent.cloud.opening import open_transport
from edge_agent.cloud.outbox import SyncSettings
from edge_agent.cloud.shadows import Shadows
from edge_agent.cloud.status import StatusReporter
from edge_agent.cloud.sync import Sync
from edge_agent.cloud.transport import CloudError, Transport
from edge_agent.site.schema import Site
from edge_agent.status import CloudView, StatusView
from edge_agent.store.outbox import StoredCommit
from edge_agent.store.stamps import to_ms
from edge_agent.store.store import Store

log = logging.getLogger(__name__)

SHADOWS = ("sync", "status")
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


def as_commit(stored: StoredCommit) -> Commit:
    """A stored commit in the words of the message."""
    return Commit(
        seq=stored.seq,
        boot=stored.boot,
        at_ms=stored.at_ms,
        readings=tuple(as_row(reading) for reading in stored.readings),
    )


def as_row(reading: Reading) -> Row:
    """A reading in the words of the message."""
    return Row(
        device=reading.device,
        point=reading.point,
        at_ms=to_ms(reading.at),
        value=reading.value,
        quality=reading.quality,
        unit=reading.unit,
    )


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
            ),
            shadows=self._shadows,
        )
        self._started = False
        self._reporting: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Connect and send for ever."""
        if self._kind == "none":
            await asyncio.Event().wait()
        if not self._started:
            await self._shadows.start(SHADOWS)
            await self._transport.connect()
            self._started = True
        await self._sync.run()

    async def close(self, drain_s: float) -> bool:
        """Send what is left within so many wall seconds, then disconnect; whether all has gone."""
        drained = await self._sync.drain(drain_s) if self._transport.connected else False
        if self._reporting is not None:
            self._reporting.cancel()
        await self._shadows.stop()
        await self._transport.close()
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

    def view(self) -> CloudView:
        """For the status picture."""
        status = self._sync.status
        return CloudView(
            transport=self._kind,
            connected=status.connected,
            sent_seq=status.sent_seq,
            acked_seq=status.acked_seq,
            backlog_commits=status.backlog_commits,
            last_error=status.last_error,
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
