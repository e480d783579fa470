"""Spans, init and check."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from small_house import write_site

from edge_agent.cli.main import run
from edge_agent.cli.span import parse_span
from tests.cli.conftest import say


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("2h", 7200),
        ("1d", 86400),
        ("45", 45),
        ("1.5 h", 5400),
        (" 5m ", 300),
    ],
)
def test_spans_as_people_type_them(text: str, seconds: float) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-5m", "5 weeks", "m", "1h30m", "1e3"])
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 90s, 10m, 2h or 1d"):
        parse_span(text)


def test_init_writes_a_site_that_checks(tmp_path: Path) -> None:
    site = tmp_path / "etc" / "site.yaml"
    said = say("init", str(site))
    assert (said.code, said.err) == (0, "")
    assert f"wrote {site}" in said.out
    assert f"semdr-edge check {site}" in said.out
    assert say("check", str(site)).code == 0


@pytest.mark.parametrize("there", ["site.yaml", "tariffs/flat.yaml"])
def test_init_overwrites_nothing(tmp_path: Path, there: str) -> None:
    kept = tmp_path / there
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    said = say("init", str(tmp_path / "site.yaml"))
    assert said.code == 1
    assert f"{kept} exists already and is left as it is" in said.err
    assert kept.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]


def test_init_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = say("init", str(tmp_path / "file" / "site.yaml"))
    assert said.code == 1
    assert "Not a directory" in said.err or "File exists" in said.err


def broken(site: dict[str, Any]) -> None:
    site["agent"]["tick_s"] = 0
    site["devices"][0]["unti"] = 1


def test_check_of_a_good_site(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    said = say("check", str(path))
    assert (said.code, said.err) == (0, "")
    assert "site.yaml is good: site small_house in Europe/Berlin" in said.out
    assert "1 battery, 1 PV plant and 1 zone behind 100 kW, flat tariff" in said.out
    answer = json.loads(say("check", str(path), "--json").out)
    assert (answer["ok"], answer["mistakes"]) == (True, [])
    assert all("assumed" in one["message"] for one in answer["warnings"])


def test_check_names_every_mistake_with_its_line(tmp_path: Path) -> None:
    path = write_site(tmp_path, change=broken)
    said = say("check", str(path))
    assert (said.code, said.out) == (1, "")
    assert "agent.tick_s" in said.err
    assert "devices[0].unti" in said.err
    as_json = say("check", str(path), "--json")
    answer = json.loads(as_json.out)
    assert (as_json.code, answer["ok"]) == (1, False)
    assert {"agent.tick_s", "devices[0].unti"} <= {one["key"] for one in answer["mistakes"]}
    assert all(one["line"] > 0 for one in answer["mistakes"])


def test_check_of_the_file_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMDR_CONFIG_PATH", str(write_site(tmp_path)))
    assert say("check").code == 0
    monkeypatch.setenv("SEMDR_CONFIG_PATH", str(tmp_path / "none.yaml"))
    assert say("check").code == 1


@pytest.mark.parametrize("words", [[], ["dance"], ["release"], ["check", "--what"]])
def test_wrong_use_is_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip()
