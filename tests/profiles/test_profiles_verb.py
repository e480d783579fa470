"""`semdr-edge profiles`, and the pages made from it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from drivers.profile import FOLDER, load_profile, profile_names
from drivers.profile_page import page
from edge_agent.cli.main import run

DOCS = Path(__file__).parents[2] / "docs"


def test_list_names_every_profile(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(profile_names())


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["sma_battery"]["writable"] == ["power_setpoint"]
    assert rows["sma_battery"]["role"] == "battery"
    assert rows["eastron_sdm630"]["hardware_tested"] is False


def test_show_tells_points_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "show", "fronius_gen24"]) == 0
    text = capsys.readouterr().out
    assert "NOT tried on hardware" in text
    assert re.search(r"power_setpoint +kW +writable", text)
    assert "InOutWRte_RvrtTms" in text
    assert run(["profiles", "show", "fronius_gen24", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["units"]["power"] == "kW"
    assert "power_setpoint" in told["end_states"]


def test_a_stranger_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "show", "nonsense"]) == 1
    assert "sma_battery" in capsys.readouterr().err


def test_wrong_use_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["profiles"], ["profiles", "praise"], ["profiles", "show"]):
        with pytest.raises(SystemExit) as caught:
            run(words)
        assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_shipped_profiles_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "lint"]) == 0
    assert f"{len(profile_names())} profiles: good" in capsys.readouterr().out
    assert run(["profiles", "lint", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_a_bad_file_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "eastron_sdm630.yaml"
    text = (FOLDER / path.name).read_text(encoding="utf-8")
    path.write_text(text.replace("unit: Hz", "unit: rpmm"), encoding="utf-8")
    assert run(["profiles", "lint", str(path)]) == 1
    assert "eastron_sdm630.yaml: error: points.frequency.unit" in capsys.readouterr().out
    assert run(["profiles", "lint", str(path), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["key"] == "points.frequency.unit"
    assert run(["profiles", "lint", str(tmp_path / "absent.yaml")]) == 1


def test_the_page_of_devices_is_the_committed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles", "list", "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert printed == page([load_profile(name) for name in profile_names()])
    assert (DOCS / "devices.md").read_text(encoding="utf-8") == printed, (
        "run semdr-edge profiles list --markdown > docs/devices.md"
    )


def test_the_walk_through_shows_the_profile_as_it_is() -> None:
    text = (DOCS / "add-a-device.md").read_text(encoding="utf-8")
    lines = (FOLDER / "carlo_gavazzi_em340.yaml").read_text(encoding="utf-8").splitlines()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 6
    strange = [line for block in blocks for line in block.splitlines() if line not in lines]
    assert strange == []


def test_the_pages_point_at_each_other() -> None:
    for name, other in (("devices.md", "add-a-device.md"), ("add-a-device.md", "devices.md")):
        assert f"]({other})" in (DOCS / name).read_text(encoding="utf-8")
