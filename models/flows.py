"""Flows that exclude each other: charge and discharge, heat and cool, import and export.

Each is exact without binaries as long as doing both only costs; where it pays (negative prices,
feed-in above the import price) the steps in question are found here after the solve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.affine import CompiledSite, Floats, Ints
from models.highs import Exclusion
from models.parameters import Named
from models.types import SiteModel

NDArrayBool = NDArray[np.bool_]
Place = tuple[int, int]
"""A pair of opposed flows and a step."""
GRID_PAIR = 0
"""Place of import against export among the pairs."""
_BOTH_KW = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class OpposedFlows:
    """Columns of the two sides by step (one row per column group), and what each can need."""

    first: Ints
    second: Ints
    first_limit: Floats
    second_limit: Floats
    first_gain: float = 1.0
    """Effect of the first side per kW, to see which direction prevails."""
    second_gain: float = 1.0


def opposed_flows(compiled: CompiledSite, site: SiteModel, named: Named) -> list[OpposedFlows]:
    """Every pair of opposed flows of the site."""
    places = np.arange(compiled.column_count)

    def columns(*names: str) -> Ints:
        return np.array([places[compiled.columns[name].cells] for name in names])

    steps = len(compiled.step_s)
    need, surplus = _extremes(site, named)
    flows = [
        OpposedFlows(
            first=columns("grid.import_kw", "grid.import_over_kw"),
            second=columns("grid.export_kw", "grid.export_over_kw"),
            first_limit=need,
            second_limit=surplus,
        )
    ]
    for battery in site.batteries:
        name = f"battery[{battery.id}]"
        flows.append(
            OpposedFlows(
                first=columns(f"{name}.charge_kw"),
                second=columns(f"{name}.discharge_kw"),
                first_limit=named[f"{name}.charge_limit_kw"],
                second_limit=named[f"{name}.discharge_limit_kw"],
                first_gain=battery.charge_efficiency,
                second_gain=1.0 / battery.discharge_efficiency,
            )
        )
    for zone in site.zones:
        name = f"zone[{zone.id}]"
        flows.append(
            OpposedFlows(
                first=columns(f"{name}.heat_kw"),
                second=columns(f"{name}.cool_kw"),
                first_limit=np.full(steps, named[f"{name}.heat_limit_kw"]),
                second_limit=np.full(steps, named[f"{name}.cool_limit_kw"]),
            )
        )
    return flows


def _extremes(site: SiteModel, named: Named) -> tuple[Floats, Floats]:
    """The most the site can draw and feed per step [kW]."""
    load = named["demand.load_kw"]
    need, surplus = np.maximum(load, 0.0) + 1.0, np.maximum(-load, 0.0) + 1.0
    for battery in site.batteries:
        need = need + named[f"battery[{battery.id}].charge_limit_kw"]
        surplus = surplus + named[f"battery[{battery.id}].discharge_limit_kw"]
    for zone in site.zones:
        thermal = named[f"zone[{zone.id}].heat_limit_kw"], named[f"zone[{zone.id}].cool_limit_kw"]
        cops = (1.0, 1.0) if zone.plant else (zone.cop_heating, zone.cop_cooling)
        need = need + thermal[0] / cops[0] + thermal[1] / cops[1]
    for store in site.thermal_stores:
        need = need + named[f"store[{store.id}].pump_limit_kw"]
        need = need + named[f"store[{store.id}].immersion_limit_kw"]
    for device in site.shiftables:
        need = need + device.power_kw
    for group in site.shed_groups:
        if group.rebound_share > 0:
            backlog = named[f"shed[{group.id}].backlog_most_kwh"]
            need = need + backlog * 3600.0 / group.rebound_s
    for pv in site.pvs:
        surplus = surplus + named[f"pv[{pv.id}].available_kw"]
    return need, surplus


def net_where_free(flows: OpposedFlows, values: Floats, cost: Floats) -> None:
    """Cancel, in place, opposed grid flows whose exchange costs nothing (equal prices)."""
    for step in np.flatnonzero(_both(flows, values)):
        first, second = int(flows.first[0, step]), int(flows.second[0, step])
        if abs(cost[first] + cost[second]) <= _BOTH_KW * abs(cost[first]):
            shared = min(values[first], values[second])
            values[first] -= shared
            values[second] -= shared


def offenders(flows: list[OpposedFlows], values: Floats) -> set[Place]:
    """(pair, step) at which both sides are positive."""
    return {
        (pair, int(step))
        for pair, each in enumerate(flows)
        for step in np.flatnonzero(_both(each, values))
    }


def exclusion(flows: OpposedFlows, step: int) -> Exclusion:
    """The pair at one step as HiGHS takes it."""
    return Exclusion(
        first=tuple(int(column) for column in flows.first[:, step]),
        second=tuple(int(column) for column in flows.second[:, step]),
        first_limit=float(flows.first_limit[step]),
        second_limit=float(flows.second_limit[step]),
    )


def prevailing(flows: OpposedFlows, step: int, values: Floats) -> bool:
    """Whether the first side outweighs the second at this step."""
    first = flows.first_gain * values[flows.first[:, step]].sum()
    return bool(first >= flows.second_gain * values[flows.second[:, step]].sum())


def losing_columns(flows: list[OpposedFlows], first_wins: dict[Place, bool]) -> Ints:
    """Columns to hold at zero so that one side alone is left at each decided step."""

    def losers() -> Iterator[Ints]:
        for (pair, step), wins in first_wins.items():
            yield (flows[pair].second if wins else flows[pair].first)[:, step]

    found = list(losers())
    return np.concatenate(found) if found else np.array([], dtype=np.int64)


def _both(flows: OpposedFlows, values: Floats) -> NDArrayBool:
    """Steps at which both sides are positive."""
    first, second = values[flows.first].sum(axis=0), values[flows.second].sum(axis=0)
    both: NDArrayBool = np.minimum(first, second) > _BOTH_KW
    return both
