"""The store's figures as one JSON object: bytes, speed, what crashes take, how late commits get."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.store_parts.cost import bytes_as_rows, bytes_packed, decode_speed, retention
from bench.store_parts.crashes import lost_after_kill, lost_in_power_cut
from bench.store_parts.late import commit_late

GOALS = {
    "bytes_per_reading": 5.0,
    "mb_retention": 1200.0,
    "mb_raw": 20.0,
    "lost_after_kill": 0,
    "lost_s_power_cut": 11.0,
    "commit_late_ms_max": 100.0,
}
"""Highest figure that is good; a power cut may take one interval and the second it ends in."""
LEAST_DECODED_PER_S = 1_000_000


def main() -> int:
    """One JSON object of named figures; `--full` takes longer and measures more of the same."""
    full = "--full" in sys.argv
    with tempfile.TemporaryDirectory(prefix="semdr-store-", dir="/var/tmp") as name:
        folder = Path(name)
        seconds = 1800 if full else 300
        figures: dict[str, float | int | str | None] = {
            "bytes_per_reading": round(asyncio.run(bytes_packed(folder / "a.db", seconds)), 2),
            "bytes_per_reading_rows": round(bytes_as_rows(folder / "b.db", seconds // 5), 1),
            "decode_readings_per_s": round(decode_speed()),
        }
        figures |= asyncio.run(retention(folder, 48 if full else 6))
        figures["lost_after_kill"] = lost_after_kill(folder, 1000 if full else 200)
        figures["lost_s_power_cut"], reason = lost_in_power_cut(folder)
        if reason:
            figures["lost_s_power_cut_reason"] = reason
        figures["commit_late_ms_max"] = round(asyncio.run(commit_late(folder / "d.db")), 1)
    print(json.dumps(figures))
    good = float(figures["decode_readings_per_s"] or 0) >= LEAST_DECODED_PER_S
    for name, most in GOALS.items():
        figure = figures[name]
        good = good and (figure is None or float(figure) <= most)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
