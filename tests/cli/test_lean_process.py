"""What the agent's process must not load, and that its memory goes back to the system."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bacnet_peek import free_udp_port
from small_house import free_tcp_port, write_site

BUILD = """
import gc, json, sys
from pathlib import Path
from edge_agent.memory import give_back, no_line_editor, one_heap, settle
heap = one_heap()
no_line_editor()
from edge_agent.cli import run_verb
from edge_agent.clock import SystemClock
from edge_agent.cloud_link import build_cloud
from edge_agent.fields import build_drivers
from edge_agent.site.load import load_site
site = load_site(Path(sys.argv[1])).site
drivers = build_drivers(site, SystemClock())
before = len(gc.get_objects())
settle()
names = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
print(json.dumps({
    "modules": sorted(names), "heap": heap, "given_back": give_back(), "devices": sorted(drivers),
    "watched_share": len(gc.get_objects()) / before, "frozen": gc.get_freeze_count(),
}))
"""
NEVER = frozenset(
    {
        *("pyomo", "highspy", "numpy", "scipy", "pandas", "sklearn", "pvlib", "sqlite_utils"),
        *("entsoe", "holidays", "requests", "httpx", "matplotlib", "dask", "distributed"),
        *("iotcore", "unittest", "readline", "httptools", "websockets", "uvloop"),
    }
)
WIRES = frozenset({"awscrt", "awsiot", "bacpypes3", "paho", "pymodbus"})


def built(site: Path) -> dict[str, Any]:
    words = [sys.executable, "-I", "-c", BUILD, str(site)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("site")
    return built(write_site(folder, free_tcp_port(), free_udp_port()))


def test_what_belongs_to_others_is_not_loaded(found: dict[str, Any]) -> None:
    assert found["devices"]
    assert not NEVER & set(found["modules"])


def test_a_wire_is_loaded_only_where_the_site_has_it(found: dict[str, Any]) -> None:
    assert WIRES & set(found["modules"]) == {"bacpypes3", "pymodbus"}


def test_what_stands_after_the_start_is_not_searched_for_garbage(found: dict[str, Any]) -> None:
    assert found["watched_share"] < 0.01
    assert found["frozen"] > 10_000


def test_the_c_library_takes_the_wishes_about_its_heap(found: dict[str, Any]) -> None:
    assert found["heap"] is True
    assert isinstance(found["given_back"], bool)
