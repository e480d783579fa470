"""The cache of compiled sites: made once, rebuilt when damaged, kept small."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.compiled_site import KEEP, compiled_site
from models.types import Battery, CompileError, Grid, SiteModel

SITE = SiteModel(
    grid=Grid(import_limit_kw=100, export_limit_kw=50),
    batteries=(Battery(id="bat", capacity_kwh=100, charge_kw=40, discharge_kw=40),),
)
STEPS_S = (900,) * 4


OTHER_STEPS_S = (900,) * 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Two compiled sites as they lie in a cache, the wanted one first."""
    folder = tmp_path_factory.mktemp("made") / "new" / "compiled"
    first = compiled_site(SITE, STEPS_S, folder)
    other = compiled_site(SITE, OTHER_STEPS_S, folder)
    assert (first.step_s, other.step_s) == (STEPS_S, OTHER_STEPS_S)
    keys = (first.key, other.key)
    return {f"{key}.compiled": (folder / f"{key}.compiled").read_bytes() for key in keys}


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_compiled_once_and_then_loaded(tmp_path: Path, made: dict[str, bytes]) -> None:
    name, good = next(iter(made.items()))
    file = tmp_path / name
    file.write_bytes(good)
    os.utime(file, (1, 1))
    assert compiled_site(SITE, STEPS_S, tmp_path).step_s == STEPS_S
    assert file.stat().st_mtime == 1, "not compiled again"


@pytest.mark.parametrize("damage", ["cut", "swapped"])
def test_a_damaged_file_is_rebuilt_and_only_the_newest_are_kept(
    tmp_path: Path, made: dict[str, bytes], damage: str
) -> None:
    (name, good), (_, other) = made.items()
    file = tmp_path / name
    file.write_bytes(good[: len(good) // 2] if damage == "cut" else other)
    for age in range(KEEP + 2):
        old = tmp_path / f"old-{age}.compiled"
        old.write_bytes(b"")
        os.utime(old, (1_000 - age, 1_000 - age))
    assert compiled_site(SITE, STEPS_S, tmp_path).step_s == STEPS_S
    kept = {one.name for one in files(tmp_path)}
    assert kept == {name} | {f"old-{age}.compiled" for age in range(KEEP - 1)}
    file_again = file.read_bytes()
    compiled_site(SITE, STEPS_S, tmp_path)
    assert file.read_bytes() == file_again


def test_what_cannot_be_compiled_is_said_in_the_childs_words(tmp_path: Path) -> None:
    twins = replace(SITE, batteries=SITE.batteries * 2)
    with pytest.raises(CompileError, match=r"the site cannot be compiled: .+"):
        compiled_site(twins, STEPS_S, tmp_path)
    assert files(tmp_path) == []
