"""The systemd unit against the program it starts."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from pathlib import Path

import pytest

from edge_agent.cli.main import DEFAULT_SITE, build_parser
from edge_agent.demo.agent_process import LEAN
from edge_agent.site.schema import AgentSettings
from edge_agent.winding_down import STOP_S

REQUIRED = {
    "Unit": {"StartLimitIntervalSec": "0"},
    "Service": {
        "Type": "notify",
        "NotifyAccess": "main",
        "WatchdogSec": "60",
        "Restart": "always",
        "RestartSec": "5",
        "TimeoutStopSec": "10",
        "KillMode": "mixed",
        "DynamicUser": "yes",
        "StateDirectory": "semdr-edge",
        "StateDirectoryMode": "0700",
        "ConfigurationDirectory": "semdr",
        "RuntimeDirectory": "semdr-edge",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "CapabilityBoundingSet": "",
    },
    "Install": {"WantedBy": "multi-user.target"},
}
MAY_REPEAT = {"LoadCredential", "SystemCallFilter"}
COMMENT_LINES = 6

Sections = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "systemd" / "semdr-edge.service").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def unit(text: str) -> Sections:
    sections: Sections = {}
    for line in text.splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), defaultdict(list))
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current[key].append(value)
    return sections


@pytest.mark.parametrize("section", REQUIRED)
def test_says_what_the_gateway_relies_on(unit: Sections, section: str) -> None:
    for key, value in REQUIRED[section].items():
        assert unit[section].get(key) == [value], key


def test_no_key_stands_twice(unit: Sections) -> None:
    for section in unit.values():
        for key, values in section.items():
            assert len(values) == 1 or key in MAY_REPEAT, key


def test_starts_an_isolated_python_with_this_program(unit: Sections) -> None:
    words = unit["Service"]["ExecStart"][0].split()
    assert words[:6] == ["/opt/semdr-edge/bin/python", "-I", *LEAN, "-m", "edge_agent"]
    assert importlib.util.find_spec(f"{words[5]}.__main__") is not None
    options = build_parser().parse_args(words[6:])
    assert options.module == "run_verb"
    assert str(options.site) == DEFAULT_SITE


def test_directories_are_the_programs_own_defaults(unit: Sections) -> None:
    service = unit["Service"]
    assert f"/var/lib/{service['StateDirectory'][0]}" == AgentSettings().state_dir
    assert Path(DEFAULT_SITE).parent == Path("/etc") / service["ConfigurationDirectory"][0]


def test_stopping_has_time_to_release_and_to_send(unit: Sections) -> None:
    assert float(unit["Service"]["TimeoutStopSec"][0]) > 1.5 * STOP_S


def test_watchdog_allows_several_missed_ticks(unit: Sections) -> None:
    assert float(unit["Service"]["WatchdogSec"][0]) >= 6 * AgentSettings().tick_s


def test_no_python_environment_leaks_in(text: str) -> None:
    assert "PYTHONPATH" not in text
    assert "Environment" not in text


def test_installing_is_told_in_a_few_lines(text: str) -> None:
    block = text.split("\n\n", 1)[0].splitlines()
    assert all(line.startswith("# ") for line in block)
    assert len(block) <= COMMENT_LINES
    told = "\n".join(block)
    for word in ("python3 -m venv /opt/semdr-edge", "--require-hashes", "run.txt", "ttyUSB"):
        assert word in told
