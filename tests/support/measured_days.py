"""Days of measurements in a real store, as the agent would have committed them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from field_images import reading

from edge_agent.clock import ManualClock
from edge_agent.store.store import Store

MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)
FURNISHED = {"chiller.power": 6.0, "sky.temperature": 24.0, "sky.solar_irradiance": 300.0}


def load_kw(at: datetime) -> float:
    """80 kW on average, most in the afternoon."""
    return 80.0 + 30.0 * math.sin((at.hour + at.minute / 60 - 9) / 12 * math.pi)


async def measure(path: Path, more: Mapping[str, float], *, days: float = 2.0) -> datetime:
    """Fill the store at `path` with readings every five minutes; returns the moment after them."""
    clock = ManualClock(MIDNIGHT)
    store = await Store.open(path, clock)
    for step in range(round(days * 288)):
        at = MIDNIGHT + timedelta(minutes=5 * step)
        now = {"meter.power": load_kw(at), "battery.power": 0.0, "inverter.ac_power": 0.0, **more}
        store.append([reading(key, value, at=at) for key, value in now.items()])
        if step % 12 == 11:
            await clock.advance((at - clock.now()).total_seconds())
            await store.commit()
    await store.close()
    return MIDNIGHT + timedelta(days=days)
