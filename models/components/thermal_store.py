"""A hot-water or chilled-water tank: one temperature, draw, losses, and a hygiene cycle."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours, tank_step
from models.spans import holds
from models.types import ThermalStore


def declare(block: pe.Block, store: ThermalStore, hours: Hours, step_s: tuple[int, ...]) -> None:
    """Thermal power of the pump [kW], immersion heater [kW] and tank temperature [degC].

    T = band + over - under; what lies outside [low, high] costs `comfort_price` per K and hour, so
    a draw beyond what the tank and its heaters can give is feasible and priced.
    """
    steps = block.steps = pe.RangeSet(0, len(hours) - 1)
    _declare_data(block)
    block.pump_kw = pe.Var(steps, bounds=lambda b, _: (0, b.pump_limit_kw))
    block.immersion_kw = pe.Var(steps, bounds=lambda b, _: (0, b.immersion_limit_kw))
    block.band_c = pe.Var(steps, bounds=lambda b, t: (b.low_c[t], b.high_c[t]))
    block.over_k = pe.Var(steps, bounds=(0, None))
    block.under_k = pe.Var(steps, bounds=(0, None))
    block.temperature_c = pe.Expression(
        steps, rule=lambda b, t: b.band_c[t] + b.over_k[t] - b.under_k[t]
    )
    sign = -1.0 if store.cold else 1.0

    def heat_balance(b: pe.Block, t: int) -> pe.Expression:
        step = tank_step(store, hours[t])
        before = b.temperature_c[t - 1] if t > 0 else b.start_c
        net = sign * (b.pump_kw[t] - b.draw_kw[t]) + b.immersion_kw[t]
        held = step.kept * before + (1 - step.kept) * store.ambient_c
        return b.temperature_c[t] == held + step.rise_k_per_kw * net

    block.heat_balance = pe.Constraint(steps, rule=heat_balance)
    block.power = pe.Expression(
        steps, rule=lambda b, t: b.electric_per_heat[t] * b.pump_kw[t] + b.immersion_kw[t]
    )
    penalties = sum(
        hours[t] * block.comfort_price * (block.over_k[t] + block.under_k[t]) for t in steps
    )
    if store.hygiene_c is not None:
        _declare_hygiene(block, holds(step_s, store.hygiene_hold_s))
        penalties += block.hygiene_price * block.hygiene_missed
    level_c = store.high_c if store.cold else store.low_c
    in_store_k = sign * (block.temperature_c[len(hours) - 1] - level_c)
    costs = {
        "stored": -store.capacity_kwh_per_k * block.stored_value * in_store_k,
        "penalties": penalties,
    }
    block.cost = pe.Expression(list(costs), initialize=costs)


def _declare_data(block: pe.Block) -> None:
    """What is measured, forecast and asked for."""
    for name in (
        "start_c",
        "pump_limit_kw",
        "immersion_limit_kw",
        "comfort_price",
        "stored_value",
    ):
        block.add_component(name, pe.Param(mutable=True, initialize=0.0))
    for name in ("draw_kw", "low_c", "high_c", "electric_per_heat"):
        block.add_component(name, pe.Param(block.steps, mutable=True, initialize=0.0))


def _declare_hygiene(block: pe.Block, candidates: tuple[tuple[int, ...], ...]) -> None:
    """When one is due, the band rises to the hygiene temperature in one of the open candidates."""
    block.cycles = pe.RangeSet(0, len(candidates) - 1)
    block.hygiene_open = pe.Param(block.cycles, mutable=True, initialize=0.0)
    block.hygiene_due = pe.Param(mutable=True, initialize=0.0)
    block.hygiene_price = pe.Param(mutable=True, initialize=0.0)
    block.hygiene_rise_k = pe.Param(block.steps, mutable=True, initialize=0.0)
    block.cycle = pe.Var(
        block.cycles, domain=pe.Integers, bounds=lambda b, k: (0, b.hygiene_open[k])
    )
    block.hygiene_missed = pe.Var(bounds=(0, None))
    held: dict[int, list[int]] = {}
    for index, steps in enumerate(candidates):
        for step in steps:
            held.setdefault(step, []).append(index)
    block.hygiene_once = pe.Constraint(
        expr=sum(block.cycle[k] for k in block.cycles) + block.hygiene_missed == block.hygiene_due
    )
    block.hygiene_held = pe.Constraint(
        sorted(held),
        rule=lambda b, t: (
            b.band_c[t] + b.over_k[t]
            >= b.low_c[t] + b.hygiene_rise_k[t] * sum(b.cycle[k] for k in held[t])
        ),
    )
