"""What systemd itself says of the unit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.referee

EXPOSURE_TIMES_TEN = 20


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    assert found, "systemd-analyze is missing: run sh tests/referees/packages.sh"
    return found


@pytest.fixture
def unit(root: Path, tmp_path: Path) -> Path:
    """The unit, with a program that this machine has."""
    text = (root / "systemd" / "semdr-edge.service").read_text(encoding="utf-8")
    lines = [
        "ExecStart=/bin/true" if line.startswith("ExecStart=") else line
        for line in text.splitlines()
    ]
    path = tmp_path / "semdr-edge.service"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def said(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_verify_has_nothing_to_say(analyze: str, unit: Path) -> None:
    # Unknown keys are only warned of: silence, not the exit code, is the proof.
    answer = said(analyze, "verify", "--man=no", str(unit))
    assert (answer.returncode, answer.stderr, answer.stdout) == (0, "", "")


def test_verify_would_tell_of_a_misspelt_key(analyze: str, unit: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("WatchdogSec=", "WatchdogSecs=")
    unit.write_text(text, encoding="utf-8")
    assert "WatchdogSecs" in said(analyze, "verify", "--man=no", str(unit)).stderr


def test_exposure_is_low(analyze: str, unit: Path) -> None:
    words = ("security", "--offline=yes", f"--threshold={EXPOSURE_TIMES_TEN}", "--no-pager")
    answer = said(analyze, *words, str(unit))
    assert answer.returncode == 0, answer.stdout[-2000:]


def test_exposure_stays_low_with_a_serial_port(analyze: str, unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    drop_in = (
        "[Service]\nPrivateDevices=no\nDeviceAllow=char-ttyUSB rw\nSupplementaryGroups=dialout"
    )
    unit.write_text(f"{text}\n{drop_in}\n", encoding="utf-8")
    words = ("security", "--offline=yes", f"--threshold={EXPOSURE_TIMES_TEN}", "--no-pager")
    answer = said(analyze, *words, str(unit))
    assert answer.returncode == 0, answer.stdout[-2000:]
    assert said(analyze, "verify", "--man=no", str(unit)).stderr == ""
