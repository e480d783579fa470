"""What holds for every packaging file: no address of a package registry, no developer's path."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FILES = (
    "systemd/semdr-edge.service",
    "greengrass/recipe.yaml",
    "balena.yml",
    "docker-compose.yml",
    "Dockerfile",
    ".dockerignore",
)
ADDRESS = re.compile(
    r"https?://|--(extra-)?index-url|--trusted-host|\b[\w-]+\.(io|com|org)(:\d+)?/", re.IGNORECASE
)
DEVELOPER_PATH = re.compile(r"(?<![\w.-])/(home|root|work|Users|tmp|mnt|build)/")
LANGUAGE = re.compile(r"\b(LANG|LC_[A-Z]+|LANGUAGE)\b")


@pytest.mark.parametrize("name", FILES)
def test_names_no_address_no_developer_and_no_language(root: Path, name: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert not ADDRESS.search(text)
    assert not DEVELOPER_PATH.search(text)
    assert not LANGUAGE.search(text)
    assert text.endswith("\n")
    assert all(line == line.rstrip() and "\t" not in line for line in text.splitlines())


@pytest.mark.parametrize(
    "line",
    [
        "RUN pip install --index-url https://pypi.org/simple x",
        "FROM ghcr.io/someone/python:3.11",
        "FROM registry.example.com:5000/python",
    ],
)
def test_an_address_would_be_seen(line: str) -> None:
    assert ADDRESS.search(line)


def test_a_developers_path_would_be_seen() -> None:
    assert DEVELOPER_PATH.search("ExecStart=/home/me/bin/python")
    assert not DEVELOPER_PATH.search("{work:path}/venv and /greengrass/v2/work/x")
