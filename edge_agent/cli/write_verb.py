"""`semdr-edge write SITE DEVICE POINT VALUE --for 5m`: held as a lease, read back, given back."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from datetime import timedelta
from functools import partial
from typing import Any

from drivers.types import Driver, Point, WriteOutcome
from edge_agent.cli.attended import Place, tell, work_there
from edge_agent.cli.span import parse_span
from edge_agent.commissioning.bounds import refusal
from edge_agent.commissioning.fieldwork import GatewayRunsError, opened
from edge_agent.commissioning.tenure import Tenure
from edge_agent.envelopes_of import envelopes
from edge_agent.keeping import store_options
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store

INSTEAD = "stop it before you write by hand"
LOOK_EVERY_S = 0.2
LONGEST = timedelta(hours=24)


def main(options: Namespace) -> int:
    """0 when the value was held and given back, 1 otherwise, 2 for a wrong span."""
    try:
        span = parse_span(options.span)
    except ValueError as error:
        tell(f"semdr-edge: --for: {error}")
        return 2
    if not timedelta(0) < span <= LONGEST:
        tell("semdr-edge: --for: more than nothing and at most 24h")
        return 2
    try:
        return work_there(options, INSTEAD, partial(_write, options, span.total_seconds()))
    except GatewayRunsError as error:
        tell(f"semdr-edge: {error}")
        return 1


async def _write(options: Namespace, span_s: float, place: Place) -> int:
    site = place.loaded.site
    if options.device not in {device.id for device in site.devices}:
        tell(f"semdr-edge: no device {options.device} in {place.loaded.path.name}")
        return 1
    store = await Store.open(place.state_dir / DATABASE, place.clock, store_options(site))
    try:
        async with opened(site, place.clock) as drivers:
            point, why = await _point(options, drivers[options.device])
            if point is not None:
                points = {one.key: one for driver in drivers.values() for one in driver.points}
                why = refusal(point, options.value, envelopes(site, points))
            if point is None or why:
                tell(f"semdr-edge: refused, nothing is written: {why}")
                return 1
            tenure = Tenure(drivers, store, place.clock, f"{options.person} at the command line")
            return await _course(options, point, tenure, place, span_s)
    finally:
        await store.close()


async def _point(options: Namespace, driver: Driver) -> tuple[Point | None, str]:
    """The point with the limits the device tells now, or why there is none."""
    names = [point.name for point in driver.points]
    if options.point not in names:
        return None, f"{options.device} has no point {options.point}; it has {', '.join(names)}"
    await driver.read((options.point,))
    return next(point for point in driver.points if point.name == options.point), ""


async def _course(
    options: Namespace, point: Point, tenure: Tenure, place: Place, span_s: float
) -> int:
    """Hold, watch, give back; what came of it is printed whatever ends it."""
    told: dict[str, Any] = {"point": point.key, "value": options.value, "unit": point.unit}
    ended = "told to stop"
    written: WriteOutcome | None = None
    try:
        async with tenure:
            await tenure.clear_left_over()
            written = await tenure.hold(point, options.value, "write by hand")
            tell(f"{point.key} = {options.value:g} {point.unit}: {_words(written)}")
            ended = await _wait(point, tenure, place, span_s) if written.result.holds else "failed"
    finally:
        last = tenure.outcomes.get(point.key)
        given_back = point.key not in tenure.kept
        told |= {
            "result": None if written is None else written.result.value,
            "readback": None if written is None else written.readback,
            "reason": "" if written is None else written.reason,
            "ended": ended,
            "released": None if last is None else last.result.value,
            "given_back": given_back,
        }
        if last is not None:
            tell(f"{point.key} given back: {_words(last)}")
        if not given_back:
            tell(f"{point.key} COULD NOT BE GIVEN BACK: it stands in the journal, the gateway "
                 "tries again when it starts")  # fmt: skip
        if options.json:
            print(json.dumps(told), flush=True)
    held = written is not None and written.result.holds
    return 0 if held and given_back and ended == "time" else 1


async def _wait(point: Point, tenure: Tenure, place: Place, span_s: float) -> str:
    """Until the time is over or somebody at the device takes the point; which of the two."""
    end_s = place.clock.monotonic_s() + span_s
    shown = tenure.outcomes[point.key]
    tell(f"held for {span_s:g} s; Ctrl-C gives it back at once")
    while place.clock.monotonic_s() < end_s:
        if tenure.overridden(point.key):
            return "overridden locally"
        newest = tenure.outcomes[point.key]
        if newest is not shown:
            tell(f"refreshed: {_words(newest)}")
            shown = newest
        left_s = end_s - place.clock.monotonic_s()
        await asyncio.sleep(min(LOOK_EVERY_S, max(0.0, left_s)))
    return "time"


def _words(outcome: WriteOutcome) -> str:
    readback = "" if outcome.readback is None else f", reads back {outcome.readback + 0.0:g}"
    return f"{outcome.result}{readback} {outcome.reason}".rstrip()
