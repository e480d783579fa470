"""Is the unit right? The level of a series against its bounds and the days before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, quantiles

from edge_agent.feeds.document import Refused
from edge_agent.feeds.quantity import Bounds, Quantity
from edge_agent.feeds.slots import Slot
from edge_agent.feeds.verdict import FINE, Verdict

FEW = 8
"""Fewer values have no level."""
DOUBT, REFUSE = 5.0, 30.0
"""Times the known level: prices move fivefold now and then, not thirtyfold."""
SMALLEST = 0.0005
"""A known level below this says nothing of a factor."""
WARMER_K = 15.0


def level(values: Sequence[float]) -> float:
    """Upper quartile of the absolute values: a few hours at zero do not move it."""
    return quantiles([abs(value) for value in values], n=4)[2]


def level_verdict(
    slots: Sequence[Slot], bounds: Bounds, known: Sequence[Slot]
) -> Verdict | Refused:
    """Whether the values are of the size they should be."""
    if len(slots) < FEW:
        return FINE
    values = [slot.value for slot in slots]
    before = [slot.value for slot in known if not slot.mark]
    quantity = slots[0].quantity
    if quantity is Quantity.TEMPERATURE:
        return _warmth(values, before)
    if quantity is Quantity.IRRADIANCE or bounds.level is None:
        return _ratio(values, before, quantity) if len(before) >= FEW else FINE
    low, high = bounds.level
    now = level(values)
    if now > high:
        return Refused(f"{quantity} around {now:.3g} is not believable: is the unit right?")
    verdict = _ratio(values, before, quantity) if len(before) >= FEW else FINE
    if now < low and verdict == FINE:
        return Verdict(doubt=f"{quantity} around {now:.2g} is very small: is the unit right?")
    return verdict


def _ratio(
    values: Sequence[float], before: Sequence[float], quantity: Quantity
) -> Verdict | Refused:
    now, then = level(values), level(before)
    if then < SMALLEST:
        return FINE
    times = now / then
    said = f"{quantity} is {times:.2g} times the level of the days before: is the unit right?"
    if times > REFUSE or times < 1 / REFUSE:
        # A dark week in winter is no wrong unit.
        return Verdict(doubt=said) if quantity is Quantity.IRRADIANCE else Refused(said)
    if quantity is not Quantity.IRRADIANCE and (times > DOUBT or times < 1 / DOUBT):
        return Verdict(doubt=said)
    return FINE


def _warmth(values: Sequence[float], before: Sequence[float]) -> Verdict:
    if len(before) < FEW:
        return FINE
    warmer = mean(values) - mean(before)
    if abs(warmer) <= WARMER_K:
        return FINE
    return Verdict(
        doubt=f"temperature is {warmer:+.0f} K against the days before: is the unit right?"
    )
