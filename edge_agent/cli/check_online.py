"""What `check --online` adds: every device reached, the right one, every point plausible."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace

from edge_agent.cli.attended import Place, tell, work_there
from edge_agent.commissioning.fieldwork import GatewayRunsError, opened
from edge_agent.commissioning.look import look_at
from edge_agent.commissioning.report import DeviceRow, PointRow

INSTEAD = "`semdr-edge status` shows how its devices are"


def check_online(options: Namespace) -> int:
    """0 when every device and every point is as it should be."""
    try:
        return work_there(options, INSTEAD, lambda place: _check(options, place))
    except GatewayRunsError as error:
        tell(f"semdr-edge: {error}")
        return 1


async def _check(options: Namespace, place: Place) -> int:
    site = place.loaded.site
    async with opened(site, place.clock) as drivers:
        looks = [look_at(site, device, drivers[device.id]) for device in site.devices]
        found = await asyncio.gather(*looks)
    bad = any(row.problem or not all(point.good for point in points) for row, points in found)
    if options.json:
        devices = [
            row.model_dump(mode="json")
            | {"points": [point.model_dump(mode="json") for point in points]}
            for row, points in found
        ]
        print(json.dumps({"ok": not bad, "devices": devices}))
    else:
        for row, points in found:
            print("\n".join(_lines(row, points)))
    return 1 if bad else 0


def _lines(row: DeviceRow, points: tuple[PointRow, ...]) -> list[str]:
    """One line for the device, one for each point that is not as it should be."""
    good = sum(point.good for point in points)
    state = "BAD " if row.problem or good < len(points) else "good"
    head = f"{state} {row.device:<20} {row.profile or '-':<22} {good:>3}/{len(points):<3} points"
    lines = [f"{head} {row.problem or row.identity}"]
    if not row.reached:
        return lines
    for point in points:
        if not point.good:
            value = "-" if point.value is None else f"{point.value:.6g}"
            lines.append(f"       {point.point:<22} {value:>12} {point.unit} {point.reason}")
    return lines
