"""Takes commits from the outbox to the broker, one message's worth of them in RAM at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from edge_agent.cloud.messages import measurement_topic
from edge_agent.cloud.numbering import Numbering
from edge_agent.cloud.outbox import Outbox, SyncSettings
from edge_agent.cloud.packing import Packed, Packing, pack
from edge_agent.cloud.transport import CloudLimitError, Delivered, Transport

WINDOW_MESSAGES = 4
"""Messages prepared and in flight at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Commits above `after` up to `last`, in messages that cover everything above `covered`."""

    after: int
    last: int
    covered: int
    backlog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of the beginning of a lot."""

    upto: int
    """The broker has everything of the lot up to here."""
    taken: int
    """The last commit of the messages that were tried, `after` when the lot is empty."""
    failed: str = ""
    damaged: tuple[int, ...] = ()
    oversized: tuple[int, ...] = ()
    """Commits of which only the number arrived, and that their readings are gone."""


class Sender:
    """Sends lots, at most a window of messages at each call."""

    def __init__(
        self, outbox: Outbox, transport: Transport, settings: SyncSettings, numbering: Numbering
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._settings = settings
        self._numbering = numbering

    async def send(self, lot: Lot) -> Sent:
        """Send the next messages of a lot; `upto` below `taken` when some did not arrive."""
        window = min(WINDOW_MESSAGES, self._transport.max_in_flight)
        packed: list[Packed] = []
        damaged: list[int] = []
        taken, covered = lot.after, lot.covered
        try:
            while taken < lot.last and len(packed) < window:
                limit = min(self._settings.backlog_commits, lot.last - taken)
                commits = await self._outbox.commits_after(taken, limit)
                commits = [commit for commit in commits if commit.seq <= lot.last]
                if not commits:
                    break
                # In a thread: deflating a backlog must not hold up the control loop.
                packing = self._packing(backlog=lot.backlog)
                packed += await asyncio.to_thread(pack, commits, covered, packing)
                taken = covered = commits[-1].seq
                damaged += [commit.seq for commit in commits if commit.damaged]
        except CloudLimitError as error:
            return Sent(upto=lot.after, taken=lot.last, failed=str(error))
        if taken == lot.after:
            return Sent(upto=taken, taken=taken)
        await self._numbering.offer(taken)
        upto, failed = await self._publish(packed, lot)
        return Sent(
            upto=upto,
            taken=taken,
            failed=failed,
            damaged=tuple(seq for seq in damaged if seq <= upto),
            oversized=tuple(m.last for m in packed if m.oversized and m.last <= upto),
        )

    def _packing(self, *, backlog: bool) -> Packing:
        most = self._transport.max_payload
        return Packing(
            gateway=self._settings.gateway,
            max_payload=min(most, self._settings.backlog_bytes) if backlog else most,
            deflate=backlog,
            withheld=self._settings.withheld,
        )

    async def _publish(self, packed: list[Packed], lot: Lot) -> tuple[int, str]:
        """Up to where the broker has everything, and why not further."""
        settings = self._settings
        topic = measurement_topic(settings.gateway, backlog=lot.backlog, rule=settings.rule)
        step = min(WINDOW_MESSAGES, self._transport.max_in_flight)
        upto = lot.after
        for at in range(0, len(packed), step):
            window = packed[at : at + step]
            receipts = await asyncio.gather(
                *(self._transport.publish(topic, message.payload) for message in window)
            )
            for message, receipt in zip(window, receipts, strict=True):
                if not isinstance(receipt, Delivered):
                    return upto, f"{topic}: {receipt}"
                upto = max(upto, message.last)
        return upto, ""
