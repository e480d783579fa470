"""What synchronisation asks of the store, and what it tells about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge_agent.cloud.messages import Commit, PointKey


class Outbox(Protocol):
    """The store as the cloud room sees it: an append-only log of commits, seq from 1 upwards.

    A number is never used twice, not even after the store was lost: `(gateway, seq)` is what the
    cloud tells repeats by. Nothing is ever deleted from here.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """How telemetry goes out; periods in plant seconds, the network's own in wall seconds."""

    gateway: str
    live_every_s: float = 60.0
    rule: str = ""
    """Basic Ingest rule, none when empty."""
    withheld: frozenset[PointKey] = frozenset()
    """Points that never leave the gateway."""
    backlog_commits: int = 60
    backlog_bytes: int = 100_000
    confirm_within_wall_s: float = 300.0
    """Sent but not confirmed for so long means lost: sent again."""
    retry_wall_s: float = 5.0
    """Pause after a failed publish."""
    watermark_wait_wall_s: float = 3.0
    """How long a new connection waits for the cloud's watermark before it sends."""


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
