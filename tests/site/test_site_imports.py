"""Loading a site stays light: pydantic and ruamel.yaml, and none of the heavy machinery."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "awscrt", "awsiot", "bacpypes3", "highspy", "httpx", "numpy", "paho", "pandas", "pymodbus",
    "pyomo", "sqlite3", "starlette",
)  # fmt: skip
MAX_RSS_MB = 60
SCRIPT = f"""
import sys
import edge_agent.site.load, edge_agent.tariff.prices, edge_agent.site.template
from edge_agent.site.examples import example_path
edge_agent.site.load.load_site(example_path("hotel.yaml"))
pages = int(open("/proc/self/statm").read().split()[1])
print(",".join(name for name in {HEAVY!r} if name in sys.modules), "pydantic" in sys.modules)
print(pages * 4096 / 1e6)
"""


def test_loading_a_site_is_light() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    modules, rss_mb = done.stdout.splitlines()
    assert modules == " True"
    assert float(rss_mb) < MAX_RSS_MB
