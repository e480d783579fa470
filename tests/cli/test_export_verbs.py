"""Export, backup, restore and wipe on real stores, with a writer at work where it matters."""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import json
import math
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_house import furnished, write_site

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.frame import frame
from edge_agent.store.location import DATABASE
from edge_agent.store.lock import StateLock
from edge_agent.store.series import BLOCKS_BETWEEN, ROLLED_BETWEEN
from edge_agent.store.store import Store
from edge_agent.store.types import Committed, UnknownPointError
from tests.cli.conftest import Said, say

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
POWER = Reading(device="meter", point="power", value=0.0, unit="kW", at=START, quality=Quality.GOOD)
ROOM = replace(POWER, device="room", point="occupancy", unit="")
WINDOW = ("--since", "2026-01-15T00:00Z", "--until", "2026-02-28T00:00Z")


async def fill(store: Store, clock: ManualClock, minutes: int) -> None:
    """A sweep a minute, ten to a commit: power rises by 1, every fifth is missing."""
    for minute in range(minutes):
        at = clock.now()
        power = replace(POWER, value=float(minute), at=at)
        if minute % 5 == 4:
            power = replace(power, value=None, quality=Quality.MISSING, reason="no answer")
        store.append([power, replace(ROOM, value=2.0, at=at)])
        await clock.advance(60)
        if minute % 10 == 9:
            await store.commit()
    await store.commit()
    while (await store.maintain()).more:
        pass


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def store(state_dir: Path, clock: ManualClock) -> AsyncIterator[Store]:
    """Three hours of readings, open as the agent has it."""
    opened = await Store.open(state_dir / DATABASE, clock)
    await fill(opened, clock, 180)
    await opened.audit("plan", "a plan, with a comma", clock.now())
    yield opened
    await opened.close()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def exported(state_dir: Path, out: Path, *words: str) -> list[str]:
    """The export as a process of its own, as a person starts it."""
    place = ("--state-dir", str(state_dir), "--site", str(out.parent / "none.yaml"))
    return [sys.executable, "-I", "-m", "edge_agent", "export", *words, *place, "--out", str(out)]


def test_raw_csv_beside_the_open_store(store: Store, state_dir: Path) -> None:
    said = say_export(state_dir, "--points", "meter.power")
    found = rows(said.out)
    assert said.code == 0
    assert len(found) == 180
    assert found[0]["time"] == "2026-01-15T12:00:00.000Z"
    assert [row["value"] for row in found[:5]] == ["0.0", "1.0", "2.0", "3.0", ""]
    assert (found[4]["quality"], found[4]["reason"]) == ("missing", "no answer")
    assert store.health.state == "ok"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def say_export(state_dir: Path, *words: str) -> Said:
    """The export; `out` is what was written to its file."""
    out = state_dir.parent / "exported"
    place = ["--state-dir", str(state_dir), "--site", str(state_dir / "none.yaml")]
    place += [] if "--out" in words else ["--out", str(out)]
    said = say("export", *place, *(() if "--since" in words else WINDOW), *words)
    return said._replace(out=out.read_text(encoding="utf-8")) if out.exists() else said


@pytest.mark.usefixtures("store")
def test_the_ends_of_the_time_asked_for(state_dir: Path) -> None:
    words = ("--since", "2026-01-15T12:30", "--until", "2026-01-15T13:33+01:00")
    found = rows(say_export(state_dir, "--points", "meter.*", *words).out)
    assert [row["time"][11:16] for row in found] == ["12:30", "12:31", "12:32"]


@pytest.mark.usefixtures("store")
def test_rollups_are_those_of_the_views(state_dir: Path) -> None:
    views = {"5min": "rollup_5min", "15min": "rollup_15min", "1h": "rollup_hour"}
    for step, view in views.items():
        query = f"SELECT * FROM {view} ORDER BY start, device"  # noqa: S608 - a name of ours
        said = say_export(state_dir, "--points", "*", "--step", step, "--format", "json")
        found = [tuple(row.values())[1:] for row in json.loads(said.out)]
        with closing(sqlite3.connect(state_dir / DATABASE)) as db:
            seen = db.execute(query).fetchall()
        assert found == [(*row[:3], *row[4:]) for row in seen]
        assert len(found) >= 4


@pytest.mark.usefixtures("store")
def test_a_frame_has_gaps_where_there_is_nothing(state_dir: Path) -> None:
    until = START + timedelta(days=1)
    table = frame(state_dir / DATABASE, ["meter.power", "room.occupancy"], START, until)
    assert list(table.columns) == ["meter.power", "room.occupancy"]
    assert str(table.index.tz) == "UTC"
    assert len(table) == 180
    assert table["meter.power"].iloc[3] == 3.0
    assert math.isnan(table["meter.power"].iloc[4])
    assert table["meter.power"].isna().sum() == 36
    assert table.attrs["units"] == {"meter.power": "kW", "room.occupancy": ""}


async def test_a_frame_of_rollups_and_of_nothing(store: Store, state_dir: Path) -> None:
    until = START + timedelta(days=1)
    hours = await store.frame(["meter.power"], START, until, "1h")
    assert hours.index[0] == START
    assert hours["meter.power"].iloc[0] == sum(n for n in range(60) if n % 5 != 4) / 48
    empty = await store.frame(["meter.power"], until, until + timedelta(days=1))
    assert (len(empty), list(empty.columns)) == (0, ["meter.power"])
    with pytest.raises(UnknownPointError, match=r"meter\.nothing"):
        frame(state_dir / DATABASE, ["meter.nothing"], START, until)


@pytest.mark.usefixtures("store")
def test_what_cannot_be_had(state_dir: Path, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "out"))
    bad = {
        ("--points", "meter.nothing"): "no point meter.nothing",
        ("--points", "nobody.*"): "no point like",
    }
    for words, why in bad.items():
        said = say_export(state_dir, *words, *out)
        assert (said.code, why in said.err) == (1, True)
    wrong: tuple[tuple[str, ...], ...] = (
        (),
        ("--points", "a.b", "--since", "soon"),
        ("--points", "a.b", "--since", "2026-01-02", "--until", "2026-01-01"),
        ("--all", "--points", "a.b", *out),
    )
    for asked in wrong:
        assert say_export(state_dir, *asked).code == 2
    assert say("export", "--points", "a.b", "--json").code == 2
    assert say_export(tmp_path, "--points", "a.b").code == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("store")
def test_parquet_or_a_clear_word(state_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.parquet"
    words = ("--points", "meter.power", "--format", "parquet", "--out", str(out))
    said = say_export(state_dir, *words)
    if importlib.util.find_spec("pyarrow") is None:
        assert (said.code, "pyarrow" in said.err, out.exists()) == (1, True, False)
    else:
        assert (said.code, out.read_bytes()[:4]) == (0, b"PAR1")


async def test_a_personal_point_is_given_to_the_owner_only(
    state_dir: Path, tmp_path: Path, clock: ManualClock
) -> None:
    site = write_site(tmp_path, change=furnished)
    store = await Store.open(state_dir / DATABASE, clock)
    store.append(
        [replace(POWER, value=1.0), replace(ROOM, device="people", point="occupancy_count")]
    )
    await store.commit()
    await store.close()
    place = ("--state-dir", str(state_dir), "--site", str(site))
    out = ("--out", str(state_dir / "some"))
    refused = say("export", *place, *WINDOW, "--points", "people.occupancy_count", *out)
    assert (refused.code, "--all" in refused.err) == (1, True), refused.err
    assert say("export", *place, *WINDOW, "--points", "*", *out).code == 0
    given = rows((state_dir / "some").read_text(encoding="utf-8"))
    assert {row["device"] for row in given} == {"meter"}
    assert say("export", *place, "--all", "--out", str(state_dir / "all")).code == 0
    owned = rows((state_dir / "all" / "readings.csv").read_text(encoding="utf-8"))
    assert {row["device"] for row in owned} == {"meter", "people"}


@pytest.mark.usefixtures("store")
def test_everything_as_a_folder_and_as_a_tar(state_dir: Path, tmp_path: Path) -> None:
    place = ("export", "--all", "--state-dir", str(state_dir), "--json", "--out")
    said = say(*place, str(tmp_path / "all"))
    counts = json.loads(said.out)["rows"]
    assert said.code == 0
    assert (counts["readings"], counts["rollup_1h"]) == (360, 4)
    files = {path.stem: path for path in (tmp_path / "all").iterdir()}
    assert set(files) == set(counts) >= {"audit", "plans", "leases", "commands", "rollup_5min"}
    for name, path in files.items():
        assert len(rows(path.read_text(encoding="utf-8"))) == counts[name]
    assert rows(files["audit"].read_text(encoding="utf-8"))[-1]["text"] == "a plan, with a comma"
    assert say(*place, str(tmp_path / "all")).code == 1
    for name in ("all.tar", "all.tar.gz"):
        assert say(*place, str(tmp_path / name)).code == 0
        with tarfile.open(tmp_path / name) as tar:
            assert {Path(member).stem for member in tar.getnames()} == set(files)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]


@pytest.mark.usefixtures("store")
def test_rows_on_standard_output(state_dir: Path) -> None:
    words = exported(state_dir, state_dir / "unused", "--points", "meter.power", *WINDOW)[:-2]
    done = subprocess.run(words, capture_output=True, check=True, timeout=30)
    assert len(rows(done.stdout.decode())) == 180
    assert done.stderr == b""


async def test_a_long_export_makes_no_commit_late(
    state_dir: Path, clock: ManualClock, tmp_path: Path
) -> None:
    store = await Store.open(state_dir / DATABASE, clock)
    await fill(store, clock, 6000)
    words = exported(state_dir, tmp_path / "out.csv", "--points", "*", *WINDOW)
    process = await asyncio.create_subprocess_exec(*words)
    ended = asyncio.ensure_future(process.wait())
    took_ms: list[float] = []
    try:
        while not ended.done():
            store.append([replace(POWER, value=1.0, at=clock.now())])
            await clock.advance(1)
            before_s = asyncio.get_running_loop().time()
            result = await store.commit()
            took_ms.append(1000 * (asyncio.get_running_loop().time() - before_s))
            assert isinstance(result, Committed)
            await asyncio.sleep(0.01)
    finally:
        if not ended.done():
            process.kill()
        await ended
        await store.close()
    assert process.returncode == 0
    with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
        assert sum(1 for _ in lines) > 12_000
    assert len(took_ms) > 5
    assert sorted(took_ms)[len(took_ms) // 2] < 100
    assert max(took_ms) < sum(took_ms) / 2, "no commit waited for the whole of the export"


async def test_backup_while_writing_and_back(
    store: Store, state_dir: Path, clock: ManualClock, tmp_path: Path
) -> None:
    (state_dir / "note.txt").write_text("small")
    (state_dir / "compiled").mkdir()
    to = tmp_path / "kept"
    store.append([replace(POWER, value=1.0, at=clock.now())])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "edge_agent", "backup", str(to)),
        *("--state-dir", str(state_dir)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    ended = asyncio.ensure_future(process.wait())
    while not ended.done():
        store.append([replace(POWER, value=1.0, at=clock.now())])
        assert isinstance(await store.commit(), Committed)
        await asyncio.sleep(0.01)
    assert await ended == 0
    assert names_in(to) == [DATABASE, "note.txt"]
    assert say("backup", str(to), "--state-dir", str(state_dir)).code == 1

    last_seq = await store.last_seq()
    target = tmp_path / "other"
    said = say("restore", str(to), "--state-dir", str(target), "--json")
    assert said.code == 0, said.err
    again = await Store.open(target / DATABASE, clock)
    try:
        assert len(await again.recent("meter.power", START)) >= 180
        assert (await again.audit_tail(1))[0].text == "restored from the backup kept"
        again.append([POWER])
        result = await again.commit()
        assert isinstance(result, Committed)
        assert result.seq > last_seq
    finally:
        await again.close()
    assert (target / "note.txt").read_text() == "small"


async def test_a_restore_replaces_nothing_it_should_not(
    store: Store, state_dir: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    assert say("backup", str(good), "--state-dir", str(state_dir)).code == 0
    await store.close()
    shutil.copytree(good, bad)
    with (bad / DATABASE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    before = (state_dir / DATABASE).read_bytes()
    place = ("--state-dir", str(state_dir))
    with StateLock.acquire(state_dir):
        assert "in use" in say("restore", str(good), *place, "--force").err
    assert "--force" in say("restore", str(good), *place).err
    assert "damaged" in say("restore", str(bad), *place, "--force").err
    assert "no backup" in say("restore", str(tmp_path), *place).err
    assert (state_dir / DATABASE).read_bytes() == before
    said = say("restore", str(good), *place, "--force", "--json")
    (aside,) = json.loads(said.out)["set_aside"]
    assert (state_dir / aside).read_bytes() == before
    assert not [name for name in names_in(state_dir) if ".partial" in name]


@pytest.mark.usefixtures("store")
async def test_wipe_asks_for_the_name_of_the_site(
    store: Store, state_dir: Path, site: Path
) -> None:
    (state_dir / "photo.jpg").write_bytes(b"mine")
    (state_dir / f"{DATABASE}.corrupt-1").write_bytes(b"old")
    place = ("wipe", "--state-dir", str(state_dir), "--site", str(site), "--json")
    site_id = say("wipe", "--state-dir", str(state_dir), "--site", str(site)).err.split("--yes ")[1]
    name = site_id.split(",")[0]
    assert say(*place, "--yes", "another").code == 2
    with StateLock.acquire(state_dir):
        assert say(*place, "--yes", name).code == 1
    assert (state_dir / DATABASE).exists()
    await store.close()
    said = say(*place, "--yes", name)
    assert said.code == 0
    assert json.loads(said.out)["left"] == ["photo.jpg"]
    assert names_in(state_dir) == ["photo.jpg"]


@pytest.mark.usefixtures("store")
def test_every_query_seeks(state_dir: Path) -> None:
    asked: dict[str, tuple[object, ...]] = {BLOCKS_BETWEEN: (0, 0, 1, 1)} | dict.fromkeys(
        ROLLED_BETWEEN.values(), (0, 1, "[1]")
    )
    with closing(sqlite3.connect(state_dir / DATABASE)) as db:
        for query, values in asked.items():
            plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values)]
            tables = [line for line in plan if "commit_block" in line or " r " in line]
            assert [line for line in tables if line.startswith("SEARCH")] == tables != []
