"""What synchronisation asks of the store, and what it tells about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge_agent.cloud.messages import Commit, PointKey
from edge_agent.cloud.transport import CloudConfigError

MIN_BACKLOG_BYTES = 4096


class Outbox(Protocol):
    """The store as the cloud room sees it: an append-only log of commits, seq from 1 upwards.

    `(gateway, seq)` is what the cloud tells repeats by. Numbers that a lost store may have used
    are given up by `renumber` before they are sent. Nothing is ever deleted from here.
    """

    async def commits_after(self, seq: int, limit: int) -> list[Commit]:
        """At most `limit` commits above `seq`, rising; thinned ones are simply not there."""
        ...

    async def first_seq(self) -> int:
        """The oldest commit's number there is; what is below it will never be sent."""
        ...

    async def last_seq(self) -> int:
        """The newest commit's number, 0 when there is none."""
        ...

    async def sent_seq(self) -> int:
        """Up to here the broker has acknowledged everything, as marked last; 0 at first."""
        ...

    async def mark_sent(self, seq: int) -> None:
        """The broker has acknowledged everything up to `seq`; only ever rises."""
        ...

    async def acked_seq(self) -> int:
        """Up to here the cloud says it has stored everything; 0 when it never said so."""
        ...

    async def mark_acked(self, seq: int) -> None:
        """The cloud has stored everything up to `seq`; lower than before when it lost some."""
        ...

    async def renumber(self, after: int, above: int) -> None:
        """Give commits above `after`, and those to come, numbers above `above`, in order."""
        ...

    async def recall(self, key: str) -> str | None:
        """What was remembered under this key, None when nothing was."""
        ...

    async def remember(self, key: str, text: str) -> None:
        """Keep a small text with the commits, durable when this returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """How telemetry goes out; periods in plant seconds, the network's own in wall seconds."""

    gateway: str
    live_every_s: float = 60.0
    rule: str = ""
    """Basic Ingest rule, none when empty."""
    withheld: frozenset[PointKey] = frozenset()
    """Points that never leave the gateway."""
    backlog_commits: int = 15
    backlog_bytes: int = 100_000
    confirm_within_wall_s: float = 300.0
    """Sent but not confirmed for so long means lost: sent again."""
    retry_wall_s: float = 5.0
    """Pause after a failed publish."""
    watermark_wait_wall_s: float = 3.0
    """How long a new connection waits for the cloud's watermark before it sends."""
    first_word_wait_wall_s: float = 600.0
    """How long a store that has never sent anything waits for it: its numbers may be used."""

    def __post_init__(self) -> None:
        """Refuse messages too small for a commit's number and what was given up with it."""
        if self.backlog_bytes < MIN_BACKLOG_BYTES:
            msg = f"backlog_bytes {self.backlog_bytes}, at least {MIN_BACKLOG_BYTES}"
            raise CloudConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """Where synchronisation stands; numbers of commits, times UTC (plant)."""

    connected: bool = False
    backlog_commits: int = 0
    sent_seq: int = 0
    acked_seq: int | None = None
    """None when the cloud has not said."""
    last_error: str = ""
    last_sent_at: datetime | None = None
    trouble: str = ""
    """The worst that stands, one of Trouble; empty when nothing does."""
    damaged_commits: int = 0
    """Since the start: commits that did not decode, told to the cloud as gone."""
    oversized_commits: int = 0
    """Since the start: commits that fit into no message, told to the cloud as gone."""
