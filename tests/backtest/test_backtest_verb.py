"""`semdr-edge backtest`: figures, a page, and words for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from backtest_month import SITE, write_days

from edge_agent.cli.main import run


def words(data: Path, *more: str) -> list[str]:
    return ["backtest", str(SITE), "--data", str(data), "--workers", "2", *more]


def test_it_prints_figures_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, page = write_days(tmp_path / "month.csv", 9), tmp_path / "page.html"
    span = ["--start", "2026-06-08T00:00", "--end", "2026-06-09T00:00Z"]
    assert run(words(data, *span, "--json", "--report", str(page))) == 0
    out = capsys.readouterr()
    told = json.loads(out.out)
    assert told["begin"] == "2026-06-08T00:00:00+00:00"
    assert told["cost_perfect"] < told["cost"] <= told["cost_no_control"]
    assert {"peak_kw", "peak_no_control_kw", "captured", "cycles_per_day"} <= told.keys()
    assert "100%" in out.err
    assert page.read_text().startswith("<!doctype html>")


def test_wrong_rows_are_printed_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_days(tmp_path / "month.csv", 2)
    data.write_text(data.read_text().replace("2026-06-01T02:00:00+00:00", "2 o'clock"))
    assert run(words(data)) == 1
    assert 'month.csv: line 10: time "2 o\'clock" is no ISO 8601 time' in capsys.readouterr().err


def test_a_wrong_moment_is_wrong_use_and_a_wrong_site_is_bad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_days(tmp_path / "month.csv", 2)
    assert run(words(data, "--start", "soon")) == 2
    assert run(["backtest", str(tmp_path / "none.yaml"), "--data", str(data)]) == 1
    assert run(words(data, "--engine", "steam")) == 1
    assert "neither 'processes' nor" in capsys.readouterr().err
