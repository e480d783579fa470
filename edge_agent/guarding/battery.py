"""A battery's wish cut to what rating, BMS, temperature, SOC, circuits and connection leave. Pure.

Two steps, because batteries share the connection point: first what each could do by itself, then
what the meters leave to one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.arbiter import EVERYTHING, Bounds, clamp, within
from edge_agent.envelope import BatteryEnvelope
from edge_agent.guarding.bms import flags, limits
from edge_agent.guarding.headroom import Blind, Headroom, static_band
from edge_agent.guarding.pace import paced
from edge_agent.guarding.sight import number, unseen
from edge_agent.guarding.verdict import Case, Flag, Verdict, blind

STILL: Bounds = (0.0, 0.0)
SOC_BOUNDS: Bounds = (0.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a battery could do by itself, kW, charging positive."""

    value_kw: float
    bounds_kw: Bounds
    cuts: tuple[str, ...]


def fit(case: Case, wish_kw: float, envelope: BatteryEnvelope) -> Fit | tuple[str, ...]:
    """The wish within everything but the meters; or why the battery cannot be seen."""
    soc = number(envelope.soc, case.snapshot)
    present_kw = number(envelope.power, case.snapshot)
    if soc is None or present_kw is None:
        return unseen((envelope.soc, envelope.power), case.snapshot)
    if clamp(soc, SOC_BOUNDS) != soc:
        return (f"{envelope.soc} shows {soc:g} %",)
    value_kw, cuts = paced(wish_kw, case, envelope.pace, present_kw)
    low_kw, high_kw = EVERYTHING
    for limit in limits(envelope, soc, case.snapshot, case.recall):
        # All of them hold 0 kW, so they always meet.
        low_kw, high_kw = max(low_kw, limit.low_kw), min(high_kw, limit.high_kw)
        if not low_kw <= value_kw <= high_kw:
            value_kw = min(max(value_kw, low_kw), high_kw)
            cuts = (*cuts, f"battery takes {low_kw:.1f}..{high_kw:.1f} kW now: {limit.why}")
    bounds_kw = (low_kw, high_kw)
    if case.decision.confined is not None:
        bounds_kw = within(case.decision.confined, bounds_kw)
    return Fit(value_kw=clamp(value_kw, bounds_kw), bounds_kw=bounds_kw, cuts=cuts)


def settle(
    case: Case, envelope: BatteryEnvelope, fitted: Fit | tuple[str, ...], room: Headroom
) -> Verdict:
    """The last word for one battery; counts it in `room`."""
    raised = tuple(flags(envelope, case.snapshot))
    if not isinstance(fitted, Fit):
        unsighted = blind(case, fitted, STILL)
        return Verdict(value=unsighted.value, cuts=fitted, flags=raised)
    grid = room.bounds_kw(envelope)
    if isinstance(grid, Blind):
        return _without_meter(case, envelope, fitted, grid, raised)
    low_kw, high_kw = fitted.bounds_kw
    # The connection point decides last, but may only pull towards what the battery can do.
    held_kw = min(max(fitted.value_kw, min(grid[0], high_kw)), max(grid[1], low_kw))
    cuts = fitted.cuts
    if held_kw != fitted.value_kw:
        cuts = (*cuts, f"connection point leaves {grid[0]:.1f}..{grid[1]:.1f} kW")
    room.grant(envelope.point, held_kw)
    return Verdict(value=held_kw, cuts=cuts, flags=raised)


def _without_meter(
    case: Case, envelope: BatteryEnvelope, fitted: Fit, dark: Blind, raised: tuple[Flag, ...]
) -> Verdict:
    """The static fallback while a meter is silent; release when its readings are too old for it."""
    subject = envelope.connection.name
    raised = (*raised, Flag(code="meter_silent", subject=subject, text=dark.why))
    static_kw = static_band(envelope, dark)
    if static_kw is None:
        unsighted = blind(case, (dark.why,), STILL)
        return Verdict(value=unsighted.value, cuts=unsighted.cuts, flags=raised)
    band = within(static_kw, fitted.bounds_kw)
    value_kw = clamp(fitted.value_kw, band)
    cut = f"{dark.why}: the static limit of {band[0]:.1f}..{band[1]:.1f} kW holds"
    cuts = fitted.cuts if value_kw == fitted.value_kw else (*fitted.cuts, cut)
    return Verdict(value=value_kw, cuts=cuts, flags=raised)
