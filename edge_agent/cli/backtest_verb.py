"""`semdr-edge backtest SITE --data FILE`: what the agent would have saved on measured data."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.backtest.run import Run
    from edge_agent.backtest.tasks import Order

BAR = 30


def add_options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="CSV with time,load_kw,price_import_per_kwh ...; more than one are played in parallel",
    )
    parser.add_argument(
        "--also",
        nargs=2,
        action="append",
        default=[],
        metavar=("SITE", "FILE"),
        help="a further site with its data, in parallel",
    )
    parser.add_argument(
        "--start", metavar="ISO", help="first moment played; what is before teaches"
    )
    parser.add_argument("--end", metavar="ISO", help="moment after the last; UTC without an offset")
    parser.add_argument(
        "--forecast", choices=("own", "perfect", "perfect-day", "persistence"), default="own"
    )
    parser.add_argument(
        "--building",
        action="store_true",
        help="zones, tanks and switched loads as a simulated building under the file's weather",
    )
    parser.add_argument("--report", type=Path, metavar="HTML", help="write a page with pictures")
    parser.add_argument("--full", action="store_true", help="2 and 10 %% meter noise as well")
    parser.add_argument("--seed", type=int, default=1, help="of the meter's noise")
    parser.add_argument(
        "--engine",
        default="processes",
        metavar="NAME",
        help="processes, or dask://host:port of a running dask scheduler",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes; default one per core")
    parser.add_argument("--json", action="store_true")


def main(options: Namespace) -> int:
    """0 when every run was made; 1 when data or site are bad; 2 for a wrong option."""
    from edge_agent.backtest.errors import BacktestError, DataFileError
    from edge_agent.site.mistakes import SiteError

    try:
        if options.building:
            from edge_agent.cli.backtest_building import play_and_tell

            span = _moment(options.start), _moment(options.end)
            return play_and_tell(options, span, _Bar().show)
        orders = _orders(options)
        runs = _played(orders, options)
    except ValueError as error:
        return _refuse([str(error)], code=2)
    except SiteError as error:
        return _refuse([str(mistake) for mistake in error.mistakes])
    except DataFileError as error:
        return _refuse(list(error.mistakes))
    except BacktestError as error:
        return _refuse([str(error)])
    return _tell(runs, options)


def _refuse(mistakes: list[str], code: int = 1) -> int:
    print("\n".join(f"semdr-edge backtest: {text}" for text in mistakes), file=sys.stderr)
    return code


def _orders(options: Namespace) -> list[Order]:
    from edge_agent.backtest.case import Span, case_of
    from edge_agent.backtest.data_file import read_data_file
    from edge_agent.backtest.sight import ForecastKind
    from edge_agent.backtest.tasks import Order
    from edge_agent.site.load import load_site

    if options.report is not None and not options.report.parent.is_dir():
        msg = f"--report: there is no folder {options.report.parent}"
        raise ValueError(msg)
    span = Span(start=_moment(options.start), end=_moment(options.end))
    pairs = [(options.site, file) for file in options.data]
    pairs += [(Path(site), Path(file)) for site, file in options.also]
    orders = []
    for site, file in pairs:
        data = read_data_file(file)
        if data.ignored:
            print(f"{file.name}: not used: {', '.join(data.ignored)}", file=sys.stderr)
        orders.append(
            Order(
                case=case_of(load_site(site), data, span),
                data=file.name,
                forecast=ForecastKind(options.forecast),
                full=options.full,
                seed=options.seed,
            )
        )
    return orders


def _moment(text: str | None) -> datetime | None:
    """Raises ValueError for what is no ISO time."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _played(orders: list[Order], options: Namespace) -> list[Run]:
    from edge_agent.backtest.engine import executor_of, play_all

    with executor_of(options.engine, options.workers) as executor:
        runs = play_all(orders, executor, _Bar().show)
    print(file=sys.stderr)
    return runs


class _Bar:
    """A bar on standard error, drawn anew when it has grown."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, share: float) -> None:
        full = round(BAR * share)
        bar = f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}"
        if bar != self._shown:
            print(f"\r{bar}", end="", file=sys.stderr, flush=True)
        self._shown = bar


def _tell(runs: list[Run], options: Namespace) -> int:
    from edge_agent.backtest.figures import figures, lines
    from edge_agent.backtest.report import page

    if options.json:
        found = [figures(run) for run in runs]
        print(json.dumps(found[0] if len(found) == 1 else {"runs": found}))
    else:
        print("\n".join(line for run in runs for line in lines(run)))
    if options.report is not None:
        try:
            options.report.write_text(page(runs), encoding="utf-8")
        except OSError as error:
            return _refuse([f"the report {options.report} cannot be written: {error.strerror}"])
    return 0
