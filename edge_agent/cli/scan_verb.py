"""`semdr-edge scan modbus|bacnet|sunspec`: what answers on the wires of a plant."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from drivers.modbus_target import parse_url
from drivers.scan_modbus import Patience, hosts_of, unit_numbers
from drivers.types import DriverError, SetupError
from edge_agent.cli.attended import tell
from edge_agent.cli.span import parse_span
from edge_agent.clock import SystemClock
from edge_agent.commissioning.fieldwork import GatewayRunsError, alone
from edge_agent.commissioning.interrupt import ToldToStopError, until_told
from edge_agent.commissioning.scanning import (
    BacnetSearch,
    ModbusSearch,
    Place,
    Scan,
    SunSpecSearch,
    in_time,
)
from edge_agent.site.document import read_document
from edge_agent.site.schema import AgentSettings
from edge_agent.site.tree import at

INSTEAD = "stop it before you scan"
ALL_UNITS, FEW_UNITS, SUNSPEC_UNITS = "1-247", "1-5", "1-10,126"
BACNET_PORT = 47808


def main(options: Namespace) -> int:
    """0 when something answered, 1 when nothing did or the scan could not run, 2 for wrong use."""
    scan = Scan()
    try:
        within_s = parse_span(options.within).total_seconds()
        work = _work(options)
    except (ValueError, SetupError) as error:
        tell(f"semdr-edge: {error}")
        return 2
    try:
        with ExitStack() as stack:
            state_dir = _state_dir(options)
            if state_dir is not None and state_dir.is_dir():
                stack.enter_context(alone(state_dir, INSTEAD))
            asyncio.run(until_told(in_time(scan, work, within_s)))
    except ToldToStopError as error:
        scan.unreached.append(f"ended by {error}: this is not all")
    except (DriverError, GatewayRunsError) as error:
        tell(f"semdr-edge: {error}")
        return 1
    except OSError as error:
        tell(f"semdr-edge: {error.filename or ''}: {error.strerror or error}")
        return 1
    _show(options, scan)
    return 0 if scan.found else 1


def _state_dir(options: Namespace) -> Path | None:
    """Where a gateway of this machine would hold its lock; a site file in the making will do."""
    if options.state_dir is not None:
        return Path(options.state_dir)
    if not options.site.is_file():
        return None
    document = read_document(options.site, options.site.name).document
    named = at(document.data, ("agent", "state_dir")) if document is not None else None
    return Path(named if isinstance(named, str) else AgentSettings().state_dir)


def _work(options: Namespace) -> Callable[[Scan], Coroutine[Any, Any, None]]:
    match options.kind:
        case "modbus":
            return _modbus(options)
        case "sunspec":
            return _sunspec(options)
        case _:
            return _bacnet(options)


def _modbus(options: Namespace) -> Callable[[Scan], Coroutine[Any, Any, None]]:
    if options.where.startswith("serial:"):
        parse_url(options.where)
        place = Place(line=options.where)
    else:
        framing = "rtu+tcp" if options.rtu else "tcp"
        parse_url(f"{framing}://host:{options.port}")
        place = Place(hosts=hosts_of(options.where), port=options.port, framing=framing)
    units = options.units or (FEW_UNITS if len(place.hosts) > 1 else ALL_UNITS)
    return ModbusSearch(
        place=place,
        units=unit_numbers(units),
        patience=Patience(timeout_s=options.timeout),
        guess=options.profile_guess,
        clock=SystemClock(),
        tell=tell,
    ).run


def _sunspec(options: Namespace) -> Callable[[Scan], Coroutine[Any, Any, None]]:
    url = options.where
    if not url.startswith("serial:"):
        (host,) = hosts_of(url) if "/" not in url else (url,)
        url = f"tcp://{host}:{options.port}"
    parse_url(url)
    return SunSpecSearch(
        url=url,
        units=unit_numbers(options.units or SUNSPEC_UNITS),
        timeout_s=options.timeout,
        clock=SystemClock(),
        tell=tell,
    ).run


def _bacnet(options: Namespace) -> Callable[[Scan], Coroutine[Any, Any, None]]:
    listen = options.listen
    if ":" not in listen:
        listen = f"{listen}:{BACNET_PORT}"
    return BacnetSearch(
        listen=listen,
        address=options.to,
        timeout_s=options.timeout,
        clock=SystemClock(),
        tell=tell,
    ).run


def _show(options: Namespace, scan: Scan) -> None:
    if options.json:
        told = {"found": scan.found, "unreached": scan.unreached, "complete": scan.complete}
        print(json.dumps(told))
        return
    lines = {"modbus": _unit_line, "sunspec": _chain_lines, "bacnet": _device_lines}
    for row in scan.found:
        print(lines[options.kind](row))
    for text in scan.unreached:
        tell(f"not reached: {text}")
    if not scan.found:
        tell("nothing answered")


def _unit_line(row: dict[str, Any]) -> str:
    said = " ".join(row["said"].values())
    head = f"{row['url']} unit {row['unit']:>3} {row['answer']:<12} {row['round_trip_ms']:>6} ms"
    lines = [f"{head} {said}".rstrip()]
    if row.get("every_unit"):
        lines.append("    answers to every unit number")
    lines += [
        f"    {'is' if guess['sure'] else 'may be'} {guess['profile']}: {guess['why']}"
        for guess in row.get("profiles", ())
    ]
    return "\n".join(lines)


def _chain_lines(row: dict[str, Any]) -> str:
    who = " ".join(text for text in row["identity"].values() if text)
    lines = [f"unit {row['unit']} {who}: {', '.join(row['profiles']) or 'no profile fits'}"]
    for model in row["models"]:
        known = "" if model["known"] else " (not used here)"
        place = f"at {model['address']}, {model['length']} registers"
        lines.append(f"    model {model['number']:>5} {place}{known}")
    return "\n".join(lines)


def _device_lines(row: dict[str, Any]) -> str:
    who = " ".join(row[key] for key in ("manufacturer", "model", "name") if row.get(key))
    lines = [f"device {row['device_id']} at {row['address']} {who}".rstrip()]
    for one in row.get("objects", ()):
        value = "-" if one["value"] is None else f"{one['value']:g} {one['unit']}".rstrip()
        how = " commandable" if one["commandable"] else ""
        lines.append(f"    {one['object']:<24} {value:<18} {one['name']}{how}")
    return "\n".join(lines)
