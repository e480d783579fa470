"""The program refuses to run with strangers in its house."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.house import check_house


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


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    says = (
        "import sys, importlib.abc\n"
        "from edge_agent.house import HouseError, check_house\n"
        "sys.path[:] = []; sys.path_importer_cache.clear(); sys.meta_path[:] = sys.meta_path[:3]\n"
        "sys.modules.pop('drivers', None)\n"
        "try: check_house()\n"
        "except HouseError as error: print(error)\n"
    )
    done = run(tmp_path, "-I", "-c", says)
    assert done.stdout.startswith("the package 'drivers' comes from None"), done.stderr


def test_a_folder_of_data_of_that_name_is_no_stranger(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    done = run(tmp_path, "-m", "edge_agent", "--version")
    assert done.returncode == 0
