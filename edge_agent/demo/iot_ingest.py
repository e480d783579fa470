"""The cloud's end of synchronisation: stores each `(gateway, seq)` once and says how far it is.

The watermark of a gateway is the highest N such that messages have covered all of 1..N; 0 while
anything before the first message is missing. The top is the highest number any message has covered:
a gateway whose store was lost must number its commits above it. Sequence numbers do not start again
at a boot.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.cloud.messages import Commit, Gone, Telemetry
from edge_agent.demo.iot_files import cut_torn_line, write_atomically
from edge_agent.demo.iot_parts import Parts


@dataclass(slots=True)
class Coverage:
    """Ranges of sequence numbers seen, disjoint and rising."""

    ranges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, first: int, last: int) -> None:
        """Cover `first..last` too."""
        apart = [span for span in self.ranges if span[1] < first - 1 or span[0] > last + 1]
        touching = [span for span in self.ranges if span not in apart]
        joined = (
            min([first, *(span[0] for span in touching)]),
            max([last, *(span[1] for span in touching)]),
        )
        self.ranges = sorted([*apart, joined])

    @property
    def watermark(self) -> int:
        """Everything from 1 to here has been seen."""
        return self.ranges[0][1] if self.ranges and self.ranges[0][0] <= 1 else 0

    @property
    def top(self) -> int:
        """The highest number seen."""
        return self.ranges[-1][1] if self.ranges else 0


class Ingest:
    """Append-only `received.jsonl`, plus `ingest.json` with coverage, what is gone and counters."""

    def __init__(self, folder: Path) -> None:
        self._received = folder / "received.jsonl"
        self._book = folder / "ingest.json"
        self._parts = Parts(folder)
        self._coverage: dict[str, Coverage] = {}
        self._gone: dict[str, set[Gone]] = {}
        self._seen: set[tuple[str, int]] = set()
        self.counts = {"messages": 0, "commits": 0, "repeats": 0, "rejected": 0}
        self._load()

    def take(self, telemetry: Telemetry) -> int:
        """Store what is new, on disk when this returns; the gateway's watermark."""
        gateway = telemetry.gateway
        self._gone.setdefault(gateway, set()).update(telemetry.gone)
        self.counts["messages"] += 1
        commits = self._whole(telemetry)
        if commits is not None:
            self._store(gateway, commits)
            self._coverage.setdefault(gateway, Coverage()).add(telemetry.first, telemetry.last)
        self._save()
        return self.watermark(gateway) or 0

    def _whole(self, telemetry: Telemetry) -> tuple[Commit, ...] | None:
        """The commits of a message, None while other parts of its commit are missing."""
        if telemetry.part is None:
            return telemetry.commits
        gateway, [commit] = telemetry.gateway, telemetry.commits
        if (gateway, commit.seq) in self._seen:
            return telemetry.commits
        joined = self._parts.join(gateway, commit, telemetry.part)
        return None if joined is None else (joined,)

    def _store(self, gateway: str, commits: tuple[Commit, ...]) -> None:
        fresh = [commit for commit in commits if (gateway, commit.seq) not in self._seen]
        with self._received.open("a") as stream:
            stream.writelines(_line(gateway, commit) for commit in fresh)
            stream.flush()
            os.fsync(stream.fileno())
        for commit in fresh:
            self._seen.add((gateway, commit.seq))
            self._parts.forget(gateway, commit.seq)
        self.counts["commits"] += len(fresh)
        self.counts["repeats"] += len(commits) - len(fresh)

    def reject(self) -> None:
        """Count a message that was none of ours."""
        self.counts["rejected"] += 1
        self._save()

    def watermark(self, gateway: str) -> int | None:
        """How far this gateway has come, None before its first message."""
        coverage = self._coverage.get(gateway)
        return None if coverage is None else coverage.watermark

    def top(self, gateway: str) -> int:
        """The highest number seen of this gateway."""
        return self._coverage.get(gateway, Coverage()).top

    def gone(self, gateway: str) -> tuple[Gone, ...]:
        """What this gateway says it had to give up, in order."""
        return tuple(sorted(self._gone.get(gateway, ())))

    def _load(self) -> None:
        cut_torn_line(self._received)
        if self._received.exists():
            with self._received.open() as stream:
                for line in stream:
                    entry = json.loads(line)
                    self._seen.add((entry["gateway"], entry["seq"]))
        if self._book.exists():
            book = json.loads(self._book.read_text())
            self.counts.update(book["counts"])
            for gateway, ranges in book["covered"].items():
                self._coverage[gateway] = Coverage([(first, last) for first, last in ranges])
            for gateway, stones in book.get("gone", {}).items():
                self._gone[gateway] = {Gone(*stone) for stone in stones}

    def _save(self) -> None:
        covered = {gateway: coverage.ranges for gateway, coverage in self._coverage.items()}
        gone = {gateway: sorted(stones) for gateway, stones in self._gone.items() if stones}
        book = {"counts": self.counts, "covered": covered, "gone": gone}
        write_atomically(self._book, json.dumps(book))


def _line(gateway: str, commit: Commit) -> str:
    entry = {
        "gateway": gateway,
        "seq": commit.seq,
        "boot": commit.boot,
        "at_ms": commit.at_ms,
        "readings": [
            [row.device, row.point, row.at_ms, row.value, row.quality, row.unit]
            for row in commit.readings
        ],
    }
    return json.dumps(entry, separators=(",", ":")) + "\n"
