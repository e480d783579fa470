"""What kills and power cuts take from the store."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.store.tables import VERSION

ROOT = Path(__file__).parents[2]
IMAGE_MB = 96
COMMIT_S = 10.0
CUTS_S = (13.0, 19.5, 29.0)


def writer(path: Path, commit_s: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.store_parts.writer", str(path), str(commit_s)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def lost_after_kill(folder: Path, kills: int) -> int:
    """Commits and leases that were reported durable and are not there, plus damaged files."""
    path = folder / "kill.db"
    chance = random.Random(7)  # noqa: S311 - moments, no secret
    commits: set[int] = set()
    leases: dict[str, tuple[int, ...]] = {}
    damaged = 0
    for _ in range(kills):
        with writer(path, 0.0) as process:
            told = killed_after(process, chance.uniform(0, 0.05))
        for kind, name, value in (line.split() for line in told if line.endswith("\n")):
            if kind == "commit":
                commits.add(int(name))
            else:
                leases[name] = tuple(int(part) for part in value.split("-"))
        with closing(sqlite3.connect(path)) as db:
            damaged += db.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    with closing(sqlite3.connect(path)) as db:
        there = {seq for (seq,) in db.execute("SELECT seq FROM commit_block")}
        held = dict(db.execute("SELECT point, command_id FROM lease"))
        version = db.execute("PRAGMA user_version").fetchone()[0]
    gone = sum(
        tuple(int(part) for part in held.get(point, "0-0").split("-")) < newest
        for point, newest in leases.items()
    )
    return len(commits - there) + gone + damaged + int(version != VERSION)


def lost_in_power_cut(folder: Path) -> tuple[float | None, str]:
    """Most seconds of readings a cut takes, None with the reason where it cannot be tried."""
    if os.geteuid() != 0:
        return None, "needs root to mount a loop device"
    tools = [tool for tool in ("mkfs.ext4", "mount", "umount") if shutil.which(tool) is None]
    if tools:
        return None, f"missing: {', '.join(tools)}"
    try:
        return _cut(folder), ""
    except subprocess.CalledProcessError as error:
        return None, f"{' '.join(error.cmd)}: {(error.stderr or '').strip()}"


def _cut(folder: Path) -> float:
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(IMAGE_MB << 20)
    run("mkfs.ext4", "-q", "-F", str(image))
    worst_s = 0.0
    with mounted(image, folder / "live") as live, writer(live / "cut.db", COMMIT_S) as process:
        begun = time.monotonic()
        copies = []
        for number, after_s in enumerate(CUTS_S):
            time.sleep(max(0.0, begun + after_s - time.monotonic()))
            cut_at = time.time()
            copies.append((cut_at, copy_unflushed(image, folder / f"cut_{number}.img")))
        told = reported(killed_after(process, 0.0))
    for cut_at, copy in copies:
        durable = {seq: at for seq, at in told.items() if at <= cut_at}
        newest_s = newest_readable(copy, folder / "after", durable)
        worst_s = max(worst_s, cut_at - newest_s)
    return round(worst_s, 2)


def killed_after(process: subprocess.Popen[str], after_s: float) -> list[str]:
    """Lines of a writer that is killed so long after its first one."""
    if process.stdout is None:
        return []
    told = [process.stdout.readline()]
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    return told + process.stdout.readlines()


def reported(told: list[str]) -> dict[int, float]:
    """The newest reading's time of each commit that was reported."""
    lines = (line.split() for line in told if line.startswith("commit"))
    return {int(seq): float(at) for _, seq, at in lines}


def newest_readable(copy: Path, folder: Path, told: dict[int, float]) -> float:
    """Time of the newest reading in a copy; a file that is not whole has none."""
    with mounted(copy, folder) as place, closing(sqlite3.connect(place / "cut.db")) as db:
        if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return 0.0
        seq = db.execute("SELECT max(seq) FROM commit_block").fetchone()[0]
        return told.get(seq, 0.0)


def copy_unflushed(image: Path, copy: Path) -> Path:
    """What has reached the device by now, and nothing that waits in the file system above it."""
    run("cp", "--sparse=always", str(image), str(copy))
    return copy


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    run("mount", "-o", "loop", str(image), str(folder))
    try:
        yield folder
    finally:
        run("umount", str(folder))


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)
