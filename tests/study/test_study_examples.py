"""The examples and the page of the study API run as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store

START = datetime(2026, 3, 3, 6, tzinfo=UTC)
END = START + timedelta(hours=6)


async def said(root: Path, name: str, *words: str) -> tuple[int, str]:
    """Exit code and everything an example prints."""
    env = {name: value for name, value in os.environ.items() if name != "SEMDR_CONFIG_PATH"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(root / "examples" / f"{name}.py"), *words),
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=env,
        cwd=root,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def measured(folder: Path, silent_at: int | None = None) -> Path:
    """Six hours of a meter, every five minutes."""
    store = await Store.open(folder / DATABASE, ManualClock(END))
    for number in range(72):
        if number == silent_at:
            continue
        at = START + timedelta(minutes=5 * number)
        load = 90.0 + (60.0 if 24 <= number < 48 else 0.0)
        store.append(
            [
                Reading(
                    device="smart_meter_001",
                    point="power",
                    value=load,
                    unit="kW",
                    at=at,
                    quality=Quality.GOOD,
                )
            ]
        )
    await store.commit()
    await store.close()
    return folder


async def test_the_quick_start(root: Path) -> None:
    code, out = await said(root, "semdr_quickstart")
    assert code == 0, out
    assert "optimal" in out.splitlines()[0]
    assert "72 steps" in out.splitlines()[0]
    assert "day-ahead DE 2018, SMARD.de" in out


@pytest.mark.slow
async def test_the_hotels_older_names(root: Path) -> None:
    code, out = await said(root, "hotel_migration")
    assert code == 0, out
    assert "rolled: optimal, 32 solves" in out


async def test_measured_data(root: Path, tmp_path: Path) -> None:
    folder = await measured(tmp_path)
    words = ("--store", str(folder), "--until", END.isoformat())
    code, out = await said(root, "semdr_iot_integration", *words)
    assert code == 0, out
    assert "72 readings of smart_meter_001" in out
    assert "optimal: " in out


@pytest.mark.slow
async def test_measured_data_with_a_gap_is_not_planned_with(root: Path, tmp_path: Path) -> None:
    folder = await measured(tmp_path, silent_at=30)
    words = ("--store", str(folder), "--until", END.isoformat())
    code, out = await said(root, "semdr_iot_integration", *words)
    assert code == 1
    assert "SEMDRElectricDemand.p_el: no value at 2026-03-03 09:30:00+01:00 (1 of 72 steps)" in out


@pytest.mark.slow
async def test_without_a_store_it_says_so(root: Path, tmp_path: Path) -> None:
    words = ("--store", str(tmp_path / "none"), "--until", END.isoformat())
    code, out = await said(root, "semdr_iot_integration", *words)
    assert code == 1
    assert "no readings: cannot read" in out


def test_every_block_of_the_page_runs_in_its_order(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (root / "docs" / "study-api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 8
    names: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(blocks):
        exec(compile(block, f"study-api.md block {number}", "exec"), names)  # noqa: S102 - our page
    assert "P_EG_net_T" in capsys.readouterr().out


def test_the_calls_of_the_page_and_the_classes_agree(root: Path) -> None:
    import models.components as parts

    text = (root / "docs" / "study-api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(SEMDR\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) == 6
    for name, words in rows:
        part = getattr(parts, name)()
        for parameter, default in re.findall(r"`(\w+)` (\d[\d.e]*(?![\d./])|True|\"\w+\")", words):
            assert str(getattr(part, parameter)).startswith(
                {"2e6": "2000000"}.get(default, default.strip('"'))
            ), (name, parameter)
