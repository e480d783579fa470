"""Options of the verbs with which a person works at the devices: scan, read, write, commission."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

DEFAULT_SITE = "/etc/semdr/config.yaml"
LONGEST_WAIT_S = 60.0


def add_field_options(
    scan: ArgumentParser, read: ArgumentParser, write: ArgumentParser, commission: ArgumentParser
) -> None:
    """Everything but SITE, --state-dir and --json of the last three."""
    _scan(scan)
    read.add_argument("device", metavar="DEVICE")
    read.add_argument("--point", metavar="NAME", help="this one only")
    read.add_argument(
        "--try-orders", action="store_true", help="the four byte and word orders side by side"
    )
    write.add_argument("device", metavar="DEVICE")
    write.add_argument("point", metavar="POINT")
    write.add_argument("value", metavar="VALUE", type=float)
    write.add_argument(
        "--for",
        dest="span",
        required=True,
        metavar="SPAN",
        help="such as 5m; then it is given back",
    )
    someone = os.environ.get("USER") or "operator"
    write.add_argument("--by", "--person", dest="person", default=someone, metavar="NAME")
    _commission(commission)


def _scan(scan: ArgumentParser) -> None:
    kinds = scan.add_subparsers(dest="kind", metavar="WIRE", required=True)
    modbus = kinds.add_parser("modbus", help="unit numbers of a host, a network or a serial line")
    modbus.add_argument("where", metavar="HOST[/24]|serial:/dev/...")
    modbus.add_argument("--port", type=int, default=502)
    modbus.add_argument("--rtu", action="store_true", help="RTU frames over TCP")
    modbus.add_argument("--profile-guess", action="store_true", help="say which profiles fit")
    sunspec = kinds.add_parser("sunspec", help="common block and models of a SunSpec device")
    sunspec.add_argument("where", metavar="HOST|serial:/dev/...")
    sunspec.add_argument("--port", type=int, default=502)
    bacnet = kinds.add_parser("bacnet", help="devices that answer a Who-Is, with their objects")
    bacnet.add_argument("--listen", required=True, metavar="IP/24[:PORT]", help="our own address")
    bacnet.add_argument("--to", metavar="HOST:PORT", help="ask this device instead of broadcasting")
    for kind in (modbus, sunspec):
        kind.add_argument("--units", metavar="1-247", help="unit numbers, such as 1-10,126")
    default = Path(os.environ.get("SEMDR_CONFIG_PATH", DEFAULT_SITE))
    for kind, timeout_s in ((modbus, 0.3), (sunspec, 1.0), (bacnet, 2.0)):
        kind.add_argument("--timeout", type=_seconds, default=timeout_s, help="for an answer")
        kind.add_argument("--within", default="5m", metavar="SPAN", help="time for all of it")
        kind.add_argument("--site", type=Path, default=default, help="to find its state_dir")
        kind.add_argument("--state-dir", type=Path, help="where a gateway here keeps its state")
        kind.add_argument("--json", action="store_true")


def _commission(commission: ArgumentParser) -> None:
    commission.add_argument("--by", required=True, metavar="NAME", help="who signs")
    commission.add_argument("--accept", action="store_true", help="keep the report if all is well")
    commission.add_argument("--report", type=Path, metavar="DIR", help="where the report goes")
    commission.add_argument("--only", metavar="DEVICE", help="try the points of this device only")
    commission.add_argument("--settle", default="20s", metavar="SPAN", help="wait for a step")
    people = commission.add_mutually_exclusive_group()
    people.add_argument("--yes", action="store_true", help="answer yes to every question")
    people.add_argument(
        "--without-person", metavar="REASON", help="leave out what needs a person, and why"
    )


def _seconds(text: str) -> float:
    """How long an answer may take."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_WAIT_S:
        msg = f"{text!r}: choose more than 0 s and at most {LONGEST_WAIT_S:g}"
        raise ArgumentTypeError(msg)
    return seconds
