"""The short-lived child that learns what forecasts rest on.

Reads a `FitRequest` as JSON on stdin, the site's past read-only from the store's file, and writes
`Learnt` as JSON to stdout. Exit code 0 done, 1 cannot be done (the reason on stderr), 2 wrong use.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import ValidationError

from edge_agent.forecasting.fit import fit_site
from edge_agent.forecasting.gather import fit_points, gather
from edge_agent.forecasting.words import FIT_REQUEST, LEARNT
from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.store.reader import HistoryReader
from edge_agent.store.types import StoreError

ARGUMENTS = 2
HISTORY_DAYS = 366.0
POLITE = 10
"""Learning is in no hurry: it gives way to control and planning."""


def main(words: list[str]) -> int:
    """`python -I -m edge_agent.forecasting.child SITE DATABASE < request.json`."""
    if len(words) != ARGUMENTS:
        sys.stderr.write("usage: python -I -m edge_agent.forecasting.child SITE DATABASE\n")
        return 2
    os.nice(POLITE)
    try:
        request = FIT_REQUEST.validate_json(sys.stdin.buffer.read())
        loaded = load_site(Path(words[0]))
        reader = HistoryReader(Path(words[1]), days=HISTORY_DAYS)
        reader.advance(fit_points(loaded.site), request.at)
        past = gather(loaded.site, reader.series, request)
        del reader  # half of the memory: a year of quarters as plain numbers
        learnt = fit_site(loaded.site, past, request)
    except (SiteError, StoreError, ValidationError, OSError, ValueError, ArithmeticError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.buffer.write(LEARNT.dump_json(learnt))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
