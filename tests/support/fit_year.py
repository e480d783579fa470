"""Fits a site on a whole year of quarters in this process; prints peak RSS in MB and seconds.

`python fit_year.py SITE`: a process of its own, so that its memory is the fitting child's.
"""

from __future__ import annotations

import json
import math
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.forecasting.fit import fit_site
from edge_agent.forecasting.gather import gather
from edge_agent.forecasting.words import LEARNT, FitRequest
from edge_agent.site.load import load_site
from edge_agent.store.reader import QuarterSeries

END = datetime(2026, 6, 1, tzinfo=UTC)
QUARTERS = 365 * 96


def quarter(key: str, index: int) -> float:
    """A value that goes with the day, the week and the season."""
    day, year = index / 96 % 1, index / QUARTERS
    light = max(0.0, math.sin((day - 0.25) * 2 * math.pi))
    match key.split(".")[1]:
        case "ac_power":
            return 50.0 * light * (0.3 + 0.7 * abs(math.sin(index // 96 * 1.7)))
        case "soc":
            return 50.0 + 30.0 * math.sin(day * 2 * math.pi)
        case "temperature":
            return 10.0 - 8.0 * math.cos(year * 2 * math.pi) + 4.0 * light
        case _:
            return 60.0 + 30.0 * light * (index // 96 % 7 < 5) + 5.0 * math.sin(index * 1.3)


def main() -> None:
    """Read, fit, print."""
    site = load_site(Path(sys.argv[1])).site
    first = int(END.timestamp()) - 900 * QUARTERS

    def read(key: str) -> QuarterSeries:
        # As the store's reader holds one point: two tables of plain numbers.
        known = range(0 if key.split(".")[1] == "power_limit" else QUARTERS)
        table = {first // 900 + i: quarter(key, i) for i in known}
        counts = dict.fromkeys(table, 1)
        return QuarterSeries([900 * q for q in table], list(table.values()), list(counts.values()))

    began_s = time.monotonic()
    past = gather(site, read, FitRequest(at=END))
    learnt = fit_site(site, past, FitRequest(at=END))
    seconds = time.monotonic() - began_s
    # What getrusage calls the peak includes that of the process it was forked from.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak_mb = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    size = len(LEARNT.dump_json(learnt))
    told = {"peak_mb": peak_mb, "seconds": seconds, "bytes": size, "notes": learnt.notes}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
