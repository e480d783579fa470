"""Every place the pages point to is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
PLACE = re.compile(
    r"`((?:drivers|models|edge_agent|tests|examples|docs|systemd|greengrass)/[^`\s]*)`"
)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
STAND_IN_NAME = "NAME.yaml"


class Page(Protocol):
    path: Path
    prose: str


def anchor(heading: str) -> str:
    """A heading's anchor as the usual hosts make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.strip().replace(" ", "-")


def test_relative_links_resolve(pages: list[Page]) -> None:
    checked, broken = 0, []
    for page in pages:
        for target in LINK.findall(page.prose):
            if target.startswith(("http://", "https://")):
                continue
            checked += 1
            name, _, fragment = target.partition("#")
            file = (page.path.parent / name) if name else page.path
            if not file.exists() or (fragment and fragment not in anchors(file)):
                broken.append(f"{page.path.name}: {target}")
    assert broken == []
    assert checked > 20


def anchors(file: Path) -> set[str]:
    return {anchor(heading) for heading in HEADING.findall(file.read_text(encoding="utf-8"))}


def test_named_places_exist(pages: list[Page], root: Path) -> None:
    named = {place for page in pages for place in PLACE.findall(page.prose)}
    named = {place for place in named if not place.endswith(STAND_IN_NAME)}
    missing = [place for place in sorted(named) if not list(root.glob(place.rstrip("/")))]
    assert missing == []
    assert len(named) > 50


def test_decisions_are_numbered_without_a_gap(root: Path) -> None:
    files = sorted((root / "docs" / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {file.name[:4]} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]


def test_no_line_numbers(pages: list[Page]) -> None:
    """They would be wrong with the next change."""
    found = [hit for page in pages for hit in re.findall(r"\w+\.(?:py|yaml|md):\d+", page.prose)]
    assert found == []


def test_notice_names_every_source_of_data(root: Path) -> None:
    notice = (root / "NOTICE").read_text(encoding="utf-8")
    for table in sorted((root / "examples").glob("*.csv")):
        assert table.relative_to(root).as_posix() in notice
        said = table.read_text(encoding="utf-8").splitlines()[0]
        licence = re.search(r"CC BY [\d.]+", said)
        assert licence is not None
        assert licence[0] in notice
        assert "SMARD.de" in said
        assert "SMARD.de" in notice
