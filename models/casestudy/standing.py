"""Where a site stands at one moment of a study: stores, rooms, peaks, what has been shed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from models.casestudy.assumed import Assumed
from models.casestudy.roster import Roster
from models.casestudy.sizes import Sizes
from models.casestudy.zones import start_temperatures

HALF_PERCENT = 50.0


@dataclass(slots=True)
class Standing:
    """Carried from solve to solve; keys are the ids of the optimiser's equipment."""

    soc_kwh: dict[str, float]
    temperature_c: dict[str, float]
    month_peak_kw: dict[tuple[int, int], float] = field(default_factory=dict)
    """By local (year, month)."""
    year_peak_kw: dict[int, float] = field(default_factory=dict)
    throughput_kwh: dict[str, float] = field(default_factory=dict)
    """Stored energy in plus out since local midnight."""
    open_block_kwh: float = 0.0
    open_block_s: float = 0.0
    shed_active_s: float = 0.0
    shed_cooling_s: float = 0.0


def at_start(roster: Roster, sizes: Sizes, first: datetime, assumed: Assumed) -> Standing:
    """As measured where the caller says so; `first` is the local time of the first step."""
    soc: dict[str, float] = {}
    for name, battery in roster.batteries.items():
        capacity = battery.E_CAPx + sizes.battery_kwh.get(name, 0.0)
        if capacity <= 0:
            continue
        percent = battery.soc_start_percent
        if percent is None:
            percent = HALF_PERCENT
            assumed.add(f"{name}.soc_start_percent", f"{percent:g} %", "not measured")
        soc[name] = percent / 100.0 * capacity
    rooms: dict[str, float] = {}
    for name, hvac in roster.hvacs.items():
        rooms |= start_temperatures(name, hvac, assumed)
    grid = roster.grid
    if grid.peak_so_far_month_kw == 0 and grid.demand_charge > 0:
        assumed.add("SEMDRGrid.peak_so_far_month_kw", "no peak yet this month", "not given")
    return Standing(
        soc_kwh=soc,
        temperature_c=rooms,
        month_peak_kw={(first.year, first.month): grid.peak_so_far_month_kw},
        year_peak_kw={first.year: grid.peak_so_far_year_kw},
    )
