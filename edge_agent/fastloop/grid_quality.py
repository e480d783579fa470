"""Voltage and frequency of the grid as events: when they leave their band, and how far. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class Disturbance(StrEnum):
    """What is wrong with a quantity."""

    UNDER_VOLTAGE = "under_voltage"
    OVER_VOLTAGE = "over_voltage"
    INTERRUPTION = "interruption"
    UNDER_FREQUENCY = "under_frequency"
    OVER_FREQUENCY = "over_frequency"
    DISTORTION = "distortion"


class Quantity(StrEnum):
    """What is measured, and in which unit."""

    VOLTAGE = "V"
    FREQUENCY = "Hz"
    DISTORTION = "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLimits:
    """Bands after EN 50160; a disturbance ends a little inside its limit."""

    nominal_v: float = 230.0
    low_share: float = 0.90
    high_share: float = 1.10
    gone_share: float = 0.05
    low_hz: float = 49.5
    high_hz: float = 50.5
    distortion_share: float = 0.08
    back_v_share: float = 0.02
    back_hz: float = 0.02
    back_distortion_share: float = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class GridEvent:
    """One disturbance of one point; `until` is None while it lasts."""

    point: str
    kind: Disturbance
    since: datetime
    until: datetime | None = None
    worst: float
    """Farthest value so far, in the unit of the quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridWatch:
    """The disturbances that last, by point."""

    open: Mapping[str, GridEvent] = field(default_factory=dict)


def watched(
    limits: GridLimits,
    watch: GridWatch,
    values: Mapping[str, tuple[Quantity, float | None]],
    now: datetime,
) -> tuple[GridWatch, list[GridEvent]]:
    """The next state, and every event that begins or ends with these readings.

    A value that is missing neither begins nor ends anything: nothing is known about the grid then.
    """
    lasting, told = dict(watch.open), []
    for point, (quantity, value) in values.items():
        if value is None:
            continue
        before = lasting.get(point)
        kind = _kind(limits, quantity, value, None if before is None else before.kind)
        if before is not None and kind is before.kind:
            lasting[point] = replace(before, worst=_worse(kind, before.worst, value))
            continue
        if before is not None:
            told.append(replace(lasting.pop(point), until=now))
        if kind is not None:
            lasting[point] = GridEvent(point=point, kind=kind, since=now, worst=value)
            told.append(lasting[point])
    return GridWatch(open=lasting), told


def _kind(
    limits: GridLimits, quantity: Quantity, value: float, now: Disturbance | None
) -> Disturbance | None:
    """What a value amounts to, given what lasts already."""
    match quantity:
        case Quantity.VOLTAGE:
            return _voltage(limits, value / limits.nominal_v, now)
        case Quantity.FREQUENCY:
            low_hz = limits.low_hz + limits.back_hz * (now is Disturbance.UNDER_FREQUENCY)
            high_hz = limits.high_hz - limits.back_hz * (now is Disturbance.OVER_FREQUENCY)
            if value < low_hz:
                return Disturbance.UNDER_FREQUENCY
            return Disturbance.OVER_FREQUENCY if value > high_hz else None
        case Quantity.DISTORTION:
            lasts = now is Disturbance.DISTORTION
            most = limits.distortion_share - limits.back_distortion_share * lasts
            return Disturbance.DISTORTION if value > most else None


def _voltage(limits: GridLimits, share: float, now: Disturbance | None) -> Disturbance | None:
    back = limits.back_v_share
    if share < limits.gone_share + back * (now is Disturbance.INTERRUPTION):
        return Disturbance.INTERRUPTION
    sagging = now in (Disturbance.UNDER_VOLTAGE, Disturbance.INTERRUPTION)
    if share < limits.low_share + back * sagging:
        return Disturbance.UNDER_VOLTAGE
    if share > limits.high_share - back * (now is Disturbance.OVER_VOLTAGE):
        return Disturbance.OVER_VOLTAGE
    return None


def _worse(kind: Disturbance, before: float, value: float) -> float:
    """The value farther out for this kind of disturbance."""
    falls = (Disturbance.UNDER_VOLTAGE, Disturbance.INTERRUPTION, Disturbance.UNDER_FREQUENCY)
    return min(before, value) if kind in falls else max(before, value)
