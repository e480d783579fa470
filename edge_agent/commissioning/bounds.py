"""What a person at the command line may write to a point. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from drivers.types import Point, Reverts
from edge_agent.envelope import (
    BatteryEnvelope,
    Envelope,
    LoadEnvelope,
    PvEnvelope,
    SwitchEnvelope,
    TankEnvelope,
    ZoneEnvelope,
)

Band = tuple[float, float]


def refusal(point: Point, value: float, envelopes: Mapping[str, Envelope]) -> str:
    """Why `value` must not be written to the point, empty when it may; in the point's unit."""
    if not point.writable:
        return f"{point.key} is not writable"
    if not math.isfinite(value):
        return f"{value} is no number to write"
    for name, band in bands(point, envelopes).items():
        if not band[0] <= value <= band[1]:
            return f"{value:g} {point.unit} is outside {name}, {band[0]:g}..{band[1]:g}"
    return ""


def bands(point: Point, envelopes: Mapping[str, Envelope]) -> dict[str, Band]:
    """Every closed band that bounds the point, by the words for it."""
    found: dict[str, Band] = {}
    if point.hard is not None:
        found["the hard limits"] = point.hard
    if point.limits is not None:
        found["what the device takes"] = point.limits
    if point.safe is not None and point.reverts is Reverts.NONE:
        found["the band that may stand for ever"] = point.safe
    return found | _asset_bands(envelopes.get(point.key))


def _asset_bands(envelope: Envelope | None) -> dict[str, Band]:
    """What the asset behind the point bounds it to."""
    match envelope:
        case BatteryEnvelope():
            bands = {"the battery's rating": (-envelope.discharge_kw, envelope.charge_kw)}
            if envelope.band_kw is not None:
                bands["the setpoint's band"] = envelope.band_kw
            return bands
        case None:
            return {}
        case ZoneEnvelope() | TankEnvelope() | LoadEnvelope() | SwitchEnvelope() | PvEnvelope():
            name, band = _own_band(envelope)
            return {name: band}


def _own_band(
    envelope: ZoneEnvelope | TankEnvelope | LoadEnvelope | SwitchEnvelope | PvEnvelope,
) -> tuple[str, Band]:
    """The name and the bounds of what has one band."""
    match envelope:
        case ZoneEnvelope():
            return "the zone's band", (envelope.low_c, envelope.high_c)
        case TankEnvelope():
            lowest_c = max(envelope.frost_c, envelope.hygiene_c or 0.0)
            return "the tank's band", (lowest_c, envelope.high_c)
        case LoadEnvelope():
            return "the load's cap", (envelope.floor_kw, envelope.rated_kw)
        case SwitchEnvelope():
            values = sorted((envelope.on_value, envelope.off_value))
            return "the switch's values", (values[0], values[1])
        case PvEnvelope():
            return "the plant's rating", (0.0, envelope.peak_kw)
