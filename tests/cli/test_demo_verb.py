"""The demo's command line; the demo itself is proved elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import say


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--speed", "0"], "--speed 0: choose more than 0 and at most 1000"),
        (["--speed", "5000"], "--speed 5000: choose"),
        (["--start", "yesterday"], "yesterday"),
        (["--for", "a while"], "'a while' is no span of time"),
        (["--offline-after", "x"], "'x' is no span of time"),
    ],
)
def test_wrong_use_starts_nothing(tmp_path: Path, words: list[str], complaint: str) -> None:
    said = say("demo", "--dir", str(tmp_path), *words)
    assert (said.code, said.out) == (2, "")
    assert complaint in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("span", "more"), [("11s", []), ("4s", ["--json"])])
def test_a_short_demo_ends_by_itself_and_loses_nothing(
    tmp_path: Path, span: str, more: list[str]
) -> None:
    words = ["--for", span, "--speed", "60", "--start", "2026-06-15T06:00:00", *more]
    said = say("demo", "--dir", str(tmp_path), *words)
    assert said.code == 0, said.err
    if more:
        figures = json.loads(said.out)
        assert (figures["lost"], figures["duplicated"], figures["leases_left"]) == (0, 0, 0)
    else:
        assert "the hotel is open" in said.out
        assert "plan from" in said.out
