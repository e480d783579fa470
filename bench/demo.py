"""Two simulated hours of the hotel in one wall minute: what the thread through the house did."""

from __future__ import annotations

import json
import subprocess
import sys

SPANS = {False: ("60s", "120"), True: ("360s", "240")}


def main() -> int:
    """One JSON object of named figures; `--full` runs a whole day."""
    span, speed = SPANS["--full" in sys.argv]
    words = ["-I", "-m", "edge_agent", "demo", "--for", span, "--speed", speed, "--json"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    figures = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(figures))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
