"""What the control cycle watches and answers at the grid, from the site file."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.envelopes_of import operator_signals
from edge_agent.fastloop.droop import DroopSettings
from edge_agent.fastloop.grid_quality import GridLimits
from edge_agent.fastloop.quality_watch import QualityWatch
from edge_agent.fastloop.response import FrequencyResponse, ResponseSettings
from edge_agent.grid_operator import Signal
from edge_agent.meters_of import meter_mark
from edge_agent.site.grid_schema import GridAsset
from edge_agent.site.schema import Site

HALF_BAND_HZ = 0.5
"""EN 50160: 50 Hz +- 1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridParts:
    """The grid operator's inputs, and what the site does for the grid and knows of it."""

    signals: tuple[Signal, ...] = ()
    response: FrequencyResponse | None = None
    quality: QualityWatch | None = None
    meter_mark: str = ""
    """Of the connection point's meter: what was learnt of another one is not believed."""


NOTHING = GridParts()


def grid_parts(site: Site) -> GridParts:
    """As the site file has it."""
    grid = site.assets.grid
    return GridParts(
        signals=operator_signals(site),
        response=_response(site),
        quality=QualityWatch(grid.meter, grid_limits(grid)),
        meter_mark=meter_mark(site),
    )


def grid_limits(grid: GridAsset) -> GridLimits:
    """The bands of voltage and frequency."""
    return GridLimits(
        nominal_v=grid.nominal_v,
        low_hz=grid.nominal_hz - HALF_BAND_HZ,
        high_hz=grid.nominal_hz + HALF_BAND_HZ,
    )


def _response(site: Site) -> FrequencyResponse | None:
    """None where none is asked for, or its battery is not there."""
    asked = site.assets.grid.frequency_response
    setpoints = {one.id: one.setpoint for one in site.assets.battery}
    if asked is None or asked.battery not in setpoints:
        return None
    droop = DroopSettings(
        reserve_kw=asked.reserve_kw,
        reserve_kwh=asked.reserve_kwh,
        nominal_hz=float(site.assets.grid.nominal_hz),
        dead_band_hz=asked.dead_band_hz,
        full_at_hz=asked.full_at_hz,
    )
    return FrequencyResponse(
        ResponseSettings(point=asked.point, setpoint=setpoints[asked.battery], droop=droop)
    )
