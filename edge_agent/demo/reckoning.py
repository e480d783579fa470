"""What a demo run came to: the agent's store against what the cloud's stand-in has stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.clock import SystemClock
from edge_agent.cloud.messages import PointKey, Row
from edge_agent.cloud_link import as_row
from edge_agent.demo.iot_core import ReceivedCommit, ReceivedReading
from edge_agent.privacy import withheld_points
from edge_agent.site.schema import Site
from edge_agent.store.outbox import StoredCommit
from edge_agent.store.store import Store

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """Counted after the agent has ended, from both files."""

    device_types: tuple[str, ...]
    """Types of which readings are stored and synced."""
    readings_stored: int
    readings_synced: int
    lost: int
    """Readings committed at the agent, absent or different at the cloud."""
    duplicated: int
    """Readings of the same device, point and time under two seqs, here or at the cloud."""
    leases_left: int


async def reckon(database: Path, received: Iterable[ReceivedCommit], site: Site) -> Reckoning:
    """Compare the two; nothing may use the database any more."""
    store = await Store.open(database, SystemClock())
    try:
        commits = await _all_commits(store)
        leases = len(await store.leases())
    finally:
        await store.close()
    arrived = {commit.seq: commit for commit in received}
    kept = _repeats(as_row(reading) for commit in commits for reading in commit.readings)
    came = _repeats(reading for commit in arrived.values() for reading in commit.readings)
    withheld = withheld_points(site)
    lost = sum(_lost(commit, arrived.get(commit.seq), withheld) for commit in commits)
    stored = sum(commit.count for commit in commits)
    return Reckoning(
        device_types=_types(
            site,
            arrived.values(),
            {column.name.device for commit in commits for column in commit.columns},
        ),
        readings_stored=stored,
        readings_synced=stored - lost,
        lost=lost,
        duplicated=max(kept, came),
        leases_left=leases,
    )


async def _all_commits(store: Store) -> list[StoredCommit]:
    commits: list[StoredCommit] = []
    while page := await store.commits_after(commits[-1].seq if commits else 0, PAGE):
        commits += page
    return commits


def _lost(
    commit: StoredCommit, arrived: ReceivedCommit | None, withheld: frozenset[PointKey]
) -> int:
    if commit.damage:
        # Nobody can tell any more what was in it: what arrived before counts, the rest is lost.
        return max(0, commit.count - (0 if arrived is None else len(arrived.readings)))
    there = Counter(() if arrived is None else map(_same, arrived.readings))
    due = (r for r in commit.readings if (r.device, r.point) not in withheld)
    return (Counter(_same(as_row(reading)) for reading in due) - there).total()


def _repeats(readings: Iterable[Row | ReceivedReading]) -> int:
    seen = Counter((reading.device, reading.point, reading.at_ms) for reading in readings)
    return sum(count - 1 for count in seen.values())


def _same(reading: Row | ReceivedReading) -> tuple[str, str, int, float | None, str]:
    return reading.device, reading.point, reading.at_ms, reading.value, reading.quality


def _types(site: Site, arrived: Iterable[ReceivedCommit], stored: set[str]) -> tuple[str, ...]:
    synced = {reading.device for commit in arrived for reading in commit.readings}
    return tuple(sorted({d.type.value for d in site.devices if d.id in synced & stored}))
