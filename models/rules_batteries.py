"""Batteries without a solver: take the surplus, give what exceeds the cap, else rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from models.battery_terms import BatteryTerms, battery_terms_on
from models.event_terms import event_terms
from models.knowledge import Knowledge
from models.physics import hours_of, kept_share
from models.rules_rooms import NO_WISHES, Wish
from models.types import Battery, BatteryPlan, BatteryState, Series

_SHAVED_QUANTILE = 0.97
"""Net load above this quantile of the horizon counts as a peak worth shaving."""
_FULL = 1e-6


def battery_rules(
    known: Knowledge, net_kw: Series, wishes: Mapping[str, Wish] = NO_WISHES
) -> tuple[tuple[BatteryPlan, ...], Series]:
    """Plans of the batteries whose stored energy is measured, and the net load they leave."""
    caps = _caps_kw(known, net_kw)
    plans = []
    for battery, state in known_batteries(known):
        reserve = next((e for e in known.frequency_reserves if e.id == battery.id), None)
        promised = (reserve, known.day_starts)
        terms = battery_terms_on(known.grid, battery, state, promised)
        wish = wishes.get(battery.id, (None,) * len(net_kw))
        follower = _Follower(battery, terms, state.soc_kwh or 0.0, wish)
        plan = follower.follow(known, net_kw, caps)
        plans.append(plan)
        flows = zip(net_kw, plan.power_kw, strict=True)
        net_kw = tuple(net + power for net, power in flows)
    return tuple(plans), net_kw


def known_batteries(known: Knowledge) -> list[tuple[Battery, BatteryState]]:
    """Batteries whose stored energy is measured."""
    states = {state.id: state for state in known.batteries if state.soc_kwh is not None}
    return [
        (battery, states[battery.id]) for battery in known.site.batteries if battery.id in states
    ]


def _caps_kw(known: Knowledge, net_kw: Series) -> Series:
    """Import the batteries defend: the limit, the peak worth shaving, an event's target."""
    cap = known.site.grid.import_limit_kw
    if known.demand_terms:
        ordered = sorted(net_kw)
        peak = ordered[min(len(ordered) - 1, math.ceil(_SHAVED_QUANTILE * len(ordered)) - 1)]
        billed = min(term.billed_kw for term in known.demand_terms)
        cap = min(cap, max(peak, billed))
    caps = [cap] * len(net_kw)
    for event in known.events:
        terms = event_terms(known.grid, event, known.demand_terms)
        for step, (dt, target) in enumerate(zip(terms.hours, terms.target_kw, strict=True)):
            if dt > 0:
                caps[step] = min(caps[step], target)
    return tuple(caps)


@dataclass
class _Follower:
    """One battery as it goes through the steps."""

    battery: Battery
    terms: BatteryTerms
    soc_kwh: float
    asked_kw: Wish

    def follow(self, known: Knowledge, net_kw: Series, caps_kw: Series) -> BatteryPlan:
        """Step by step; `full_at` where a due full charge is reached."""
        left = [budget.left_kwh for budget in self.terms.budgets]
        powers: list[float] = []
        stored: list[float] = []
        field = zip(net_kw, caps_kw, hours_of(known.grid.step_s), strict=True)
        for step, (net, cap, dt) in enumerate(field):
            self.soc_kwh *= kept_share(self.battery, dt)
            into, out = self._wish(step, net, cap, dt)
            scale = self._affordable(step, dt * self._moved(into, out), left)
            into, out = into * scale, out * scale
            self.soc_kwh += dt * (into * self.battery.charge_efficiency)
            self.soc_kwh -= dt * out / self.battery.discharge_efficiency
            powers.append(into - out)
            stored.append(self.soc_kwh)
        return BatteryPlan(
            id=self.battery.id,
            power_kw=tuple(powers),
            soc_kwh=tuple(stored),
            full_at=self._full_at(stored),
        )

    def _wish(self, step: int, net: float, cap: float, dt: float) -> tuple[float, float]:
        """Charge and discharge [kW] within power and window."""
        terms, battery = self.terms, self.battery
        full = terms.full if terms.full is not None and step <= terms.full.steps[0] else None
        # What the window will be later holds now, for power may not suffice to get there in time.
        ceiling, floor = min(terms.high_kwh[step:]), max(terms.low_kwh[step:])
        room_kw = max(0.0, ceiling - self.soc_kwh) / (battery.charge_efficiency * dt)
        store_kw = max(0.0, self.soc_kwh - floor) * battery.discharge_efficiency / dt
        short_kw = max(0.0, floor - self.soc_kwh) / (battery.charge_efficiency * dt)
        asked = self.asked_kw[step]
        take, give = (-net, net - cap) if asked is None else (asked, -asked)
        wanted = room_kw if full is not None else max(0.0, take, short_kw)
        into = min(wanted, terms.charge_kw[step], room_kw)
        out = min(max(0.0, give), terms.discharge_kw[step], store_kw)
        return (into, 0.0) if full is not None or into > 0 else (0.0, out)

    def _moved(self, into: float, out: float) -> float:
        """Stored power in plus out [kW]."""
        return into * self.battery.charge_efficiency + out / self.battery.discharge_efficiency

    def _affordable(self, step: int, moved_kwh: float, left: list[float]) -> float:
        """Share of the movement that every day's cycles allow; takes it from them."""
        scale = 1.0
        for day, budget in enumerate(self.terms.budgets):
            part = moved_kwh * budget.share[step]
            if part > left[day]:
                scale = min(scale, left[day] / part)
        for day, budget in enumerate(self.terms.budgets):
            left[day] = max(0.0, left[day] - scale * moved_kwh * budget.share[step])
        return scale

    def _full_at(self, stored: list[float]) -> int | None:
        """First open candidate at which it is full."""
        full = self.terms.full
        if full is None:
            return None
        return next((step for step in full.steps if stored[step] >= full.kwh - _FULL), None)
