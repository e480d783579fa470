from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page:
    """One page of the documentation."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        """Fenced blocks of one language, in their order."""
        return [body for name, body in FENCE.findall(self.text) if name == language]

    @property
    def prose(self) -> str:
        """Everything outside the fences."""
        return FENCE.sub("", self.text)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def pages() -> list[Page]:
    top = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [Page(path) for path in (*top, *sorted((ROOT / "docs").rglob("*.md")))]


@pytest.fixture(scope="session")
def readme() -> Page:
    return Page(ROOT / "README.md")


@pytest.fixture(scope="session")
def contributing() -> Page:
    return Page(ROOT / "CONTRIBUTING.md")


@pytest.fixture(scope="session")
def law() -> Page:
    return Page(ROOT / "docs" / "units-and-signs.md")
