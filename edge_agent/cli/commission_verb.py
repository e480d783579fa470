"""`semdr-edge commission SITE --by NAME`: step every actuator, and keep a signed report."""

from __future__ import annotations

import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

from edge_agent.cli.attended import Place, tell, work_there
from edge_agent.cli.span import parse_span
from edge_agent.commissioning.acceptance import FOLDER, accept
from edge_agent.commissioning.fieldwork import GatewayRunsError
from edge_agent.commissioning.person import AtTheTerminal, Nobody, Person, Yes
from edge_agent.commissioning.report import Finding, Report
from edge_agent.commissioning.walk import Walk, Wishes
from edge_agent.commissioning.watch import Pace
from edge_agent.keeping import store_options
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store

INSTEAD = "stop it before you commission"
REPORTS = "reports"
SAMPLES_IN_A_WAIT = 20.0
LONGEST_SAMPLE_S = 1.0


def main(options: Namespace) -> int:
    """0 when nothing is open (and, with --accept, the report is stored), 1 otherwise."""
    if not options.by.strip():
        tell("semdr-edge: --by: say who signs")
        return 2
    try:
        settle_s = parse_span(options.settle).total_seconds()
    except ValueError as error:
        tell(f"semdr-edge: --settle: {error}")
        return 2
    sample_s = min(LONGEST_SAMPLE_S, settle_s / SAMPLES_IN_A_WAIT)
    pace = Pace(settle_s=settle_s, sample_s=sample_s)
    try:
        return work_there(options, INSTEAD, partial(_commission, options, pace))
    except GatewayRunsError as error:
        tell(f"semdr-edge: {error}")
        return 1


async def _commission(options: Namespace, pace: Pace, place: Place) -> int:
    devices = {device.id for device in place.loaded.site.devices}
    if options.only is not None and options.only not in devices:
        tell(f"semdr-edge: --only: no device {options.only} in {place.loaded.path.name}")
        return 1
    wishes = Wishes(
        by=options.by,
        report_dir=Path(options.report or place.state_dir / FOLDER / REPORTS),
        only=options.only,
        without_person=options.without_person or "",
        pace=pace,
    )
    store = await Store.open(
        place.state_dir / DATABASE, place.clock, store_options(place.loaded.site)
    )
    try:
        walk = Walk(place.loaded, place.clock, wishes, _person(options), tell)
        try:
            await walk.run(store)
        finally:
            tell(f"report: {walk.json_file} and {walk.html_file.name}")
            if walk.report.broken_off:
                tell(_left(walk.report))
        report = walk.report
        if options.accept and not report.open_matters:
            report = walk.accepted()
            kept = accept(report, place.state_dir)
            text = f"commissioning {report.site_hash[:12]} accepted by {report.by}: {kept.name}"
            await store.audit("commissioning", text, place.clock.now())
    finally:
        await store.close()
    print(report.model_dump_json() if options.json else summary(report))
    return 1 if report.open_matters else 0


def _person(options: Namespace) -> Person:
    if options.yes:
        return Yes()
    if options.without_person or not sys.stdin.isatty():
        return Nobody()
    return AtTheTerminal(sys.stdin.fileno())


def _left(report: Report) -> str:
    """What a commissioning that broke off leaves at the devices."""
    if report.still_held:
        return f"BROKEN OFF, and not given back: {', '.join(report.still_held)}"
    return f"broken off ({report.broken_off}): every point was given back, nothing is left written"


def summary(report: Report) -> str:
    """One screen."""
    lines = [f"{report.site}, {report.site_hash[:12]}, signed by {report.by}"]
    for row in report.actuators:
        mark = "good" if row.finding is Finding.PASSED else row.finding.replace("_", " ").upper()
        lines.append(f"  {row.point:<32} {mark:<12} {row.says}")
    if not report.open_matters:
        at = report.accepted_at
        done = "accepted" if at is not None else "nothing is open: --accept keeps it"
        return "\n".join([*lines, done])
    return "\n".join([*lines, "open:", *(f"  {matter}" for matter in report.open_matters)])
