"""What a demo run came to: the agent's store against what the cloud's stand-in has stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.clock import SystemClock
from edge_agent.demo.iot_core import ReceivedCommit
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
    """Readings committed at the agent, absent at the cloud."""
    duplicated: int
    """Readings of the same device, point and time under two seqs."""
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
    seen = Counter(
        (reading.device, reading.point, reading.at)
        for commit in commits
        for reading in commit.readings
    )
    lost = sum(_lost(commit, arrived.get(commit.seq)) for commit in commits)
    stored = sum(len(commit.readings) for commit in commits)
    return Reckoning(
        device_types=_types(site, arrived.values(), {device for device, _, _ in seen}),
        readings_stored=stored,
        readings_synced=stored - lost,
        lost=lost,
        duplicated=sum(count - 1 for count in seen.values()),
        leases_left=leases,
    )


async def _all_commits(store: Store) -> list[StoredCommit]:
    commits: list[StoredCommit] = []
    while page := await store.commits_after(commits[-1].seq if commits else 0, PAGE):
        commits += page
    return commits


def _lost(commit: StoredCommit, arrived: ReceivedCommit | None) -> int:
    return max(0, len(commit.readings) - (0 if arrived is None else len(arrived.readings)))


def _types(site: Site, arrived: Iterable[ReceivedCommit], stored: set[str]) -> tuple[str, ...]:
    synced = {reading.device for commit in arrived for reading in commit.readings}
    return tuple(sorted({d.type.value for d in site.devices if d.id in synced & stored}))
