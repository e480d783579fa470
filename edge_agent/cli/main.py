"""The verbs and their options; exit code 0 good, 1 the thing asked about is bad, 2 wrong use."""

from __future__ import annotations

import argparse
import importlib
import math
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.house import HouseError, check_house

DEFAULT_SITE = "/etc/semdr/config.yaml"
GOOD, BAD, WRONG_USE = 0, 1, 2


def run(words: Sequence[str]) -> int:
    """Run one verb."""
    try:
        check_house()
    except HouseError as error:
        sys.stderr.write(f"semdr-edge: {error}\n")
        return BAD
    # The parser of some verbs imports `drivers`: only once it is known whose they are.
    options = build_parser().parse_args(words)
    verb = importlib.import_module(f"edge_agent.cli.{options.module}")
    code = verb.main(options)
    return code if isinstance(code, int) else BAD


def build_parser() -> argparse.ArgumentParser:
    """All verbs."""
    parser = argparse.ArgumentParser(
        prog="semdr-edge", description="On-site energy gateway: measures, plans, steers, syncs."
    )
    parser.add_argument("--version", action="version", version=version("semdr-edge"))
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _site_verbs(verbs)
    _field_verbs(verbs)
    _live_verbs(verbs)
    _data_verbs(verbs)
    _demo_verb(verbs)
    _profiles_verb(verbs)
    _backtest_verb(verbs)
    return parser


if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - has no public name


def _verb(verbs: Verbs, name: str, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(module=f"{name}_verb")
    return parser


def _site_verbs(verbs: Verbs) -> None:
    init = _verb(verbs, "init", "write a commented site file to start from")
    init.add_argument("site", type=Path, metavar="SITE")
    check = _verb(verbs, "check", "read a site file and print every mistake with its line")
    _site_argument(check)
    check.add_argument("--json", action="store_true")
    check.add_argument("--online", action="store_true", help="ask every device, too")
    check.add_argument("--state-dir", type=Path, help="where the gateway keeps its state")
    start = _verb(verbs, "run", "run the gateway until it is told to stop")
    _site_argument(start)
    start.add_argument("--state-dir", type=Path, help="instead of the site file's agent.state_dir")
    start.add_argument("--tied", action="store_true", help="stop when standard input closes")
    start.add_argument("--clock", help="plant time SPEED@MONOTONIC_S=ISO_START (the demo's)")


def _site_argument(parser: argparse.ArgumentParser) -> None:
    default = Path(os.environ.get("SEMDR_CONFIG_PATH", DEFAULT_SITE))
    parser.add_argument("site", type=Path, metavar="SITE", nargs="?", default=default)


def _field_verbs(verbs: Verbs) -> None:
    from edge_agent.cli.field_options import add_field_options

    scan = _verb(verbs, "scan", "what answers on the wires of a plant; nothing is written")
    read = _verb(verbs, "read", "what a device says now, raw and decoded")
    write = _verb(verbs, "write", "hold a value for a while, read it back and give it back")
    commission = _verb(verbs, "commission", "step every actuator and keep a signed report")
    for parser in (read, write, commission):
        _site_argument(parser)
    add_field_options(scan, read, write, commission)
    for parser in (read, write, commission):
        parser.add_argument("--state-dir", type=Path, help="where the gateway keeps its state")
        parser.add_argument("--json", action="store_true")


def _live_verbs(verbs: Verbs) -> None:
    status = _verb(verbs, "status", "how the running gateway is; with POINT, who controls it")
    status.add_argument("point", nargs="?", metavar="POINT")
    plan = _verb(verbs, "plan", "the plan in force, and why")
    release = _verb(verbs, "release", "give a point back to its device and keep the plan off it")
    release.add_argument("point", metavar="POINT")
    release.add_argument("--for", dest="span", default="1h", metavar="SPAN", help="such as 30m")
    someone = os.environ.get("USER") or "operator"
    release.add_argument("--by", "--person", dest="person", default=someone, metavar="NAME")
    release.add_argument("--reason", default="released by hand")
    override = _verb(verbs, "override", "set a point by hand for a while, signed and with a reason")
    override.add_argument("point", metavar="POINT")
    override.add_argument("value", type=_finite, metavar="VALUE")
    override.add_argument("--for", dest="span", required=True, metavar="SPAN", help="such as 2h")
    override.add_argument("--reason", required=True)
    override.add_argument("--by", dest="person", default=os.environ.get("USER"), metavar="NAME")
    seen = _verb(verbs, "acknowledge", "say by name that an alarm has been seen")
    seen.add_argument("code", metavar="CODE")
    seen.add_argument("subject", metavar="SUBJECT", nargs="?", default="")
    seen.add_argument("--by", dest="person", default=os.environ.get("USER"), metavar="NAME")
    seen.add_argument("--note", default="")
    audit = _verb(verbs, "audit", "what was decided, written and released, newest last")
    audit.add_argument("--count", type=int, default=30)
    for parser in (status, plan, release, override, seen, audit):
        _place_arguments(parser)


def _finite(text: str) -> float:
    msg = f"{text!r} is no number a point can be set to"
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(msg) from error
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(msg)
    return value


def _place_arguments(parser: argparse.ArgumentParser) -> None:
    default = Path(os.environ.get("SEMDR_CONFIG_PATH", DEFAULT_SITE))
    parser.add_argument("--site", type=Path, default=default, help="to find its state_dir")
    parser.add_argument("--state-dir", type=Path, help="where the gateway keeps its state")
    parser.add_argument("--json", action="store_true")


def _data_verbs(verbs: Verbs) -> None:
    export = _verb(verbs, "export", "readings and roll-ups as CSV, JSON or Parquet")
    export.add_argument("--points", metavar="A.B,C.D", help="names, or patterns such as 'meter.*'")
    export.add_argument("--since", metavar="ISO|SPAN", help="such as 2026-01-31T12:00Z or 7d")
    export.add_argument("--until", metavar="ISO|SPAN", help="default now; UTC without a zone")
    export.add_argument("--step", choices=("raw", "5min", "15min", "1h"), default="raw")
    export.add_argument("--format", choices=("csv", "parquet", "json"), default="csv")
    export.add_argument("--out", type=Path, metavar="FILE", help="instead of standard output")
    export.add_argument("--all", action="store_true", help="all there is, to the folder or tar OUT")
    backup = _verb(
        verbs, "backup", "copy the state directory to a new folder, agent running or not"
    )
    backup.add_argument("to", type=Path, metavar="TO")
    restore = _verb(verbs, "restore", "put a backup back; the agent must be stopped")
    restore.add_argument("backup", type=Path, metavar="FROM")
    restore.add_argument("--force", action="store_true", help="put aside the store that is there")
    wipe = _verb(verbs, "wipe", "remove all data of the gateway; the agent must be stopped")
    wipe.add_argument("--yes", metavar="SITE_ID", help="confirm by the id of the site")
    for parser in (export, backup, restore, wipe):
        _place_arguments(parser)


def _demo_verb(verbs: Verbs) -> None:
    demo = _verb(verbs, "demo", "a simulated hotel on real wires, and the real gateway steering it")
    demo.add_argument(
        "--for", dest="span", metavar="SPAN", help="end by itself, such as 10m (wall)"
    )
    demo.add_argument("--speed", type=float, default=60.0, help="plant seconds per wall second")
    demo.add_argument("--start", help="plant time at the start, ISO; default today 08:00 local")
    demo.add_argument("--offline-after", metavar="SPAN", help="pull the cloud's plug (wall)")
    demo.add_argument("--online-after", metavar="SPAN", help="put it back in (wall)")
    demo.add_argument("--dir", type=Path, help="keep the demo's files here")
    demo.add_argument("--seed", type=int, default=1, help="of the hotel's weather and people")
    demo.add_argument("--json", action="store_true", help="print one JSON object at the end")


def _profiles_verb(verbs: Verbs) -> None:
    profiles = _verb(verbs, "profiles", "the devices the gateway knows, and whether a map is sound")
    actions = profiles.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every profile in a line")
    listing.add_argument("--markdown", action="store_true", help="as the page docs/devices.md")
    showing = actions.add_parser("show", help="one profile with all its points")
    showing.add_argument("name", metavar="NAME")
    linting = actions.add_parser(
        "lint", help="what is wrong with a profile; all of them without FILE"
    )
    linting.add_argument("file", type=Path, nargs="?", metavar="FILE")
    for action in (listing, showing, linting):
        action.add_argument("--json", action="store_true")


def _backtest_verb(verbs: Verbs) -> None:
    from edge_agent.cli.backtest_verb import add_options

    backtest = _verb(verbs, "backtest", "what would have been saved on measured data, and why")
    _site_argument(backtest)
    add_options(backtest)
