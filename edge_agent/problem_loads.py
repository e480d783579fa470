"""Tanks, shiftable loads and circuits in a problem. Worker's side, pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from edge_agent.plan_words import Reality
from edge_agent.steered import Usual, usual_loads, works_of
from edge_agent.tanks import planned_tanks, tank_draw
from models.forecast.history import Outlook
from models.forecast.learnt import LearntProfile
from models.types import (
    Reason,
    ReasonCode,
    Series,
    ShiftableState,
    ThermalStoreForecast,
    ThermalStoreState,
    TimeGrid,
)

if TYPE_CHECKING:
    from edge_agent.site.loaded import LoadedSite
    from edge_agent.site.schema import Site


def unsteered(outlook: Outlook, site: Site, known: Reality) -> Outlook:
    """The foreseen load without what the plan itself decides about.

    What is measured has been taken off the history; what is not measured goes by its usual mean,
    and what is left alone now comes back.
    """
    planned = {one.id for one in known.thermal_stores if one.temperature_c is not None}
    planned |= {one.id for one in known.shiftables if one.jobs}
    usual = tuple(usual_loads(site))
    unseen = [one for one in usual if one.id in planned and not one.measured]
    alone = [one for one in usual if one.id not in planned and one.measured]
    change_kw = sum(one.kw for one in alone) - sum(one.kw for one in unseen)
    if change_kw == 0:
        return outlook
    moved = _moved(change_kw)
    return replace(
        outlook,
        series=moved(outlook.series),
        bands=tuple((share, moved(band)) for share, band in outlook.bands),
        reasons=(*outlook.reasons, *(_unseen(one) for one in unseen)),
    )


def _moved(change_kw: float) -> Callable[[Series], Series]:
    """No consumption falls below nothing by it."""
    return lambda series: tuple(max(min(kw, 0.0), kw + change_kw) for kw in series)


def _unseen(one: Usual) -> Reason:
    text = f"the power of {one.id} is not measured: its usual {one.kw:.1f} kW are off the load"
    return Reason(code=ReasonCode.ASSUMED, text=text, degrades=False)


def draw_forecasts(
    loaded: LoadedSite, grid: TimeGrid, learnt: tuple[LearntProfile, ...]
) -> tuple[ThermalStoreForecast, ...]:
    """What is drawn from every tank the plan may heat."""
    known = {one.id: one for one in learnt}
    return tuple(
        tank_draw(tank, grid, loaded.zone, known.get(tank.id))
        for tank in planned_tanks(loaded.site)
    )


def tank_starts(site: Site, known: Reality) -> tuple[ThermalStoreState, ...]:
    """One state per tank; one nobody has told of is left alone."""
    told = {one.id: one for one in known.thermal_stores}
    return tuple(
        told.get(tank.id, ThermalStoreState(id=tank.id, temperature_c=None))
        for tank in planned_tanks(site)
    )


def work_starts(site: Site, known: Reality) -> tuple[ShiftableState, ...]:
    """One state per shiftable load; one nobody has told of is left alone."""
    told = {one.id: one for one in known.shiftables}
    return tuple(
        told.get(work.asset.id, ShiftableState(id=work.asset.id)) for work in works_of(site)
    )


def circuit_reasons(known: Reality) -> list[Reason]:
    """What is assumed of the circuits."""
    return [
        Reason(
            code=ReasonCode.ASSUMED,
            text=f"circuit {name}: its load is taken to stay at {kw:.1f} kW",
            degrades=False,
        )
        for name, kw in known.circuit_loads_kw
    ]
