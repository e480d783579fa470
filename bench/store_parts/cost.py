"""Bytes written, bytes kept and speed of decoding."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from bench.store_parts.site import START, Site
from drivers.types import Reading
from edge_agent.clock import ManualClock
from edge_agent.clock_trust import ClockTrust
from edge_agent.store.block import by_point, decode, encode
from edge_agent.store.store import Store

COMMIT_S = 10
ROLLUP_DAYS = {"five_min": (30, 288), "quarter": (365, 96), "hour": (1826, 24)}
RAW_DAYS = 7


def written() -> int:
    """Bytes this process has caused to be written to disks."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


async def bytes_packed(path: Path, seconds: int) -> float:
    """Written per reading by the store at 800 readings a second, its housekeeping included."""
    clock = ManualClock(START)
    store = await Store.open(path, clock)
    store.set_trust(ClockTrust.SYNCHRONISED)  # as on a gateway that has the time
    before, count = written(), 0
    for second, readings in enumerate(Site(20, 40).seconds(seconds), start=1):
        store.append(readings)
        count += len(readings)
        await clock.advance(1)
        if second % COMMIT_S == 0:
            await store.commit()
            while (await store.maintain()).more:
                pass
    await store.close()
    return (written() - before) / count


def bytes_as_rows(path: Path, seconds: int) -> float:
    """The same readings as plain rows with text names and an index."""
    before, count = written(), 0
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(
            "CREATE TABLE reading (id INTEGER PRIMARY KEY, device TEXT, point TEXT, at_ms INTEGER,"
            " value REAL, unit TEXT, quality TEXT)"
        )
        db.execute("CREATE INDEX reading_at ON reading (device, point, at_ms)")
        rows: list[tuple[object, ...]] = []
        for second, readings in enumerate(Site(20, 40).seconds(seconds), start=1):
            rows += [row(reading) for reading in readings]
            if second % COMMIT_S == 0:
                db.execute("BEGIN")
                db.executemany("INSERT INTO reading VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)
                db.execute("COMMIT")
                count += len(rows)
                rows.clear()
    return (written() - before) / count


def row(reading: Reading) -> tuple[object, ...]:
    at_ms = int(reading.at.timestamp() * 1000)
    return reading.device, reading.point, at_ms, reading.value, reading.unit, str(reading.quality)


def decode_speed(seconds: int = 60) -> float:
    """Readings decoded to columns in a second, of blocks of ten seconds."""
    readings = list(Site(20, 40).seconds(seconds))
    blocks, count = [], 0
    for start in range(0, seconds, COMMIT_S):
        series = by_point([r for part in readings[start : start + COMMIT_S] for r in part])
        names = dict(enumerate(series, start=1))
        blocks.append(encode({number: series[name] for number, name in names.items()}))
    best_s = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        count = sum(len(c.at_ms) for block in blocks for c in decode(block, names))
        best_s = min(best_s, time.perf_counter() - begun)
    return count / best_s


async def retention(folder: Path, hours: int) -> dict[str, float]:
    """Megabytes of 400 points a minute once everything has been kept for its time.

    The devices are read together, as the agent reads them when it starts them together; spread
    over the minute, the blocks are smaller and pack less well.
    """
    together = await kept_mb(folder / "together.db", hours, groups=1)
    spread = await kept_mb(folder / "spread.db", hours, groups=6)
    return {
        "mb_retention": max(together["all"], spread["all"]),
        "mb_raw": together["raw"],
        "mb_raw_spread": spread["raw"],
        "rollup_bytes_per_row": spread["row"],
    }


async def kept_mb(path: Path, hours: int, groups: int) -> dict[str, float]:
    """Megabytes of all and of the raw readings, and bytes of a row, of so many groups a minute."""
    clock = ManualClock(START)
    store = await Store.open(path, clock)
    site, count = Site(100, 4), 0
    for turn in range(hours * 360):
        at = START + timedelta(seconds=turn * COMMIT_S)
        for device in range(site.devices):
            if device % groups == turn % 6:
                store.append(site.sweep(device, at))
                count += site.points
        await clock.advance(COMMIT_S)
        await store.commit()
        while (await store.maintain()).more:
            pass
    await store.close()
    points = site.devices * site.points
    with closing(sqlite3.connect(path)) as db:
        sizes = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        rows = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ROLLUP_DAYS}  # noqa: S608 - names are ours
    raw = (sizes["commit_block"] + sizes["commit_block_start"]) / count * points * 1440 * RAW_DAYS
    per_row = {table: sizes[table] / rows[table] for table in ROLLUP_DAYS}
    kept = sum(per_row[t] * points * days * spans for t, (days, spans) in ROLLUP_DAYS.items())
    return {
        "all": round((raw + kept) / 1e6, 1),
        "raw": round(raw / 1e6, 1),
        "row": round(per_row["five_min"], 1),
    }
