"""The program refuses to run with strangers in its house."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.house import HouseError, check_house
from tests.cli.conftest import say


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_our_own_house_is_in_order() -> None:
    check_house()


@pytest.mark.parametrize("name", ["drivers", "models"])
def test_a_strange_package_in_the_working_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger ran')\n")
    done = run(tmp_path, "-m", "edge_agent", "check", "site.yaml")
    assert done.returncode == 1
    assert f"the package {name!r} comes from {tmp_path / name / '__init__.py'}" in done.stderr
    assert "a stranger ran" not in done.stderr
    isolated = run(tmp_path, "-I", "-m", "edge_agent", "check", "site.yaml")
    assert "the package" not in isolated.stderr
    assert "site.yaml" in isolated.stderr


@pytest.mark.parametrize("name", ["drivers", "models"])
def test_a_stranger_first_on_the_path_is_refused_in_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(HouseError, match=f"the package '{name}' comes from {tmp_path}"):
        check_house()
    said = say("check", "nowhere.yaml")
    assert (said.code, said.out) == (1, "")
    assert "start the installed semdr-edge from another folder" in said.err


def test_a_folder_of_data_of_that_name_is_no_stranger(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    done = run(tmp_path, "-m", "edge_agent", "--version")
    assert done.returncode == 0
