"""The recipe's scripts, run as nucleus lite runs them: variables filled in, then a shell.

The wheels of the artifact come from the package registry by the hashes of constraints/run.txt.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from first_status import first_status
from ruamel.yaml import YAML

from edge_agent.demo.agent_process import LEAN
from edge_agent.demo.ports import free_ports
from edge_agent.demo.site_copy import write_site

pytestmark = [pytest.mark.referee, pytest.mark.timeout(600)]

INSTALL_S = 500.0
START_S = 60.0
STOP_S = 10.0


class Nucleus:
    """A nucleus's folders, and its way of filling in a script."""

    def __init__(self, root: Path, recipe: dict[str, Any]) -> None:
        self.recipe = recipe
        name, version = recipe["ComponentName"], recipe["ComponentVersion"]
        self.work = root / "work" / name
        self.unarchived = root / "packages" / "artifacts-unarchived" / name / version
        for folder in (self.work, self.unarchived):
            folder.mkdir(parents=True)
        self.site = write_site(root, free_ports())

    def script(self, step: str) -> str:
        text: str = self.recipe["Manifests"][0]["Lifecycle"][step]["Script"]
        values = {
            "{work:path}": f"{self.work}/",
            "{artifacts:decompressedPath}": f"{self.unarchived}/",
            "{configuration:/siteFile}": str(self.site),
        }
        for variable, value in values.items():
            text = text.replace(variable, value)
        return text


def run(*words: str) -> None:
    answer = subprocess.run(words, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    assert answer.returncode == 0, answer.stderr[-4000:]


@pytest.fixture(scope="module")
def nucleus(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Nucleus:
    text = (root / "greengrass" / "recipe.yaml").read_text(encoding="utf-8")
    made = Nucleus(tmp_path_factory.mktemp("gg"), YAML(typ="safe").load(text))
    artifact = made.unarchived / "semdr-edge"
    wheels = str(artifact / "wheels")
    artifact.mkdir()
    pins = shutil.copy(root / "constraints" / "run.txt", artifact)
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, str(root))
    only = ("--only-binary=:all:", "--require-hashes")
    run(*pip, "download", "-q", *only, "-r", str(pins), "--dest", wheels)
    return made


async def test_installs_runs_and_stops_on_a_mere_sigterm(nucleus: Nucleus) -> None:
    await asyncio.to_thread(run, "/bin/sh", "-c", nucleus.script("install"))
    state_dir = nucleus.work / "state"
    # A nucleus has no way to ask for more than SIGTERM: the shell must have become the gateway.
    gateway = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", nucleus.script("run")),
        cwd=nucleus.work,
        env={"PATH": os.defpath, "SVCUID": "a-token"},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        status = await first_status(gateway, state_dir, running, wall_s=START_S)
        assert status["version"] == nucleus.recipe["ComponentVersion"]
        assert program_of(gateway.pid)[1:6] == ["-I", *LEAN, "-m", "edge_agent"]
        gateway.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(gateway.wait(), STOP_S) == 0
    finally:
        if gateway.returncode is None:
            gateway.kill()
            await gateway.wait()


def program_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")


def running(status: dict[str, Any]) -> bool:
    return bool(status["counters"]["ticks"])
