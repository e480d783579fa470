from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from drivers.types import Reading
from edge_agent.clock import SystemClock
from edge_agent.store.lock import StateLock
from edge_agent.store.store import Store
from edge_agent.store.types import Committed, LockHeldError

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]

SCRIPT = Path(__file__).with_name("crash_writer.py")
KILLS = 60


@pytest.fixture
def killer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that forks a writer at each line it is sent."""
    command = [sys.executable, str(SCRIPT), str(path), "loop"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def run_and_kill(killer: subprocess.Popen[str], lines: int) -> list[list[str]]:
    """What a writer reported as done until it was killed, some time after `lines` reports."""
    assert killer.stdin is not None
    assert killer.stdout is not None
    killer.stdin.write("go\n")
    killer.stdin.flush()
    done: list[list[str]] = []
    writer = 0
    for line in killer.stdout:
        words = line.split()
        match words:
            case ["dead"]:
                break
            case ["pid", number]:
                writer = int(number)
            case _:
                done.append(words)
        if writer and len(done) >= lines:
            os.kill(writer, signal.SIGKILL)
            writer = 0
    return done


async def test_kill_9_loses_no_commit_and_no_lease(
    killer: subprocess.Popen[str], path: Path
) -> None:
    commits: dict[int, int] = {}
    leases: dict[str, tuple[int, ...]] = {}
    for kill in range(KILLS):
        for kind, name, value in run_and_kill(killer, kill * 5 % 17):
            if kind == "commit":
                commits[int(name)] = int(value)
            else:
                leases[name] = tuple(int(part) for part in value.split("-"))
        db = sqlite3.connect(path)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
    assert len(commits) > KILLS
    store = await Store.open(path, SystemClock())
    assert store.health.notes == ()
    assert KILLS // 2 < store.boot <= KILLS + 1
    found = {commit.seq: commit for commit in await store.commits_after(0, 100_000)}
    for seq, number in commits.items():
        values = [reading.value for reading in found[seq].readings]
        assert values == [number + step / 100 for step in range(20)]
    kept = {lease.point: lease.command_id for lease in await store.leases()}
    for name, command in leases.items():
        assert tuple(int(part) for part in kept[name].split("-")) >= command
    await store.close()


async def test_another_process_writes_while_the_agent_does(
    open_store: OpenStore, sweep: Sweep, path: Path
) -> None:
    store = await open_store()
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(path), "audit", "60"
    )
    finished = asyncio.create_task(writer.wait())
    commits = 0
    while not finished.done():
        store.append(sweep(commits))
        assert isinstance(await store.commit(), Committed)
        commits += 1
        await store.audit("agent", f"commit {commits}", sweep(0)[0].at)
    assert await finished == 0
    kinds = [row.kind for row in await store.audit_tail(100_000)]
    assert kinds.count("cli") == 60
    assert kinds.count("agent") == commits == len(await store.commits_after(0, 100_000))


def test_the_lock_names_its_holder_and_goes_with_it(tmp_path: Path) -> None:
    held = StateLock.acquire(tmp_path / "state")
    with pytest.raises(LockHeldError, match=f"process {os.getpid()}: stop that process"):
        StateLock.acquire(tmp_path / "state")
    held.release()
    held.release()
    with StateLock.acquire(tmp_path / "state"):
        pass
    StateLock.acquire(tmp_path / "state").release()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from edge_agent.store.lock import StateLock\n"
        "lock = StateLock.acquire(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError, match=f"process {holder.pid}"):
            StateLock.acquire(tmp_path)
        holder.kill()
    StateLock.acquire(tmp_path).release()


def test_importing_the_store_loads_nothing_heavy() -> None:
    code = (
        "import sys, edge_agent.store.store, edge_agent.store.reader, edge_agent.store.lock\n"
        "print(sorted({'numpy', 'pandas', 'sqlite_utils', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
