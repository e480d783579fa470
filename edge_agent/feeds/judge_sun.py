"""Does the sun shine by day? Radiation against the place. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from edge_agent.feeds.document import Refused
from edge_agent.feeds.quantity import Quantity
from edge_agent.feeds.slots import Slot
from edge_agent.feeds.verdict import FINE, Verdict

DARK_W_M2 = 20.0
POLAR_DEG = 60.0
"""Beyond this latitude the sun may shine at night."""
OFF_NOON_H = 1.75
DAY_H = 24.0
NIGHT_H = 1.5
"""So many hours around solar midnight it is dark everywhere else."""


def solar_hour(slot: Slot, longitude: float) -> float:
    """Mean solar time of the middle of a slot, 0 to 24."""
    middle = slot.start + (slot.end - slot.start) / 2
    local = middle + timedelta(hours=longitude / 15)
    return local.hour + local.minute / 60


def sun_verdict(slots: Sequence[Slot], latitude: float, longitude: float) -> Verdict | Refused:
    """Whether radiation peaks about solar noon and is dark at solar midnight."""
    if slots[0].quantity is not Quantity.IRRADIANCE or abs(latitude) > POLAR_DEG:
        return FINE
    hours = [(solar_hour(slot, longitude), slot.value) for slot in slots]
    night = [value for hour, value in hours if hour < NIGHT_H or hour > DAY_H - NIGHT_H]
    if any(value > DARK_W_M2 for value in night):
        return Refused(f"radiation of {max(night):.0f} W/m2 at night: wrong zone or place")
    total = sum(value for _, value in hours)
    if total <= 0:
        return Verdict(doubt="there is no radiation at all")
    centre = sum(hour * value for hour, value in hours) / total
    if abs(centre - DAY_H / 2) <= OFF_NOON_H:
        return FINE
    return Verdict(doubt=f"the sun stands highest at {centre:.1f} h solar time: is the zone right?")
