"""Sends every commit to the cloud, in order of seq, until the cloud itself has confirmed it.

Nothing is ever deleted here. The cursor rises only over what the broker has acknowledged without
a gap, and falls back to the cloud's own watermark after every reconnect, because a broker may
lose what it has acknowledged. Repeats are harmless: `(gateway, seq)` tells them apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from enum import Enum, auto

from drivers.types import Clock
from edge_agent.cloud.messages import Commit, Packed, Packing, measurement_topic, pack
from edge_agent.cloud.outbox import Outbox, SyncSettings, SyncStatus
from edge_agent.cloud.shadows import Accepted, Desired, Shadows
from edge_agent.cloud.transport import (
    CloudLimitError,
    Delivered,
    Down,
    LinkEvent,
    TakenOver,
    Transport,
    Up,
)
from edge_agent.cloud.watermark import Range, Watermark, read_wish

WINDOW_MESSAGES = 4
"""Backlog messages prepared and in flight at once."""
FRESH_PERIODS = 3
"""Commits older than so many live periods are backlog."""


class Turn(Enum):
    """What one look at the outbox came to."""

    MORE = auto()
    CAUGHT_UP = auto()
    OFFLINE = auto()
    FAILED = auto()


class Sync:
    """One gateway's telemetry. `run` for as long as the agent lives; `drain` before it leaves."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        transport: Transport,
        clock: Clock,
        settings: SyncSettings,
        shadows: Shadows | None = None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._clock = clock
        self._settings = settings
        self._shadows = shadows
        self._watermark = Watermark(settings.confirm_within_wall_s)
        self._cursor: int | None = None
        self._marked = 0
        self._first = 1
        self._noted: int | None = None
        self._next_live_s = 0.0
        self._hurry = False
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._told = asyncio.Event()
        self._ask_first = False
        self._wanted: Range | None = None
        self._resent: Range | None = None
        self._status = SyncStatus()
        transport.listen(self._on_link)
        if shadows is not None:
            shadows.watch("sync", self._on_desired)

    @property
    def status(self) -> SyncStatus:
        """As of the last look at the outbox, at most one live period ago."""
        return replace(self._status, connected=self._transport.connected)

    def notify(self) -> None:
        """Something is waiting that should not wait for the next live period."""
        self._hurry = True
        self._wake.set()

    async def run(self) -> None:
        """Send for ever; cancel to stop. Only the store's own faults come out of here."""
        while True:
            match await self._take_turn():
                case Turn.MORE:
                    continue
                case Turn.FAILED:
                    await self._rest(asyncio.sleep(self._settings.retry_wall_s))
                case Turn.OFFLINE:
                    await self._rest(self._clock.sleep(self._settings.live_every_s))
                case Turn.CAUGHT_UP:
                    wait_s = self._next_live_s - self._clock.monotonic_s()
                    await self._rest(self._clock.sleep(max(0.0, wait_s)))

    async def drain(self, deadline_s: float) -> bool:
        """Send all there is now, at most `deadline_s` wall seconds; whether all of it has gone.

        Works beside `run` and without it.
        """
        target = await self._outbox.last_seq()
        if self._transport.max_in_flight == 0:
            return await self._outbox.sent_seq() >= target
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    self._hurry = True
                    turn = await self._take_turn()
                    if self._cursor is not None and self._cursor >= target:
                        return True
                    if turn is not Turn.MORE:
                        await self._rest(asyncio.sleep(min(1.0, self._settings.retry_wall_s)))
        except TimeoutError:
            return False

    async def _take_turn(self) -> Turn:
        async with self._turn:
            if self._transport.connected:
                await self._hear_the_cloud_first()
            last = await self._outbox.last_seq()
            cursor = await self._place_cursor(last)
            turn = await self._send_next(cursor) if self._transport.connected else Turn.OFFLINE
            self._note_progress(last)
            return turn

    async def _hear_the_cloud_first(self) -> None:
        """A new connection: wait a little for the watermark, so that less is sent twice."""
        if not self._ask_first:
            return
        self._ask_first = False
        try:
            async with asyncio.timeout(self._settings.watermark_wait_wall_s):
                await self._told.wait()
        except TimeoutError:
            self._fail("the cloud has not said how far it has come; going by the broker's word")

    async def _place_cursor(self, last: int) -> int:
        if self._cursor is None:
            self._cursor = self._marked = await self._outbox.sent_seq()
            self._noted = await self._outbox.acked_seq() or None
        now_s = asyncio.get_running_loop().time()
        contradiction = self._watermark.contradiction(last)
        if contradiction:
            self._fail(contradiction)
        elif self._watermark.acked != self._noted and self._watermark.acked is not None:
            self._noted = self._watermark.acked
            await self._outbox.mark_acked(self._noted)
            self._watermark.moved(now_s)
        self._first = await self._outbox.first_seq()
        # Below the oldest commit there is nothing: a new store does not count from 1.
        self._cursor = max(self._watermark.place(self._cursor, last, now_s), self._first - 1)
        await self._mark_sent(self._cursor)
        return self._cursor

    async def _send_next(self, cursor: int) -> Turn:
        """Send what the cloud asked for again, else the oldest commits above the cursor."""
        if self._wanted is not None and self._wanted != self._resent:
            return await self._send_again(self._wanted)
        limit = self._settings.backlog_commits * WINDOW_MESSAGES
        commits = await self._outbox.commits_after(cursor, limit)
        if not commits:
            self._hurry = False
            self._next_live_s = self._clock.monotonic_s() + self._settings.live_every_s
            return Turn.CAUGHT_UP
        backlog = self._is_backlog(commits)
        if not backlog and not self._hurry and self._clock.monotonic_s() < self._next_live_s:
            return Turn.CAUGHT_UP
        if not backlog:
            self._next_live_s = self._clock.monotonic_s() + self._settings.live_every_s
        # The oldest commit's message covers all that was ever below it, so that the cloud's
        # watermark can rise over a range that is thinned or was never used.
        after = 0 if cursor < self._first else cursor
        sent = await self._send(commits, after, backlog=backlog)
        await self._advance(sent)
        return Turn.MORE if sent == commits[-1].seq else Turn.FAILED

    def _is_backlog(self, commits: Sequence[Commit]) -> bool:
        age_s = self._clock.now().timestamp() - commits[0].at_ms / 1000
        return age_s > FRESH_PERIODS * self._settings.live_every_s

    async def _send_again(self, wanted: Range) -> Turn:
        """Send one range again; the cursor stays. Repeated only when the cloud asks anew."""
        first, last = wanted
        cursor = first - 1
        while cursor < last:
            limit = min(self._settings.backlog_commits * WINDOW_MESSAGES, last - cursor)
            commits = await self._outbox.commits_after(cursor, limit)
            commits = [commit for commit in commits if commit.seq <= last]
            if not commits:
                break
            cursor = await self._send(commits, cursor, backlog=True)
            if cursor < commits[-1].seq:
                return Turn.FAILED
        self._resent = wanted
        if self._shadows is not None:
            answer = await self._shadows.update("sync", reported={"resend": list(wanted)})
            if not isinstance(answer, Accepted):
                self._fail(f"the resend of {first}..{last} could not be reported: {answer}")
        return Turn.MORE

    async def _send(self, commits: Sequence[Commit], after: int, *, backlog: bool) -> int:
        """Send these commits; the last one the broker has without a gap, `after` when none."""
        settings = self._settings
        topic = measurement_topic(settings.gateway, backlog=backlog, rule=settings.rule)
        try:
            packed = await self._pack(commits, after, backlog=backlog)
        except CloudLimitError as error:
            self._fail(str(error))
            return after
        step = min(WINDOW_MESSAGES, self._transport.max_in_flight)
        delivered = after
        for at in range(0, len(packed), step):
            window = packed[at : at + step]
            receipts = await asyncio.gather(
                *(self._transport.publish(topic, message.payload) for message in window)
            )
            for message, receipt in zip(window, receipts, strict=True):
                if not isinstance(receipt, Delivered):
                    self._fail(f"{topic}: {receipt}")
                    return delivered
                delivered = message.last
        return delivered

    async def _pack(self, commits: Sequence[Commit], after: int, *, backlog: bool) -> list[Packed]:
        settings = self._settings
        most = self._transport.max_payload
        packing = Packing(
            gateway=settings.gateway,
            max_payload=min(most, settings.backlog_bytes) if backlog else most,
            deflate=backlog,
            withheld=settings.withheld,
        )
        size = settings.backlog_commits
        messages: list[Packed] = []
        for at in range(0, len(commits), size):
            portion = commits[at : at + size]
            # In a thread: deflating a backlog must not hold up the control loop.
            messages += await asyncio.to_thread(pack, portion, after, packing)
            after = portion[-1].seq
        return messages

    async def _advance(self, sent: int) -> None:
        if self._cursor is None or sent <= self._cursor:
            return
        self._cursor = sent
        self._status = replace(self._status, last_sent_at=self._clock.now(), last_error="")
        await self._mark_sent(sent)

    async def _mark_sent(self, seq: int) -> None:
        if seq > self._marked:
            self._marked = seq
            await self._outbox.mark_sent(seq)

    def _note_progress(self, last: int) -> None:
        cursor = self._cursor or 0
        self._status = replace(
            self._status,
            backlog_commits=max(0, last - cursor),
            sent_seq=cursor,
            acked_seq=self._noted,
        )

    def _fail(self, reason: str) -> None:
        self._status = replace(self._status, last_error=reason)

    def _on_link(self, event: LinkEvent) -> None:
        match event:
            case Up():
                self._ask_first = self._shadows is not None
                self._told.clear()
                self._wake.set()
            case Down(reason):
                self._fail(reason)
            case TakenOver(drops):
                self._fail(f"duplicate_client_id: thrown out {drops} times within a minute")

    def _on_desired(self, desired: Desired) -> None:
        wish = read_wish(desired.state)
        self._watermark.hear(wish.acked_seq, whole=desired.whole)
        self._wanted = wish.resend if desired.whole or wish.resend is not None else self._wanted
        if wish.resend is None and desired.whole:
            self._resent = None
        self._told.set()
        self._wake.set()

    async def _rest(self, sleeping: Coroutine[object, object, None]) -> None:
        """Sleep, or until somebody wakes us."""
        tasks = {asyncio.ensure_future(sleeping), asyncio.ensure_future(self._wake.wait())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._wake.clear()
