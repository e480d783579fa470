"""Physics and money that a site does not give, so that a default stands in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge_agent.site.mistakes import Finding, KeyPath

if TYPE_CHECKING:
    from edge_agent.site.schema import Site
    from edge_agent.site.tariff_schema import Tariff
    from edge_agent.site.terms import Strict

_BATTERY = (
    "charge_efficiency",
    "discharge_efficiency",
    "soc_min_percent",
    "soc_max_percent",
    "wear_cost_per_kwh",
)
_ZONE = (
    "resistance_k_per_kw",
    "capacity_kwh_per_k",
    "gains_kw",
    "heat_kw",
    "cool_kw",
    "cop_heating",
    "cop_cooling",
)
_STORE = ("low_c", "high_c", "volume_l", "loss_w_per_k", "heater_kw", "cop")


def assumed_defaults(site: Site, tariff: Tariff) -> tuple[str, ...]:
    """One sentence per asset, and one for the tariff, with the keys and values assumed; pure."""
    return tuple(found.message for found in default_findings(site, tariff))


def default_findings(site: Site, tariff: Tariff) -> Iterator[Finding]:
    """The same with the place in the site file."""
    yield from _assumed("tariff", tariff, _tariff_keys(site, tariff), ("assets", "grid", "tariff"))
    for index, battery in enumerate(site.assets.battery):
        path: KeyPath = ("assets", "battery", index)
        yield from _assumed(f"battery {battery.id}", battery, _BATTERY, path)
    for index, zone in enumerate(site.assets.hvac.zones):
        path = ("assets", "hvac", "zones", index)
        yield from _assumed(f"zone {zone.id}", zone, _ZONE, path)
    for index, tank in enumerate(site.assets.thermal_stores):
        if tank.setpoint is not None:
            path = ("assets", "thermal_stores", index)
            draw = f"daily_draw_kwh {tank.usual_draw_kwh:g}"
            more = (draw,) if tank.daily_draw_kwh is None else ()
            yield from _assumed(f"tank {tank.id}", tank, _STORE, path, more)


def _tariff_keys(site: Site, tariff: Tariff) -> tuple[str, ...]:
    """Prices that count: what is fed in earns only where something may be fed in."""
    adder = ("adder_per_kwh",) if tariff.kind == "real_time" else ()
    export = ("export_per_kwh",) if site.assets.grid.export_limit_kw > 0 else ()
    return adder + export


def _assumed(
    name: str, asset: Strict, keys: tuple[str, ...], path: KeyPath, more: tuple[str, ...] = ()
) -> Iterator[Finding]:
    silent = [key for key in keys if key not in asset.model_fields_set]
    if silent or more:
        values = ", ".join((*(f"{key} {getattr(asset, key):g}" for key in silent), *more))
        yield Finding(path, f"{name}: not given, so assumed: {values}")
