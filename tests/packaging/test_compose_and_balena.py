"""docker-compose.yml and balena.yml against what balena takes and what the image offers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from edge_agent.cli.main import build_parser
from edge_agent.winding_down import STOP_S

DEVICE_TYPES = {
    "raspberrypi3-64",
    "raspberrypi4-64",
    "raspberrypi5",
    "raspberrypicm4-ioboard",
    "intel-nuc",
    "generic-amd64",
    "generic-aarch64",
    "revpi-connect-4",
    "iot-gate-imx8plus",
}
"""The 64-bit ones of balena's device contracts that suit a gateway."""
SERVICE_KEYS = {
    *("build", "restart", "network_mode", "volumes", "healthcheck", "stop_grace_period"),
    *("cap_drop", "security_opt", "labels"),
}
"""Of the compose format 2 fields that balena's supervisor takes, those in use here."""


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    return read(root / "docker-compose.yml")


@pytest.fixture(scope="module")
def gateway(compose: dict[str, Any]) -> dict[str, Any]:
    service: dict[str, Any] = compose["services"]["gateway"]
    return service


@pytest.fixture(scope="module")
def balena(root: Path) -> dict[str, Any]:
    return read(root / "balena.yml")


def test_compose_is_of_the_version_balena_takes(compose: dict[str, Any]) -> None:
    assert compose["version"] == "2"
    assert set(compose) == {"version", "services", "volumes"}
    assert set(compose["services"]) == {"gateway"}


def test_the_service_uses_only_fields_balena_takes(root: Path, gateway: dict[str, Any]) -> None:
    assert set(gateway) == SERVICE_KEYS
    assert (root / gateway["build"] / "Dockerfile").is_file()


def test_the_service_is_on_the_sites_network_without_privileges(gateway: dict[str, Any]) -> None:
    assert gateway["network_mode"] == "host"
    assert not gateway.get("privileged", False)
    assert gateway["cap_drop"] == ["ALL"]
    assert gateway["restart"] == "always"


def test_data_stands_in_a_named_volume(compose: dict[str, Any], gateway: dict[str, Any]) -> None:
    names = [volume.split(":") for volume in gateway["volumes"]]
    assert [place for _, place in names] == ["/data"]
    assert {name for name, _ in names} == set(compose["volumes"])


def test_health_is_asked_of_the_program(gateway: dict[str, Any]) -> None:
    kind, program, *words = gateway["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "semdr-edge")
    asked = build_parser().parse_args(words)
    assert (asked.module, str(asked.state_dir), asked.json) == ("status_verb", "/data", True)


def test_compose_and_image_ask_the_same(root: Path, gateway: dict[str, Any]) -> None:
    image = (root / "Dockerfile").read_text(encoding="utf-8")
    health = gateway["healthcheck"]
    words = ", ".join(f'"{word}"' for word in health["test"][1:])
    assert f"CMD [{words}]" in image
    for option, key in (("interval", "interval"), ("start-period", "start_period")):
        assert f"--{option}={health[key]}" in image


def test_stopping_has_time_to_release_and_to_send(gateway: dict[str, Any]) -> None:
    grace = re.fullmatch(r"(\d+)s", gateway["stop_grace_period"])
    assert grace
    assert float(grace[1]) > 1.5 * STOP_S


def test_two_gateways_never_run_side_by_side(gateway: dict[str, Any]) -> None:
    assert gateway["labels"] == {"io.balena.update.strategy": "download-then-kill"}


def test_balena_says_what_it_is(balena: dict[str, Any], project: dict[str, Any]) -> None:
    assert balena["type"] == "sw.application"
    assert balena["name"] == project["name"]
    assert str(balena["version"]) == project["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", balena["version"])
    assert balena["description"] == project["description"]


def test_balena_names_only_devices_that_exist(balena: dict[str, Any]) -> None:
    supported = balena["data"]["supportedDeviceTypes"]
    assert len(supported) == len(set(supported))
    assert set(supported) <= DEVICE_TYPES
    assert balena["data"]["defaultDeviceType"] in supported
    assert set(balena["data"]) == {"defaultDeviceType", "supportedDeviceTypes"}
