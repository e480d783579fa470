"""An idle gateway: 100 devices polled each minute, control off, the real program on the wire."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.field_parts.rig import ROOT, serving_process

DEVICES = 100
POLL_S = 60
SETTLE_S = 45.0
WATCHED_S = 75.0
STOP_S = 20.0
TAIL = 500
"""Characters of the log that say why the gateway ended."""
_TICKS = os.sysconf("SC_CLK_TCK")

_SITE = """
site: {{id: idle, timezone: Europe/Berlin, latitude: 52.5, longitude: 13.4, currency: EUR}}
agent: {{state_dir: {state}, control: off, web_port: 0}}
links:
  field: {{protocol: modbus, url: "tcp://127.0.0.1:{port}"}}
devices:
{devices}
assets:
  grid: {{meter: d1.power, import_limit_kw: 100, export_limit_kw: 0, tariff: {tariff}}}
planning: {{grid: graded, horizon_h: 24, every_min: 15}}
cloud: {{transport: none}}
"""


def _cpu_s(group: int) -> float:
    """CPU seconds so far of every process of a group, its reaped children included."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = text.rpartition(")")[2].split()
        if int(fields[2]) == group:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICKS


def _site(folder: Path, port: int) -> Path:
    """The site file; every unit is a meter."""
    lines = [
        f"  - {{id: d{n}, type: smart_meter, link: field, profile: eastron_sdm630, unit: {n}, "
        f"poll_s: {POLL_S}}}"
        for n in range(1, DEVICES + 1)
    ]
    path = folder / "site.yaml"
    tariff = ROOT / "examples/tariffs/flat.yaml"
    text = _SITE.format(state=folder / "state", port=port, devices="\n".join(lines), tariff=tariff)
    path.write_text(text)
    return path


def idle_core_share() -> float:
    """CPU of the whole program, all its processes, as a share of one core while it idles."""
    with TemporaryDirectory() as name, serving_process("meters", DEVICES) as port:
        return _watch(_site(Path(name), port))


def _watch(site: Path) -> float:
    """Start the gateway, let it settle, and look at it for a while."""
    words = [sys.executable, "-I", "-m", "edge_agent", "run", str(site)]
    log = site.with_suffix(".log")
    with (
        log.open("wb") as output,
        subprocess.Popen(words, stdout=output, stderr=output, start_new_session=True) as agent,
    ):
        try:
            time.sleep(SETTLE_S)
            before_s, started_s = _cpu_s(agent.pid), time.monotonic()
            time.sleep(WATCHED_S)
            used_s, watched_s = _cpu_s(agent.pid) - before_s, time.monotonic() - started_s
            if agent.poll() is not None:
                msg = f"the gateway ended with {agent.returncode}: {log.read_text()[-TAIL:]}"
                raise RuntimeError(msg)
            return used_s / watched_s
        finally:
            agent.send_signal(signal.SIGTERM)
            agent.wait(STOP_S)
