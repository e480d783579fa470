"""The wheel, built from the checkout and installed beside strangers, is the whole program."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

STRANGER = "raise SystemExit('a stranger was imported')\n"


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    pip(*words, str(root))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh venv with the wheel; its dependencies are lent from this one, the checkout is not."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = str(folder / "bin" / "python")
    pip("--python", python, "install", "--quiet", "--no-index", "--no-deps", str(wheel))
    (site_packages,) = folder.glob("lib/python3*/site-packages")
    lent = sysconfig.get_paths()["purelib"]
    # A path named in a .pth file is searched, but the .pth files in it are not followed: the
    # checkout's editable install stays out.
    (site_packages / "lent.pth").write_text(lent + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def abroad(tmp_path: Path) -> Path:
    """A working directory with strange packages of our names."""
    for name in ("drivers", "models", "edge_agent"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(STRANGER, encoding="utf-8")
    return tmp_path


def pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, timeout=120)


def ask(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def example(home: Path, name: str) -> Path:
    (found,) = home.glob(f"lib/python3*/site-packages/edge_agent/examples/{name}")
    return found


def test_carries_what_is_no_code(root: Path, wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for package in ("drivers", "models", "edge_agent"):
        assert f"{package}/py.typed" in inside
    for pattern in ("drivers/profiles/*.yaml", "edge_agent/web/pages/*"):
        files = {path.relative_to(root).as_posix() for path in root.glob(pattern)}
        assert files
        assert files <= inside
    examples = {
        path.relative_to(root)
        for path in (root / "examples").rglob("*")
        if path.suffix in (".yaml", ".csv")
    }
    assert examples
    assert {f"edge_agent/{path.as_posix()}" for path in examples} <= inside
    assert not [name for name in inside if name.startswith(("tests/", "bench/", "docs/"))]


def test_says_its_version_abroad(home: Path, abroad: Path, project: dict[str, Any]) -> None:
    answer = ask(abroad, str(home / "bin" / "semdr-edge"), "--version")
    assert (answer.returncode, answer.stdout.strip()) == (0, project["version"])


def test_every_package_comes_from_the_installation(home: Path, abroad: Path) -> None:
    code = "; ".join(
        f"import {name}; print({name}.__file__)" for name in ("drivers", "edge_agent", "models")
    )
    answer = ask(abroad, str(home / "bin" / "python"), "-I", "-c", code)
    assert answer.returncode == 0, answer.stderr
    assert len(answer.stdout.split()) == 3
    assert all(Path(word).is_relative_to(home) for word in answer.stdout.split())


@pytest.mark.parametrize("name", ["hotel.yaml", "hotel_rtp.yaml", "starter.yaml"])
def test_checks_the_examples_it_brought_along(home: Path, abroad: Path, name: str) -> None:
    words = ("check", str(example(home, name)), "--json")
    answer = ask(abroad, str(home / "bin" / "semdr-edge"), *words)
    assert answer.returncode == 0, answer.stderr + answer.stdout
    assert json.loads(answer.stdout)["ok"] is True


def test_the_units_way_of_starting_imports_no_stranger(home: Path, abroad: Path) -> None:
    words = ("-I", "-m", "edge_agent", "check", str(example(home, "hotel.yaml")))
    answer = ask(abroad, str(home / "bin" / "python"), *words)
    assert answer.returncode == 0, answer.stderr
    assert "hotel_main" in answer.stdout


def test_without_isolation_the_stranger_would_be_imported(home: Path, abroad: Path) -> None:
    answer = ask(abroad, str(home / "bin" / "python"), "-m", "edge_agent", "--version")
    assert "a stranger was imported" in answer.stderr


def test_writes_a_first_site_that_is_good(home: Path, abroad: Path) -> None:
    semdr_edge = str(home / "bin" / "semdr-edge")
    site = abroad / "data" / "site.yaml"
    assert ask(abroad, semdr_edge, "init", str(site)).returncode == 0
    answer = ask(abroad, semdr_edge, "check", str(site))
    assert answer.returncode == 0, answer.stderr
