"""The words of the store: rows, results, health and the errors it raises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class StoreError(Exception):
    """Root of everything the store raises."""


class StoreUnavailableError(StoreError):
    """The file cannot be read or written now: disk full, read-only, locked."""


class StoreVersionError(StoreError):
    """The file was written by a newer program; the message says what to do."""


class DamagedBlockError(StoreError):
    """A telemetry block does not decode."""


class UnknownPointError(StoreError):
    """A point is asked for that was never read."""


class CopyError(StoreError):
    """A backup or a restore is refused; what was there is as before."""


class LockHeldError(StoreError):
    """Another process holds the state directory; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Everything gathered is on the disk; `seq` is the number of the newest row."""

    seq: int
    readings: int
    """Readings that became durable with this call, earlier failures included."""
    took_ms: float


@dataclass(frozen=True, slots=True)
class NothingToCommit:
    """Nothing was gathered and nothing waited: no number was used."""


@dataclass(frozen=True, slots=True)
class CommitFailed:
    """The disk took nothing; the readings wait in RAM for the next commit."""

    error: StoreError
    waiting_readings: int


CommitResult = Committed | NothingToCommit | CommitFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """How the store is, as of its last write."""

    state: Literal["ok", "slow", "failing", "in_memory"] = "ok"
    """slow: commits take over 5 s; failing: the last one was refused; in_memory: the file could
    not be opened, readings of the last minutes wait in RAM and no lease is taken."""
    rows: int = 0
    """Group commits held, counted as newest - oldest + 1 at the start."""
    boot: int = 0
    last_seq: int = 0
    last_commit_at: datetime | None = None
    last_commit_ms: float | None = None
    """How long the last commit took, plant milliseconds."""
    failed_commits: int = 0
    waiting_readings: int = 0
    """In RAM after a failed commit, not on the disk."""
    dropped_readings: int = 0
    bytes_on_disk: int = 0
    bytes_used: int = 0
    """Of the file, without its empty pages, as of the last housekeeping."""
    budget_bytes: int = 0
    space_low: bool = False
    """An alarm: 90 % of the budget are in use."""
    rolled_seq: int = 0
    """Number up to which commits are in the roll-ups."""
    interval_factor: int = 1
    """How many times its usual interval the next commit should wait: doubled by a slow one."""
    last_error: str = ""
    notes: tuple[str, ...] = ()
    """What the operator should know of the start, such as a file set aside."""


class LeaseState(StrEnum):
    """Where a lease stands between the decision and the device."""

    INTENDED = "intended"
    ACTIVE = "active"
    RELEASING = "releasing"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """A setpoint we hold, or mean to hold, at a device; values in the point's unit."""

    device: str
    point: str
    value: float
    prior: float | None
    """What stood there before us; None when it could not be read."""
    owner: str
    reason: str
    command_id: str
    since: datetime
    expires: datetime
    state: LeaseState


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRow:
    """A person's wish for a point (`device.point`), value in the point's unit."""

    point: str
    value: float
    owner: str
    reason: str
    since: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One line of the audit trail; `id` rises."""

    id: int
    at: datetime
    kind: str
    text: str
    detail_json: str = ""
