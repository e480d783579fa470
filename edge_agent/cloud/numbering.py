"""Sees to it that no number goes out that another store of this gateway has used before.

`offered` is the highest number this store has ever handed to a transport, durable before it is
handed over. A cloud that names a higher one has it from elsewhere: from the store of a disk that
was replaced, or from a later life of one that was restored. Nothing above `offered` has left this
store, so it gets numbers above the cloud's, and each reading arrives once.
"""

from __future__ import annotations

import logging

from edge_agent.cloud.outbox import Outbox

log = logging.getLogger(__name__)

OFFERED = "offered"
MARGIN = 1000
"""Numbers left free above the cloud's word: what another store had under way when it ended."""


class Numbering:
    """The numbers of one store, as against the cloud's."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._offered: int | None = None
        self.virgin = False
        """Nothing has ever been sent from this store."""

    async def load(self) -> None:
        """Recall how far this store has gone out."""
        if self._offered is not None:
            return
        text = await self._outbox.recall(OFFERED)
        sent = await self._outbox.sent_seq()
        if text is not None:
            self._offered = max(sent, int(text))
            return
        # A store of a program that did not note it: what it has sent, it may have gone beyond.
        self.virgin = sent < await self._outbox.first_seq()
        self._offered = sent if self.virgin else await self._outbox.last_seq()

    async def settle(self, top: int) -> bool:
        """Given the highest number the cloud has named: whether unsent commits got new ones."""
        await self.load()
        offered = self._offered or 0
        if top <= offered:
            return False
        last = await self._outbox.last_seq()
        above = max(top + MARGIN, last)
        await self._outbox.renumber(min(offered, last), above)
        # Only afterwards: a crash in between finds the same contradiction and goes on from there.
        await self._note(above)
        log.warning(
            "the cloud has commit %d, this store has sent none above %d: "
            "unsent commits are numbered above %d now",
            top,
            offered,
            above,
        )
        return True

    async def offer(self, seq: int) -> None:
        """Everything up to `seq` is about to be handed over."""
        await self.load()
        if seq > (self._offered or 0):
            await self._note(seq)

    async def _note(self, seq: int) -> None:
        await self._outbox.remember(OFFERED, str(seq))
        self._offered = seq
        self.virgin = False
