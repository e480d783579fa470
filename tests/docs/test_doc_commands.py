"""Commands and targets the pages name exist, with the options they show."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Protocol

import pytest

from edge_agent.cli.main import GOOD, build_parser

PROGRAM = ".venv/bin/semdr-edge"
VERB = re.compile(r"semdr-edge ([a-z][a-z-]*)")
CODE = re.compile(r"`([^`\n]+)`")
TARGET = re.compile(r"make ([a-z]+)")
RULE = re.compile(r"^([a-z]+):", re.MULTILINE)


class Page(Protocol):
    prose: str

    def blocks(self, language: str) -> list[str]: ...


def shown(pages: list[Page]) -> list[str]:
    """Everything in code marks, and every line of a shell block."""
    spans = [span for page in pages for span in CODE.findall(page.prose)]
    return spans + [line for page in pages for b in page.blocks("sh") for line in b.splitlines()]


def known(verb: str) -> bool:
    with pytest.raises(SystemExit) as left:
        build_parser().parse_args([verb, "--help"])
    return left.value.code == GOOD


def test_every_verb_exists(pages: list[Page], capsys: pytest.CaptureFixture[str]) -> None:
    verbs = {verb for text in shown(pages) for verb in VERB.findall(text)}
    assert {verb for verb in verbs if not known(verb)} == set()
    assert {"demo", "init", "check", "run", "status", "plan", "release", "audit"} <= verbs
    assert not known("no-such-verb")
    capsys.readouterr()


def test_every_command_line_parses(pages: list[Page]) -> None:
    lines = [line for line in shown(pages) if line.startswith(PROGRAM)]
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])
    assert len(lines) >= 9


def test_every_target_exists(pages: list[Page], root: Path) -> None:
    rules = set(RULE.findall((root / "Makefile").read_text(encoding="utf-8")))
    targets = {target for text in shown(pages) for target in TARGET.findall(text)}
    assert targets <= rules
    assert {"demo", "test", "check", "setup"} <= targets


def test_the_changelog_names_every_verb_there_is(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    there = re.findall(r"^ {4}([a-z][a-z-]*) ", build_parser().format_help(), re.MULTILINE)
    assert len(there) >= 8
    assert set(there) <= set(CODE.findall(text))
