"""The Greengrass recipe against both nuclei's rules and against what the cloud room says."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from edge_agent.cli.main import DEFAULT_SITE, build_parser
from edge_agent.cloud.limits import topic_matches
from edge_agent.cloud.messages import measurement_topic
from edge_agent.cloud.shadows import ANSWERS, NAMES
from edge_agent.demo.agent_process import LEAN

PUBLISH = "aws.greengrass#PublishToIoTCore"
SUBSCRIBE = "aws.greengrass#SubscribeToIoTCore"
VARIABLE = re.compile(r"\{([^}]*)\}")
VARIABLES = re.compile(
    r"configuration:/\w+(/\w+)*|artifacts:(path|decompressedPath)|work:path|iot:thingName"
    r"|kernel:rootPath"
)
POLICY_BYTES = 4096
"""Nucleus lite's memory for one service's policies."""
SCRIPT_BYTES = 10_000
LITE_DEFAULT_TIMEOUT_S = 120


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "greengrass" / "recipe.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recipe(text: str) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(text)
    return document


@pytest.fixture(scope="module")
def lifecycle(recipe: dict[str, Any]) -> dict[str, Any]:
    steps: dict[str, Any] = recipe["Manifests"][0]["Lifecycle"]
    return steps


def allowed(recipe: dict[str, Any], operation: str) -> list[str]:
    policies = recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    return [
        resource
        for policy in policies["aws.greengrass.ipc.mqttproxy"].values()
        if operation in policy["operations"]
        for resource in policy["resources"]
    ]


def test_has_the_required_keys(recipe: dict[str, Any], project: dict[str, Any]) -> None:
    assert recipe["RecipeFormatVersion"] == "2020-01-25"
    assert re.fullmatch(r"[a-zA-Z0-9-_.]{1,128}", recipe["ComponentName"])
    assert recipe["ComponentVersion"] == project["version"]
    assert recipe["ComponentType"] == "aws.greengrass.generic"
    assert recipe["ComponentDependencies"] == {
        "aws.greengrass.Nucleus": {"VersionRequirement": ">=2.5.0", "DependencyType": "SOFT"}
    }


def test_fits_both_nuclei(recipe: dict[str, Any], lifecycle: dict[str, Any]) -> None:
    (manifest,) = recipe["Manifests"]
    assert manifest["Platform"] == {"os": "linux", "runtime": "*"}
    assert set(lifecycle) == {"install", "run"}
    for step in lifecycle.values():
        assert set(step) <= {"Script", "Timeout"}
        assert len(step["Script"]) < SCRIPT_BYTES
    assert lifecycle["install"]["Timeout"] > LITE_DEFAULT_TIMEOUT_S


def test_every_brace_in_a_script_is_a_variable_both_nuclei_know(lifecycle: dict[str, Any]) -> None:
    for step in lifecycle.values():
        script = step["Script"]
        names = VARIABLE.findall(script)
        assert names
        assert all(VARIABLES.fullmatch(name) for name in names), names
        assert script.count("{") == script.count("}") == len(names)


def test_configuration_holds_no_variables(recipe: dict[str, Any]) -> None:
    def leaves(node: object) -> list[str]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in leaves(value)]
        if isinstance(node, list):
            return [leaf for value in node for leaf in leaves(value)]
        return [str(node)]

    found = leaves(recipe["ComponentConfiguration"])
    assert DEFAULT_SITE in found
    assert not [leaf for leaf in found if "{" in leaf]


def test_used_configuration_has_a_default(recipe: dict[str, Any], text: str) -> None:
    pointers = re.findall(r"\{configuration:/(\w+)\}", text)
    assert pointers == ["siteFile"]
    assert set(pointers) <= set(recipe["ComponentConfiguration"]["DefaultConfiguration"])


def test_installs_offline_and_by_hash(lifecycle: dict[str, Any], project: dict[str, Any]) -> None:
    lines = [shlex.split(line) for line in lifecycle["install"]["Script"].splitlines()]
    assert lines[0] == ["set", "-eu"]
    assert lines[1][:3] == ["python3", "-m", "venv"]
    pips = [words for words in lines if "pip" in words]
    assert len(pips) == len(lines) - 2
    for words in pips:
        assert "--no-index" in words
        assert "--find-links" in words
    assert "--require-hashes" in pips[0]
    assert pips[1][-2:] == ["--no-deps", f"{project['name']}=={project['version']}"]


def test_artifact_unpacks_to_where_the_scripts_look(
    recipe: dict[str, Any], lifecycle: dict[str, Any]
) -> None:
    (artifact,) = recipe["Manifests"][0]["Artifacts"]
    assert artifact["Unarchive"] == "ZIP"
    assert artifact["Uri"].startswith("s3://BUCKET_NAME/")
    folders = re.findall(
        r"\{artifacts:decompressedPath\}/([\w-]+)/", lifecycle["install"]["Script"]
    )
    assert set(folders) == {Path(artifact["Uri"]).stem}


def test_run_becomes_this_program(lifecycle: dict[str, Any]) -> None:
    words = shlex.split(lifecycle["run"]["Script"])
    assert words[:7] == ["exec", "{work:path}/venv/bin/python", "-I", *LEAN, "-m", "edge_agent"]
    assert importlib.util.find_spec("edge_agent.__main__") is not None
    options = build_parser().parse_args(words[7:])
    assert options.module == "run_verb"
    assert str(options.site) == "{configuration:/siteFile}"
    assert str(options.state_dir).startswith("{work:path}/")


@pytest.mark.parametrize("rule", ["", "semdr_ingest"])
def test_telemetry_may_be_published(recipe: dict[str, Any], rule: str) -> None:
    for backlog in (False, True):
        topic = measurement_topic("hotel_main", backlog=backlog, rule=rule)
        assert [r for r in allowed(recipe, PUBLISH) if topic_matches(r, topic)]


@pytest.mark.parametrize("name", NAMES)
def test_shadows_may_be_asked_and_heard(recipe: dict[str, Any], name: str) -> None:
    shadow = f"$aws/things/semdr-hotel/shadow/name/{name}"
    for verb in ("get", "update"):
        assert [r for r in allowed(recipe, PUBLISH) if topic_matches(r, f"{shadow}/{verb}")]
    for answer in ANSWERS:
        assert [r for r in allowed(recipe, SUBSCRIBE) if topic_matches(r, f"{shadow}/{answer}")]


@pytest.mark.parametrize(
    "topic",
    [
        "devices/hotel_main/batch/other",
        "semdr/control/hotel_main/demand_response",
        "$aws/things/semdr-hotel/shadow/get",
        "$aws/things/semdr-hotel/shadow/name/secret/update",
        "$aws/things/semdr-hotel/shadow/name/dr/delete",
        "$aws/things/semdr-hotel/jobs/start-next",
    ],
)
def test_nothing_else_may_be_published(recipe: dict[str, Any], topic: str) -> None:
    assert not [r for r in allowed(recipe, PUBLISH) if topic_matches(r, topic)]


def test_no_resource_is_idle_or_all(recipe: dict[str, Any]) -> None:
    shadow = "$aws/things/semdr-hotel/shadow/name"
    said = {
        PUBLISH: [
            *(measurement_topic("gw", backlog=b, rule=r) for b in (False, True) for r in ("", "r")),
            *(f"{shadow}/{name}/{verb}" for name in NAMES for verb in ("get", "update")),
        ],
        SUBSCRIBE: [f"{shadow}/{name}/{answer}" for name in NAMES for answer in ANSWERS],
    }
    for operation, topics in said.items():
        for resource in allowed(recipe, operation):
            assert resource not in ("*", "#")
            assert any(topic_matches(resource, topic) for topic in topics), resource


def test_policies_fit_into_nucleus_lite(recipe: dict[str, Any]) -> None:
    policies = recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    assert 2 * len(str(policies)) < POLICY_BYTES


def test_says_which_transport_it_uses_today(text: str) -> None:
    head = text.split("RecipeFormatVersion", 1)[0]
    assert "IPC" in head
    assert "transport: mqtt" in head
