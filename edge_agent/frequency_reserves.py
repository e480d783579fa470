"""What a plan keeps free for the grid's frequency, from the site file. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.types import FrequencyReserve, TimeGrid

if TYPE_CHECKING:
    from edge_agent.site.schema import Site


def frequency_reserves(site: Site, grid: TimeGrid) -> tuple[FrequencyReserve, ...]:
    """What the plan keeps free for droop support: power both ways, with the energy to give it."""
    asked = site.assets.grid.frequency_response
    if asked is None or asked.battery not in {one.id for one in site.assets.battery}:
        return ()
    power = (asked.reserve_kw,) * len(grid)
    hold_s = round(3600 * asked.reserve_kwh / asked.reserve_kw)
    return (FrequencyReserve(id=asked.battery, up_kw=power, down_kw=power, hold_s=hold_s),)
