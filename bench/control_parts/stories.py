"""Stories on the simulated hotel over real wires: how many, and how many passed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as Xml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "house"
STORIES: Mapping[str, tuple[str, ...]] = {
    "the BMS lowers its limit": ("test_the_bms_lowers_its_limit_in_mid_discharge",),
    "one phase overloads": ("test_one_phase_overloads_while_the_sum_is_fine",),
    "a guest turns the knob": ("test_a_guest_turns_the_knob",),
    "an operator writes slot 8": ("test_an_operator_writes_slot_8",),
    "the grid operator's relay": ("test_the_grid_operator_closes_a_relay",),
    "the meter freezes": ("test_the_meter_freezes",),
    "hot water meets a peak": (
        "test_a_cycle_of_the_tank_meets_a_peak",
        "test_a_cycle_of_ours_meets_a_peak",
    ),
    "the agent is killed for good": ("test_the_agent_is_killed_for_good",),
    "the power is cut": ("test_the_power_is_cut",),
}
"""Each story with its tests; it passes when all of their cases do."""
LONGEST_S = 900.0
Cases = Mapping[str, tuple[int, int]]
"""Passed and run cases of each test."""


def stories() -> tuple[int | None, int | None, str]:
    """Passed, of how many; the reason names those that did not."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        files = sorted(str(path) for path in FOLDER.glob("test_story_*.py"))
        words = (sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *files)
        try:
            subprocess.run(words, cwd=ROOT, capture_output=True, timeout=LONGEST_S, check=False)
        except subprocess.TimeoutExpired:
            return None, None, f"the stories took longer than {LONGEST_S:g} s"
        if not report.exists():
            return None, None, "the stories could not be run"
        cases = _counted(report)
    failed = [title for title, tests in STORIES.items() if not _passed(tests, cases)]
    why = f"not passed: {', '.join(failed)}" if failed else ""
    return len(STORIES) - len(failed), len(STORIES), why


def _counted(report: Path) -> Cases:
    """By the test's name without its parameters."""
    counts: dict[str, tuple[int, int]] = {}
    tree = Xml.parse(report)  # noqa: S314 - written by our own pytest a moment ago
    for case in tree.iter("testcase"):
        name = case.get("name", "").split("[", 1)[0]
        passed, run = counts.get(name, (0, 0))
        good = all(case.find(word) is None for word in ("failure", "error", "skipped"))
        counts[name] = (passed + good, run + 1)
    return counts


def _passed(tests: tuple[str, ...], cases: Cases) -> bool:
    """Whether every case of every test ran and passed."""
    figures = [cases.get(test, (0, 0)) for test in tests]
    return all(run > 0 and passed == run for passed, run in figures)
