from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge_agent.demo.iot_core import LocalIotCore, StandInError

if TYPE_CHECKING:
    from tests.cloud.conftest import OpenLink, Until


async def test_the_plug(own_cloud: LocalIotCore) -> None:
    assert own_cloud.plugged_in
    await own_cloud.pull_plug()
    assert not own_cloud.plugged_in
    await own_cloud.plug_in()
    assert own_cloud.plugged_in
    assert own_cloud.received() == []


async def test_a_taken_port_is_said(own_cloud: LocalIotCore, tmp_path: Path) -> None:
    second = LocalIotCore(tmp_path / "second", own_cloud.port)
    with pytest.raises(StandInError, match=f"port {own_cloud.port}"):
        await second.start()
    assert not second.plugged_in


async def test_what_is_no_telemetry_is_counted(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    link = await open_link(own_cloud.port, "stranger")
    await link.publish("devices/gw_1/batch/measurement", b"{}")
    other = b'{"format":1,"gateway":"x","boot":1,"covers":[1,1],"seq":[],"at_ms":[],"devices":{}}'
    await link.publish("devices/gw_1/batch/measurement", other)
    await until(lambda: own_cloud.counts().get("rejected") == 2)
    assert own_cloud.received() == []


@pytest.mark.parametrize("module", ["iot_broker", "iot_service"])
def test_no_process_outlives_whoever_started_it(
    module: str, free_port: int, tmp_path: Path
) -> None:
    arguments = ["--port", str(free_port), "--tied"]
    if module == "iot_service":
        arguments += ["--thing", "gw", "--dir", str(tmp_path)]
    command = [sys.executable, "-I", "-m", f"edge_agent.demo.{module}", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
