"""The gateway's own planning worker on a site of ten zones, 24 h in steps of 5 min: what it holds.

Everything is in it: site file, tariff, a week of history, forecasts, optimiser, JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from measured_days import measure
from small_house import furnished, write_site

from bench.optimiser_parts.sure import sure
from edge_agent.plan_words import PlanRequest, Reality
from edge_agent.worker_client import WorkerClient, worker_command
from models.types import BatteryState, DemandTerm, ZoneState

BUDGET_S = 60.0
"""It is memory that counts here: on a busy machine the first plan's compiling takes its time."""
PLANS = 5
MEASURED = {"chiller.power": 30.0, "sky.temperature": 29.0, "sky.solar_irradiance": 300.0}


def gateway_worker(folder: Path, zones: int = 10) -> dict[str, float]:
    """The most memory the worker has held over several plans, a quarter of an hour apart."""
    place = folder / "gateway"
    (place / "state").mkdir(parents=True)
    site = write_site(place, change=_with_rooms(zones))
    return {"gateway_worker_rss_mb_24h": round(asyncio.run(_peak_mb(site, zones)), 1)}


def _with_rooms(zones: int) -> Callable[[dict[str, Any]], None]:
    """A change of the small site: so many rooms, planned every five minutes for a day."""

    def change(site: dict[str, Any]) -> None:
        furnished(site)
        like = {key: site["devices"][4][key] for key in ("link", "address", "poll_s")}
        for number in range(1, zones):
            room = {"temperature": {"object": f"analog-input,{100 + number}", "unit": "degC"}}
            coil = {
                "object": f"analog-value,{100 + number}",
                "unit": "degC",
                "access": "rw",
                "safe": [19, 25],
            }
            site["devices"] += [
                {"id": f"room_{number}", "type": "temperature_sensor", "points": room} | like,
                {"id": f"fcu_{number}", "type": "controller", "points": {"setpoint": coil}} | like,
            ]
            site["assets"]["hvac"]["zones"].append(
                {
                    "id": f"hall_{number}",
                    "temperature": f"room_{number}.temperature",
                    "setpoint": f"fcu_{number}.setpoint",
                }
            )
        site["planning"] = {"grid": "even", "step_min": 5, "horizon_h": 24, "time_limit_s": 10}

    return change


async def _peak_mb(site: Path, zones: int) -> float:
    """Plans from a worker of its own, and the peak the system has seen of it."""
    state = site.parent / "state"
    at = await measure(state / "edge.db", MEASURED, days=7.0)
    client = WorkerClient(worker_command(site, state, state / "edge.db"))
    try:
        for number in range(1, PLANS + 1):
            answer = await client.ask(_question(at, number, zones))
            sure(answer.plan is not None, answer.refusal)
        return _most_mb(client.pid)
    finally:
        await client.close()


def _most_mb(pid: int | None) -> float:
    """Peak of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 / 1e6


def _question(at: datetime, number: int, zones: int) -> PlanRequest:
    """A quarter of an hour later each time, rooms a little too warm."""
    names = ["hall", *(f"hall_{n}" for n in range(1, zones))]
    reality = Reality(
        at=at + timedelta(minutes=15 * number),
        batteries=(BatteryState(id="bat", soc_kwh=40.0 + number),),
        zones=tuple(
            ZoneState(id=name, temperature_c=23.0 + 0.1 * place) for place, name in enumerate(names)
        ),
        demand_terms=(DemandTerm(id="peak", price_per_kw=2.0, peak_so_far_kw=90.0),),
    )
    return PlanRequest(id=number, reality=reality, budget_s=BUDGET_S)
