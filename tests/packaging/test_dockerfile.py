"""The Dockerfile, as far as it can be tested without a container engine.

No engine runs where these tests run, so the image itself is not built here: its instructions are
read, and `test_wheel.py` builds and installs the same wheel.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge_agent.cli.main import build_parser
from edge_agent.site.schema import AgentSettings

KNOWN = {
    *("FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD")
}


class Instruction(NamedTuple):
    """One instruction with its continuation lines joined."""

    name: str
    rest: str


@pytest.fixture(scope="module")
def stages(root: Path) -> list[list[Instruction]]:
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in joined.splitlines():
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, rest))
    return found


def rests(stage: list[Instruction], name: str) -> list[str]:
    return [instruction.rest for instruction in stage if instruction.name == name]


def test_two_stages_of_known_instructions(stages: list[list[Instruction]]) -> None:
    build, final = stages
    assert {i.name for stage in stages for i in stage} <= KNOWN
    assert build[0].rest == "python:3.11-slim AS build"
    assert final[0].rest == "python:3.11-slim"
    assert not [rest for rest in rests(final, "RUN") if "pip" in rest]


def test_every_copied_thing_exists_and_is_let_through(
    root: Path, stages: list[list[Instruction]]
) -> None:
    let_in = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [s for rest in rests(stages[0], "COPY") for s in shlex.split(rest)[:-1]]
    assert sources
    for source in sources:
        assert (root / source).exists(), source
        assert f"!{source.rstrip('/')}" in let_in, source
    assert sorted(line[1:] for line in let_in if line.startswith("!")) == sorted(
        source.rstrip("/") for source in sources
    )


def test_the_wheels_packages_are_copied(root: Path, stages: list[list[Instruction]]) -> None:
    copied = {s.rstrip("/") for rest in rests(stages[0], "COPY") for s in shlex.split(rest)[:-1]}
    packages = {path.parent.name for path in root.glob("*/__init__.py")}
    assert packages == {"drivers", "models", "edge_agent"}
    assert packages | {"examples", "LICENSE", "LICENSE.GPL"} <= copied


def test_pip_takes_nothing_without_a_hash(root: Path, stages: list[list[Instruction]]) -> None:
    commands = [
        command.split()
        for rest in rests(stages[0], "RUN")
        for command in rest.split(" && ")
        if command.startswith("pip ")
    ]
    assert [words[1] for words in commands] == ["install", "wheel", "install"]
    for words in commands:
        offline = {"--no-index", "--no-deps"} <= set(words)
        built = {"--no-deps", "--build-constraint"} <= set(words)
        assert "--require-hashes" in words or offline or built, words
    # --build-constraint came with pip 25.3: the pins bring a younger one than the base image has.
    pins = (root / "constraints" / "run.txt").read_text(encoding="utf-8")
    found = re.search(r"^pip==(\d+)\.(\d+)", pins, re.MULTILINE)
    assert found
    assert (int(found[1]), int(found[2])) >= (25, 3)


def test_every_build_tool_has_a_pin_with_hashes(root: Path, project: dict[str, Any]) -> None:
    pins = (root / "constraints" / "dev.txt").read_text(encoding="utf-8")
    for name in ("hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"):
        assert re.search(rf"^{name}==\S+ \\\n +--hash=sha256:[0-9a-f]{{64}}", pins, re.MULTILINE)
    assert project["name"] == "semdr-edge"


def test_runs_as_nobody_in_particular(stages: list[list[Instruction]]) -> None:
    (user,) = rests(stages[1], "USER")
    assert int(user) > 0
    names = [instruction.name for instruction in stages[1]]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert any(f"--uid {user} " in rest for rest in rests(stages[1], "RUN"))


def test_the_entry_point_is_an_installed_script(
    stages: list[list[Instruction]], project: dict[str, Any]
) -> None:
    (script,) = json.loads(rests(stages[1], "ENTRYPOINT")[0])
    assert script in project["scripts"]
    (settings,) = rests(stages[1], "ENV")
    assert settings.startswith("PATH=/opt/semdr-edge/bin:")
    assert settings.endswith(" PYTHONNODEBUGRANGES=1"), "what the other launchers say with -X"


def test_the_state_stands_in_the_volume(stages: list[list[Instruction]]) -> None:
    final = stages[1]
    assert rests(final, "VOLUME") == ["/data"]
    started = build_parser().parse_args(json.loads(rests(final, "CMD")[0]))
    assert (started.module, str(started.site)) == ("run_verb", "/data/site.yaml")
    health = json.loads(rests(final, "HEALTHCHECK")[0].split(" CMD ", 1)[1])
    asked = build_parser().parse_args(health[1:])
    assert (asked.module, str(asked.state_dir)) == ("status_verb", "/data")
    # Started without --state-dir, the gateway keeps its state where this link leads.
    assert any(f"ln -s /data {AgentSettings().state_dir}" in rest for rest in rests(final, "RUN"))
