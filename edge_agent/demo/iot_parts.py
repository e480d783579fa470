"""Parts of commits too large for one message, on disk until all of a commit have come."""

from __future__ import annotations

import json
import os
from pathlib import Path

from edge_agent.cloud.messages import Commit, Part, Row, series_of
from edge_agent.demo.iot_files import cut_torn_line

Key = tuple[str, int, int, int]
"""Gateway, seq, number of parts and of readings: the same split of the same commit."""


class Parts:
    """Append-only `parts.jsonl`, emptied when nothing waits."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "parts.jsonl"
        self._waiting: dict[Key, dict[int, tuple[Row, ...]]] = {}
        cut_torn_line(self._file)
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                entry = json.loads(line)
                gateway, seq, of, readings = entry["key"]
                rows = tuple(Row(**row) for row in entry["rows"])
                self._waiting.setdefault((gateway, seq, of, readings), {})[entry["index"]] = rows

    def join(self, gateway: str, commit: Commit, part: Part) -> Commit | None:
        """The whole commit when this was the part that was missing, else None."""
        key = (gateway, commit.seq, part.of, part.readings)
        came = self._waiting.setdefault(key, {})
        if part.number not in came:
            came[part.number] = commit.readings
            self._append(key, part.number, commit.readings)
        if len(came) < part.of:
            return None
        rows = [row for index in sorted(came) for row in came[index]]
        return Commit(seq=commit.seq, boot=commit.boot, at_ms=commit.at_ms, series=series_of(rows))

    def forget(self, gateway: str, seq: int) -> None:
        """The commit is stored."""
        self._waiting = {k: v for k, v in self._waiting.items() if k[:2] != (gateway, seq)}
        if not self._waiting:
            self._file.unlink(missing_ok=True)

    def _append(self, key: Key, index: int, rows: tuple[Row, ...]) -> None:
        plain = [{name: getattr(row, name) for name in Row.__dataclass_fields__} for row in rows]
        with self._file.open("a") as stream:
            stream.write(json.dumps({"key": key, "index": index, "rows": plain}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
