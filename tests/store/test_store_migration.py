from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from drivers.types import Reading
from edge_agent.clock import ManualClock
from edge_agent.clock_trust import ClockTrust
from edge_agent.store.block import by_point, encode
from edge_agent.store.migrate import STEPS_TO, copy_of, migrate
from edge_agent.store.migrate import main as migrate_main
from edge_agent.store.store import Store
from edge_agent.store.tables import LANES, VERSION
from edge_agent.store.types import Committed, StoreUnavailableError, StoreVersionError

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]

OLD = Path(__file__).with_name("version_1.sql")
SECOND = Path(__file__).with_name("version_2.sql")
FIRST = 1768478400


@pytest.fixture
def old(path: Path, sweep: Sweep) -> Path:
    """A file of the first version: three commits, a lease, a plan."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(OLD.read_text(encoding="utf-8"))
        names = list(by_point(sweep(0)))
        db.executemany(
            "INSERT INTO point VALUES (?, ?, ?, ?)",
            [(i + 1, *name) for i, name in enumerate(names)],
        )
        for place in range(3):
            series = by_point(sweep(place * 10))
            body = encode({names.index(name) + 1: found for name, found in series.items()})
            start_ms = int(sweep(place * 10)[0].at.timestamp() * 1000)
            row = (FIRST + place, start_ms, 3, 4, place * 10_000, body)
            db.execute("INSERT INTO commit_block VALUES (?, ?, ?, ?, ?, ?)", row)
    return path


def content(path: Path) -> dict[str, list[dict[str, object]]]:
    """Every row of the tables of the first version."""
    tables = re.findall(r"CREATE TABLE (\w+)", OLD.read_text(encoding="utf-8"))
    with closing(sqlite3.connect(path)) as db:
        old = sqlite_utils.Database(db)
        found = {name: list(old.table(name).rows) for name in tables}
    for row in found["commit_block"]:
        for later in ("wall_ms", "trust", "shift_ms"):
            row.pop(later, None)
    found["watermark"] = [row for row in found["watermark"] if row["lane"] in LANES]
    return found


def layout(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        return [(name, "".join(sql.split())) for name, sql in rows]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


async def test_a_file_of_the_first_version_opens_with_all_that_was_in_it(
    old: Path, open_store: OpenStore, sweep: Sweep
) -> None:
    before = content(old)
    store = await open_store()
    assert f"version 1 is now {VERSION}" in store.health.notes[0]
    assert content(copy_of(old, 1)) == before
    assert version(copy_of(old, 1)) == 1
    assert [commit.seq for commit in await store.commits_after(0, 10)] == [
        FIRST + n for n in range(3)
    ]
    assert [row.command_id for row in await store.leases()] == ["c-1"]
    assert (await store.acked_seq(), await store.sent_seq()) == (FIRST, FIRST + 1)
    assert store.boot == 5
    store.append(sweep(400))
    assert isinstance(await store.commit(), Committed)
    while (await store.maintain()).more:
        pass
    with closing(sqlite3.connect(old)) as db:
        rows = db.execute("SELECT point, start, count FROM rollup_5min ORDER BY point").fetchall()
    assert rows == [(name, "2026-01-15T12:00:00Z", 3) for name in ("co2", "power", "temp")]


async def test_a_file_of_the_second_version_opens_with_all_that_was_in_it(
    old: Path, open_store: OpenStore
) -> None:
    with closing(sqlite3.connect(old)) as db, db:
        db.executescript(SECOND.read_text(encoding="utf-8"))
    before = content(old)
    store = await open_store()
    assert f"version 2 is now {VERSION}" in store.health.notes[0]
    assert (content(copy_of(old, 2)), version(copy_of(old, 2))) == (before, 2)
    commits = await store.commits_after(0, 10)
    assert [(commit.seq, commit.trust) for commit in commits] == [
        (FIRST + n, ClockTrust.ESTIMATED) for n in range(3)
    ]
    assert await store.restamp(store.anchor()) == 0, "an older program did not say its clock"


async def test_a_migrated_file_is_laid_out_like_a_new_one(
    old: Path, clock: ManualClock, tmp_path: Path
) -> None:
    before = content(old)
    migrate(old)
    assert content(old) == before
    new = tmp_path / "new.db"
    await (await Store.open(new, clock)).close()
    assert layout(old) == layout(new)


@pytest.mark.parametrize("kill_in", ["before", "within", "after"])
def test_a_kill_in_the_middle_leaves_one_version_or_the_next(old: Path, kill_in: str) -> None:
    """Three steps; the second one's process is killed before, within or after its changes."""
    before = content(old)
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from edge_agent.store.migrate import STEPS_TO, migrate\n"
        "def die(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
        "def second(db):\n"
        "    if sys.argv[2] == 'before': die()\n"
        "    db.execute('CREATE TABLE later (x INTEGER)')\n"
        "    db.execute('DELETE FROM lease')\n"
        "    if sys.argv[2] == 'within': die()\n"
        "steps = {**STEPS_TO, 3: second, 4: die}\n"
        "migrate(Path(sys.argv[1]), steps)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(old), kill_in], check=False)
    assert done.returncode == -9
    assert version(old) == (3 if kill_in == "after" else 2)
    found = content(old)
    if kill_in == "after":
        assert found.pop("lease") == []
        before.pop("lease")
    assert found == before
    assert version(copy_of(old, 1)) == 1


def test_a_copy_left_unfinished_is_made_anew(old: Path) -> None:
    before = content(old)
    copy = copy_of(old, 1)
    copy.with_name(f"{copy.name}.partial").write_bytes(b"half a file")
    assert migrate(old) == (1, VERSION)
    assert content(copy) == before
    assert not copy.with_name(f"{copy.name}.partial").exists()
    assert migrate(old) == (VERSION, VERSION)


async def test_what_cannot_be_migrated_is_left_as_it_was(
    old: Path, open_store: OpenStore, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute("CREATE TABLE counter (x INTEGER)")
    before = content(old)
    with pytest.raises(StoreUnavailableError, match=r"version 3.*counter already exists"):
        await open_store()
    assert (content(old), version(old)) == (before, 1)
    assert migrate_main([str(old)]) == 1
    assert "counter already exists" in capsys.readouterr().err
    assert migrate_main([]) == 2


def test_a_newer_file_is_refused(old: Path) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(StoreVersionError, match="newer program"):
        migrate(old)
    assert list(STEPS_TO) == list(range(2, VERSION + 1))


def test_the_agent_itself_never_loads_sqlite_utils() -> None:
    code = "import sys, edge_agent.store.store; print('sqlite_utils' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
