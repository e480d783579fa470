"""What a building's heat, cold, hot water and switched loads cost under one policy, by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from edge_agent.backtest.building_case import BuildingCase
from edge_agent.backtest.building_play import Record

KINDS = ("zones", "hot_water", "loads")
LEAST_COP = 3.0
"""Heat that rooms have more or less in the end is worth its electricity at this COP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBill:
    """Electric energy and money by kind, comfort in kelvin-hours, of what was played of a month."""

    name: str
    energy_kwh: Mapping[str, float]
    cost: Mapping[str, float]
    guest_kelvin_h: float
    """Outside the guests' band, of all zones."""
    coldest_water_c: float | None
    """At the end of any quarter hour; None without a tank."""

    @property
    def total(self) -> float:
        """Money."""
        return sum(self.cost.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """All months of one policy."""

    policy: str
    months: tuple[MonthBill, ...]
    owed: float = 0.0
    """What the heat is worth that the building holds more or less in the end than without us."""

    @property
    def cost(self) -> float:
        """All of it."""
        return sum(month.total for month in self.months) + self.owed

    @property
    def guest_kelvin_h(self) -> float:
        """Kelvin-hours outside the guests' band, of all zones and months."""
        return sum(month.guest_kelvin_h for month in self.months)

    def cost_of(self, kind: str) -> float:
        """Money of a kind."""
        return sum(month.cost[kind] for month in self.months)

    def energy_of(self, kind: str) -> float:
        """Electric kWh of a kind."""
        return sum(month.energy_kwh[kind] for month in self.months)


def bill_of(policy: str, record: Record, beside: Record | None = None) -> Bill:
    """The bill of a record; `beside`: that of the building without us, for what is left in it.

    Whichever side the difference lies on, it is paid: no policy gains by it.
    """
    case = record.case
    played = np.arange(case.first, case.last)
    places = sorted(set(case.month[case.first : case.last].tolist()))
    months = [(place, played[case.month[case.first : case.last] == place]) for place in places]
    owed_kwh = 0.0
    if beside is not None:
        owed_kwh = abs(record.rooms_kwh - beside.rooms_kwh) / LEAST_COP
        owed_kwh += abs(record.water_kwh - beside.water_kwh)
    return Bill(
        policy=policy,
        months=tuple(_month(record, case.month_names[place], steps) for place, steps in months),
        owed=owed_kwh * float(case.price[case.first : case.last].mean()),
    )


def merged(bills: Iterable[Bill]) -> Bill:
    """One bill of pieces of the same policy; months that stand in two pieces are added up."""
    pieces = list(bills)
    names = sorted({month.name for piece in pieces for month in piece.months})
    return Bill(
        policy=pieces[0].policy,
        months=tuple(
            _added([month for piece in pieces for month in piece.months if month.name == name])
            for name in names
        ),
        owed=sum(piece.owed for piece in pieces),
    )


def _added(months: list[MonthBill]) -> MonthBill:
    coldest = [month.coldest_water_c for month in months if month.coldest_water_c is not None]
    return MonthBill(
        name=months[0].name,
        energy_kwh={kind: sum(month.energy_kwh[kind] for month in months) for kind in KINDS},
        cost={kind: sum(month.cost[kind] for month in months) for kind in KINDS},
        guest_kelvin_h=sum(month.guest_kelvin_h for month in months),
        coldest_water_c=min(coldest, default=None),
    )


def _month(
    record: Record, name: str, steps: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> MonthBill:
    case, kinds = record.case, kinds_of(record.case)
    energy, cost = dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 0.0)
    for part, kind in kinds.items():
        used_kwh = record.energy_kwh[part][steps]
        energy[kind] += float(used_kwh.sum())
        cost[kind] += float(used_kwh @ case.price[steps])
    water = [record.temperature_c[tank][steps].min() for tank in case.plant.tanks]
    return MonthBill(
        name=name,
        energy_kwh=energy,
        cost=cost,
        guest_kelvin_h=float(
            sum(record.guest_kelvin_h[zone.name][steps].sum() for zone in case.plant.zones)
        ),
        coldest_water_c=float(min(water)) if water else None,
    )


def kinds_of(case: BuildingCase) -> dict[str, str]:
    """Each part's kind."""
    plant = case.plant
    return {
        **{zone.name: "zones" for zone in plant.zones},
        **dict.fromkeys(plant.tanks, "hot_water"),
        **dict.fromkeys(plant.pumps, "loads"),
    }
