"""`semdr-edge backtest SITE --building --data FILE`: the site's heat and cold without a battery."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime


def play_and_tell(
    options: Namespace,
    span: tuple[datetime | None, datetime | None],
    shown: Callable[[float], None],
) -> int:
    """Play the simulated building of every file and print what it saves; raises as its parts do."""
    from edge_agent.backtest.building_case import building_case
    from edge_agent.backtest.building_figures import building_figures, building_lines
    from edge_agent.backtest.building_run import pieces, play_building
    from edge_agent.backtest.case import Span
    from edge_agent.backtest.data_file import read_data_file
    from edge_agent.backtest.engine import executor_of
    from edge_agent.backtest.sight import ForecastKind
    from edge_agent.site.load import load_site

    if options.also or options.report is not None or options.full:
        msg = "--building goes without --also, --report and --full"
        raise ValueError(msg)
    loaded, forecast = load_site(options.site), ForecastKind(options.forecast)
    found = []
    with executor_of(options.engine, options.workers) as executor:
        for file in options.data:
            data = read_data_file(file)
            case = building_case(loaded, data, Span(start=span[0], end=span[1]), options.seed)
            run = play_building(case, pieces(case), forecast, executor, shown)
            print(file=sys.stderr)
            found.append((case, run))
    if options.json:
        told = [building_figures(case, run, forecast) for case, run in found]
        print(json.dumps(told[0] if len(told) == 1 else {"runs": told}))
    else:
        lines = [building_lines(case, run, forecast) for case, run in found]
        print("\n".join(line for some in lines for line in some))
    return 0
