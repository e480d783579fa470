"""What the pages show works as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from drivers.profile import RegisterProfile, load_profile
from edge_agent.cli.main import GOOD, run
from edge_agent.site.load import load_site
from edge_agent.site.schema import Control

MOST_LINES = 30


class Page(Protocol):
    def blocks(self, language: str) -> list[str]: ...


@pytest.fixture
def site_file(readme: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The README's site in the place of the one that `init` has written."""
    path = tmp_path / "site.yaml"
    assert run(["init", str(path)]) == GOOD
    capsys.readouterr()
    (text,) = readme.blocks("yaml")
    path.write_text(text, encoding="utf-8")
    return path


def test_the_site_of_the_readme_loads_without_a_word(site_file: Path) -> None:
    loaded = load_site(site_file)
    assert loaded.warnings == ()
    assert loaded.site.agent.control is Control.SHADOW
    assert len(site_file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_check_says_that_it_is_good(site_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(site_file)]) == GOOD
    assert "is good" in capsys.readouterr().out


def test_control_of_its_real_links_is_refused(
    site_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = site_file.read_text(encoding="utf-8")
    site_file.write_text(text.replace("control: shadow", "control: enabled"), encoding="utf-8")
    assert run(["check", str(site_file)]) != GOOD
    assert "enabled is refused" in capsys.readouterr().err


def test_the_profile_of_contributing_loads(contributing: Page, tmp_path: Path) -> None:
    (text,) = contributing.blocks("yaml")
    (tmp_path / "acme_m1.yaml").write_text(text, encoding="utf-8")
    profile = load_profile("acme_m1", tmp_path)
    assert isinstance(profile, RegisterProfile)
    points = {point.name: point for point in profile.describe("meter")}
    assert points["power"].unit == "kW"
    assert points["frequency"].alive
