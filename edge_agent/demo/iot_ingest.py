"""The cloud's end of synchronisation: stores each `(gateway, seq)` once and says how far it is.

The watermark of a gateway is the highest N such that messages have covered all of 1..N; 0 while
anything before the first message is missing. Sequence numbers do not start again at a boot.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.cloud.messages import Commit, Telemetry
from edge_agent.demo.iot_files import cut_torn_line, write_atomically


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


class Ingest:
    """Append-only `received.jsonl`, plus `ingest.json` with coverage and counters."""

    def __init__(self, folder: Path) -> None:
        self._received = folder / "received.jsonl"
        self._book = folder / "ingest.json"
        self._coverage: dict[str, Coverage] = {}
        self._seen: set[tuple[str, int]] = set()
        self.counts = {"messages": 0, "commits": 0, "repeats": 0, "rejected": 0}
        self._load()

    def take(self, telemetry: Telemetry) -> int:
        """Store what is new, on disk when this returns; the gateway's watermark."""
        gateway = telemetry.gateway
        fresh = [c for c in telemetry.commits if (gateway, c.seq) not in self._seen]
        with self._received.open("a") as stream:
            stream.writelines(_line(gateway, commit) for commit in fresh)
            stream.flush()
            os.fsync(stream.fileno())
        self._seen.update((gateway, commit.seq) for commit in fresh)
        coverage = self._coverage.setdefault(gateway, Coverage())
        coverage.add(telemetry.first, telemetry.last)
        self.counts["messages"] += 1
        self.counts["commits"] += len(fresh)
        self.counts["repeats"] += len(telemetry.commits) - len(fresh)
        self._save()
        return coverage.watermark

    def reject(self) -> None:
        """Count a message that was none of ours."""
        self.counts["rejected"] += 1
        self._save()

    def watermark(self, gateway: str) -> int | None:
        """How far this gateway has come, None before its first message."""
        coverage = self._coverage.get(gateway)
        return None if coverage is None else coverage.watermark

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

    def _save(self) -> None:
        covered = {gateway: coverage.ranges for gateway, coverage in self._coverage.items()}
        write_atomically(self._book, json.dumps({"counts": self.counts, "covered": covered}))


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
