"""Sends every commit to the cloud until the cloud itself has confirmed it.

Nothing is ever deleted here. The cursor rises only over what the broker has acknowledged without
a gap, and falls back to the cloud's own watermark after every reconnect, because a broker may
lose what it has acknowledged. While there is a backlog, the newest commits go ahead of it once in
a live period. Repeats are harmless: `(gateway, seq)` tells them apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from enum import Enum, auto

from drivers.types import Clock
from edge_agent.cloud.ahead import Ahead
from edge_agent.cloud.messages import Commit
from edge_agent.cloud.numbering import Numbering
from edge_agent.cloud.outbox import Outbox, SyncSettings, SyncStatus
from edge_agent.cloud.resend import Resend
from edge_agent.cloud.sender import Lot, Sender, Sent
from edge_agent.cloud.shadows import Accepted, Desired, Shadows
from edge_agent.cloud.transport import (
    Down,
    FilterRefused,
    LinkEvent,
    TakenOver,
    Transport,
    Up,
)
from edge_agent.cloud.trouble import Troubles
from edge_agent.cloud.watermark import Watermark, read_wish

FRESH_PERIODS = 3
"""Commits older than so many live periods are backlog."""
AHEAD_COMMITS = 60
"""So many of the newest commits are looked at when live data starts to go ahead of a backlog."""
RESEND = "resend"


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
        self._numbering = Numbering(outbox)
        self._sender = Sender(outbox, transport, settings, self._numbering)
        self._resend = Resend()
        self._ahead = Ahead()
        self._troubles = Troubles()
        self._cursor: int | None = None
        self._marked = 0
        self._first = 1
        self._noted: int | None = None
        self._next_live_s = 0.0
        self._hurry = False
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._told = asyncio.Event()
        self._ask_first = shadows is not None
        self._asking_since_s: float | None = None
        self._status = SyncStatus()
        transport.listen(self._on_link)
        if shadows is not None:
            shadows.watch("sync", self._on_desired)

    @property
    def status(self) -> SyncStatus:
        """As of the last look at the outbox, at most one live period ago."""
        return replace(
            self._status,
            connected=self._transport.connected,
            trouble=self._troubles.first(asyncio.get_running_loop().time()) or "",
            damaged_commits=len(self._troubles.damaged),
            oversized_commits=len(self._troubles.oversized),
        )

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
        if self._transport.max_in_flight == 0:
            return await self._outbox.sent_seq() >= await self._outbox.last_seq()
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    self._hurry = True
                    turn = await self._take_turn()
                    if (self._cursor or 0) >= await self._outbox.last_seq():
                        return True
                    if turn is not Turn.MORE:
                        await self._rest(asyncio.sleep(min(1.0, self._settings.retry_wall_s)))
        except TimeoutError:
            return False

    async def _take_turn(self) -> Turn:
        async with self._turn:
            await self._load()
            connected = self._transport.connected
            may_send = connected and await self._hear_the_cloud_first()
            if await self._numbering.settle(self._watermark.top):
                self._ahead.forget()
            last = await self._outbox.last_seq()
            cursor = await self._place_cursor(last)
            turn = Turn.FAILED if connected else Turn.OFFLINE
            if may_send:
                turn = await self._send_next(cursor, last)
            self._note_progress(last)
            return turn

    async def _load(self) -> None:
        if self._cursor is not None:
            return
        await self._numbering.load()
        self._resend.load(await self._outbox.recall(RESEND))
        self._noted = await self._outbox.acked_seq() or None
        self._cursor = self._marked = await self._outbox.sent_seq()

    async def _hear_the_cloud_first(self) -> bool:
        """A new connection: wait a little for the watermark, so that less is sent twice.

        Whether to send now. A store that has never sent anything waits longer for the word, for
        a lost one may have used its numbers.
        """
        if not self._ask_first:
            return True
        try:
            async with asyncio.timeout(self._settings.watermark_wait_wall_s):
                await self._told.wait()
        except TimeoutError:
            self._troubles.no_watermark = True
            if self._numbering.virgin and not self._waited_enough():
                self._fail("the cloud has not said how far it has come; a new store waits for it")
                return False
            self._fail("the cloud has not said how far it has come; going by the broker's word")
        self._ask_first = False
        return True

    def _waited_enough(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        since_s = now_s if self._asking_since_s is None else self._asking_since_s
        self._asking_since_s = since_s
        return now_s - since_s >= self._settings.first_word_wait_wall_s

    async def _place_cursor(self, last: int) -> int:
        cursor = self._cursor or 0
        now_s = asyncio.get_running_loop().time()
        acked = self._watermark.acked
        if acked is not None and acked != self._noted and acked <= last:
            self._noted = acked
            await self._outbox.mark_acked(acked)
            self._watermark.moved(now_s)
        self._first = await self._outbox.first_seq()
        # Below the oldest commit there is nothing: a new store does not count from 1.
        placed = max(self._watermark.place(cursor, last, now_s), self._first - 1)
        self._cursor = self._ahead.join(placed, fell=placed < cursor)
        await self._mark_sent(self._cursor)
        return self._cursor

    async def _send_next(self, cursor: int, last: int) -> Turn:
        """Send the next new commits, then a portion of what the cloud asked for again."""
        turn = await self._send_new(cursor, last)
        if turn is Turn.FAILED or self._shadows is None:
            return turn
        return Turn.MORE if await self._send_again(last) else turn

    async def _send_new(self, cursor: int, last: int) -> Turn:
        oldest = await self._outbox.commits_after(cursor, 1)
        now_s = self._clock.monotonic_s()
        if not oldest:
            self._hurry = False
            self._next_live_s = now_s + self._settings.live_every_s
            return Turn.CAUGHT_UP
        backlog = not self._is_fresh(oldest[0])
        # Nothing is left before those that went ahead: they go again, to cover what is gone.
        joined = self._ahead.meets(oldest[0].seq)
        due = joined or self._hurry or now_s >= self._next_live_s
        if due:
            self._next_live_s = now_s + self._settings.live_every_s
        elif not backlog:
            return Turn.CAUGHT_UP
        if backlog and due and not await self._send_ahead(cursor, last):
            return Turn.FAILED
        lot = Lot(
            after=cursor,
            last=self._ahead.bound(last),
            covered=self._covered(cursor),
            backlog=backlog,
        )
        sent = await self._send(lot)
        await self._advance(sent.upto)
        return Turn.FAILED if sent.failed else Turn.MORE

    async def _send_ahead(self, cursor: int, last: int) -> bool:
        """Send the newest commits before their turn; false when the broker took them not."""
        after = self._ahead.last
        if after is None:
            recent = await self._outbox.commits_after(
                max(cursor, last - AHEAD_COMMITS), AHEAD_COMMITS
            )
            fresh = next((commit.seq for commit in recent if self._is_fresh(commit)), None)
            if fresh is None:
                return True
            after = fresh - 1
        sent = await self._send(Lot(after=after, last=last, covered=after, backlog=False))
        self._ahead.reach(after, sent.upto)
        return not sent.failed

    async def _send_again(self, last: int) -> bool:
        """Send the next portion of what was asked for; whether there was any, and it arrived."""
        due = self._resend.due(self._first, last)
        arrived = False
        if due is not None:
            first, end = due
            lot = Lot(after=first - 1, last=end, covered=self._covered(first - 1), backlog=True)
            sent = await self._send(lot)
            self._resend.served(end if sent.taken == lot.after else sent.upto)
            arrived = not sent.failed
        elif (finished := self._resend.finish()) is not None and self._shadows is not None:
            answer = await self._shadows.update("sync", reported={"resend": list(finished)})
            if not isinstance(answer, Accepted):
                self._fail(f"the resend of {finished} could not be reported: {answer}")
        if self._resend.changed:
            await self._outbox.remember(RESEND, self._resend.dump())
        return arrived

    async def _send(self, lot: Lot) -> Sent:
        sent = await self._sender.send(lot)
        self._troubles.damaged.update(sent.damaged)
        self._troubles.oversized.update(sent.oversized)
        if sent.failed:
            self._fail(sent.failed)
        return sent

    def _covered(self, after: int) -> int:
        """From where a message after `after` covers.

        The one with the oldest commit covers all that was ever below it, so that the cloud's
        watermark can rise over a range that is thinned or was never used.
        """
        return 0 if after < self._first else after

    def _is_fresh(self, commit: Commit) -> bool:
        age_s = self._clock.now().timestamp() - commit.at_ms / 1000
        return age_s <= FRESH_PERIODS * self._settings.live_every_s

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
        self._troubles.note(event, asyncio.get_running_loop().time())
        match event:
            case Up():
                self._ask_anew()
                self._wake.set()
            case Down(reason):
                # Already now: the link stands a moment before its Up is told.
                self._ask_anew()
                self._fail(reason)
            case TakenOver(drops):
                self._fail(f"duplicate_client_id: thrown out {drops} times within a minute")
            case FilterRefused(topic_filter, code):
                self._fail(f"filter_refused: {topic_filter}, reason code {code}")

    def _ask_anew(self) -> None:
        self._ask_first = self._shadows is not None
        self._told.clear()
        self._ahead.forget()

    def _on_desired(self, desired: Desired) -> None:
        wish = read_wish(desired.state)
        self._watermark.hear(wish, whole=desired.whole)
        self._resend.hear(wish.resend, whole=desired.whole)
        self._troubles.no_watermark = False
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
