"""How much the batteries together may draw or give now, and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge_agent.envelope import ConnectionEnvelope
from edge_agent.fastloop.budget import Charge, import_cap_kw, targets_kw
from edge_agent.fastloop.riding import patience_kw
from models.types import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How the loop is set for a site; shares are of the batteries' rating together."""

    tick_s: float = 5.0
    lead_s: float = 5.0
    """From a command to its effect, about."""
    import_margin_share: float = 0.01
    """Kept off the import limit."""
    export_margin_share: float = 0.02
    """Kept off the export limit; with a limit of 0 the site never exports."""
    target_margin_share: float = 0.005
    """Kept off a block's target: a late meter does not show its last seconds."""
    jitter_margin: float = 2.5
    """Times the load's usual jump, for the share of a block that one tick is: kept off as well."""
    patience_share: float = 0.05
    """Most that a block may wait for while the load flickers; more would be a swing of 2 %."""
    still_share: float = 0.005
    """A wish that moves by less is not sent."""


@dataclass(frozen=True, slots=True)
class Corridor:
    """Bounds of the batteries' total (kW, charging positive), each with its reason."""

    low_kw: float
    high_kw: float
    why_low: str
    why_high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The connection point as the loop steers by it; powers in kW."""

    connection: ConnectionEnvelope
    rated_kw: float
    load_kw: float
    battery_kw: float
    jitter_kw: float = 0.0
    flicker_kw: float = 0.0
    """How far the load usually moves from tick to tick, changes of its level left out."""


def corridor(
    site: Site, plan: Plan, open_charges: Sequence[Charge], now: datetime, settings: LoopSettings
) -> Corridor:
    """From the connection point's limits and from what each billing block still allows."""
    limit_kw = site.connection.import_limit_kw
    cap_kw = max(0.0, limit_kw - settings.import_margin_share * site.rated_kw)
    why = f"import limit of {limit_kw:g} kW"
    net_kw = site.load_kw + site.battery_kw
    for charge, target_kw in zip(open_charges, targets_kw(plan, open_charges), strict=True):
        if target_kw is None:
            continue
        jitter_kw = settings.jitter_margin * site.jitter_kw * settings.tick_s / charge.block.block_s
        aim_kw = target_kw - settings.target_margin_share * site.rated_kw - jitter_kw
        allowed_kw = import_cap_kw(charge, aim_kw, net_kw, now, settings.lead_s, settings.tick_s)
        allowed_kw += _waits_kw(site, charge, now, settings)
        if allowed_kw < cap_kw:
            cap_kw = allowed_kw
            why = f"{charge.id}: block average kept under {target_kw:.1f} kW"
    floor_kw = settings.export_margin_share * site.rated_kw - site.connection.export_limit_kw
    return Corridor(
        low_kw=floor_kw - site.load_kw,
        high_kw=cap_kw - site.load_kw,
        why_low=f"export limit of {site.connection.export_limit_kw:g} kW",
        why_high=why,
    )


def _waits_kw(site: Site, charge: Charge, now: datetime, settings: LoopSettings) -> float:
    """What of this block's need may wait for the lows of a flickering load."""
    if not site.flicker_kw:
        return 0.0
    block_s = charge.block.block_s
    into_s = (now - charge.block.start).total_seconds() + settings.lead_s
    most_kw = settings.patience_share * site.rated_kw
    return patience_kw(site.flicker_kw, most_kw, block_s - into_s % block_s, block_s)


def held(planned_kw: float, bounds: Corridor) -> tuple[float, str]:
    """The plan's power inside the bounds, and which of them holds it off the plan; empty = none.

    Where the bounds leave nothing, the export limit has its way.
    """
    wish_kw = max(min(planned_kw, bounds.high_kw), bounds.low_kw)
    if wish_kw < planned_kw:
        return wish_kw, bounds.why_high
    return wish_kw, bounds.why_low if wish_kw > planned_kw else ""
