"""`semdr-edge read SITE DEVICE`: what a device says now, raw and decoded."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from drivers.codec import Order
from drivers.profile import RegisterProfile, load_profile
from drivers.types import Driver, Reading
from edge_agent.cli.attended import Place, tell, work_there
from edge_agent.cli.local_api import NotRunningError, ask
from edge_agent.commissioning.fieldwork import GatewayRunsError, first_readings, opened
from edge_agent.commissioning.look import judged
from edge_agent.commissioning.orders import OrderView, order_views
from edge_agent.site.load import load_site

INSTEAD = "stop it, or leave out --try-orders to see what it read last"


def main(options: Namespace) -> int:
    """0 when every point asked for is as it should be, 1 when one is not."""
    try:
        return work_there(options, INSTEAD, partial(_read, options))
    except GatewayRunsError as error:
        if options.try_orders:
            tell(f"semdr-edge: {error}")
            return 1
        return _from_gateway(options)


async def _read(options: Namespace, place: Place) -> int:
    site = place.loaded.site
    if options.device not in {device.id for device in site.devices}:
        known = ", ".join(device.id for device in site.devices)
        tell(f"semdr-edge: no device {options.device}; there are {known}")
        return 1
    async with opened(site, place.clock, {options.device}) as drivers:
        driver = drivers[options.device]
        names = _names(options, driver)
        if not names:
            tell(f"semdr-edge: {options.device} has no point {options.point}")
            return 1
        await first_readings(site, options.device, driver)
        rows, readings = [], []
        for name in names:
            asked_s = place.clock.monotonic_s()
            (reading,) = await driver.read((name,))
            round_trip_ms = 1000 * (place.clock.monotonic_s() - asked_s)
            age_s = (place.clock.now() - reading.at).total_seconds()
            readings.append(reading)
            rows.append(_row(reading, age_s, round_trip_ms))
    orders = _orders(options, place, readings)
    if options.json:
        told = [asdict(view) for view in orders]
        print(json.dumps({"source": "device", "points": rows, "orders": told}))
    else:
        print(table(rows))
        if options.try_orders:
            print(_orders_table(orders))
    points = {point.name: point for point in driver.points}
    judged_rows = judged(site, site.device(options.device), points, readings)
    return 0 if all(row.good for row in judged_rows) else 1


def _names(options: Namespace, driver: Driver) -> tuple[str, ...]:
    names = tuple(point.name for point in driver.points)
    return names if options.point is None else tuple(n for n in names if n == options.point)


def _row(reading: Reading, age_s: float, round_trip_ms: float | None) -> dict[str, Any]:
    return {
        "point": reading.key,
        "value": reading.value,
        "unit": reading.unit,
        "quality": reading.quality.value,
        "reason": reading.reason,
        "age_s": round(max(0.0, age_s), 3),
        "raw": list(reading.raw),
        "round_trip_ms": None if round_trip_ms is None else round(round_trip_ms, 1),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """One line a point."""
    lines = [f"{'point':<36} {'value':>12} {'unit':<8} {'age':>7} {'ms':>6} {'quality':<15} raw"]
    for row in rows:
        value = "-" if row["value"] is None else f"{row['value']:.6g}"
        age = "-" if row["age_s"] is None else f"{row['age_s']:.1f}s"
        ms = "-" if row["round_trip_ms"] is None else f"{row['round_trip_ms']:.1f}"
        raw = " ".join(f"{word:04X}" for word in row["raw"])
        head = f"{row['point']:<36} {value:>12} {row['unit']:<8} {age:>7} {ms:>6}"
        lines.append(f"{head} {row['quality']:<15} {raw} {row['reason']}".rstrip())
    return "\n".join(lines)


def _orders(options: Namespace, place: Place, readings: list[Reading]) -> tuple[OrderView, ...]:
    """The four orders of each point that takes several registers."""
    name = place.loaded.site.device(options.device).profile
    profile = None if name is None else load_profile(name)
    if not options.try_orders:
        return ()
    if not isinstance(profile, RegisterProfile):
        tell(f"{options.device} has no register profile: its order is fixed by the protocol")
        return ()
    return order_views(profile, readings)


def _orders_table(views: tuple[OrderView, ...]) -> str:
    """The four orders side by side; `*` is believable, brackets are what the profile says."""
    lines = [f"{'point':<24} {'unit':<6}" + "".join(f"{order:>18}" for order in Order)]
    for view in views:
        cells = []
        for order in Order:
            value = view.values[order]
            text = "-" if value is None else f"{value:.6g}"
            text = f"[{text}]" if order is view.configured else text
            cells.append(f"{text}{'*' if order in view.likely else ' '}")
        lines.append(f"{view.point:<24} {view.unit:<6}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


def _from_gateway(options: Namespace) -> int:
    """What the running gateway read last: the bus is not asked again."""
    folder = options.state_dir or load_site(options.site).site.agent.state_dir
    try:
        status = ask(Path(folder), "/api/status").json()
    except NotRunningError as error:
        tell(f"semdr-edge: {error}")
        return 1
    found = [device for device in status["devices"] if device["device"] == options.device]
    rows = [
        point | {"point": key, "raw": [], "round_trip_ms": None}
        for device in found
        for point in device["points"]
        if (key := _key(options.device, point["point"]))
        and options.point in (None, key.split(".")[1])
    ]
    if not rows:
        tell(f"semdr-edge: the running gateway knows no such device or point: {options.device}")
        return 1
    if options.json:
        print(json.dumps({"source": "gateway", "points": rows, "orders": []}))
    else:
        tell("the gateway runs: this is what it read last")
        print(table(rows))
    sys.stdout.flush()
    return 0 if all(row["quality"] in ("good", "uncertain") for row in rows) else 1


def _key(device: str, point: str) -> str:
    return point if "." in point else f"{device}.{point}"
