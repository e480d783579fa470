"""Moist air: dew point, and when a cooling setback must end. Pure."""

from __future__ import annotations

import math

from edge_agent.envelope import Humidity
from edge_agent.guarding.sight import number, unseen
from edge_agent.snapshot import Snapshot

MAGNUS_A = 17.62
MAGNUS_B_C = 243.12
"""Over water, -45 to 60 degC; WMO Guide to Instruments (WMO-No. 8), after Sonntag 1990."""
DRIEST_PERCENT = 0.1


def dew_point_c(air_c: float, humidity_percent: float) -> float:
    """Dew point [degC] of air at `air_c` [degC] and relative humidity [percent].

    Magnus: g = ln(rh / 100) + a T / (b + T); Td = b g / (a - g).
    """
    share = max(humidity_percent, DRIEST_PERCENT) / 100
    g = math.log(share) + MAGNUS_A * air_c / (MAGNUS_B_C + air_c)
    return MAGNUS_B_C * g / (MAGNUS_A - g)


def too_humid(watch: Humidity, air_c: float, snapshot: Snapshot) -> str | None:
    """Why a setback must end, None when it may stand; not knowing the humidity ends it."""
    missing = unseen((watch.humidity,), snapshot)
    percent = number(watch.humidity, snapshot)
    if missing or percent is None:
        return missing[0]
    if percent >= watch.max_percent:
        return f"relative humidity {percent:.0f} % is {watch.max_percent:g} % or more"
    surface_c = air_c if watch.surface is None else number(watch.surface, snapshot)
    if surface_c is None:
        return unseen((watch.surface or "",), snapshot)[0]
    dew_c = dew_point_c(air_c, percent)
    if surface_c <= dew_c + watch.dew_margin_k:
        return f"{surface_c:.1f} degC is within {watch.dew_margin_k:g} K of the dew point"
    return None
