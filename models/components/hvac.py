"""Thermal zones as one or two resistances and capacities, with priced comfort; shared plants."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours, room_step
from models.types import Plant, Zone


def declare(block: pe.Block, zone: Zone, hours: Hours) -> None:
    """Heating and cooling [kW thermal] and the temperature at the end of each step [degC].

    Exact for powers held over the step, so the step length does not change the physics. Comfort:
    T = band + over - under, band within [low, high], the rest at `comfort_price` per K and hour.
    """
    _declare_data(block, hours)
    steps = block.steps
    block.heat_kw = pe.Var(steps, bounds=lambda b, _: (0, b.heat_limit_kw))
    block.cool_kw = pe.Var(steps, bounds=lambda b, _: (0, b.cool_limit_kw))
    block.band_c = pe.Var(steps, bounds=lambda b, t: (b.low_c[t], b.high_c[t]))
    block.over_k = pe.Var(steps, bounds=(0, None))
    block.under_k = pe.Var(steps, bounds=(0, None))
    block.temperature_c = pe.Expression(
        steps, rule=lambda b, t: b.band_c[t] + b.over_k[t] - b.under_k[t]
    )
    _declare_balance(block, zone, hours)
    own = not zone.plant

    def electric(b: pe.Block, t: int) -> pe.Expression:
        if not own:
            return 0.0
        return b.heat_kw[t] / zone.cop_heating + b.cool_kw[t] / zone.cop_cooling

    block.power = pe.Expression(steps, rule=electric)
    block.cost = pe.Expression(
        ["penalties"],
        rule=lambda b, _: sum(
            hours[t] * b.comfort_price * (b.over_k[t] + b.under_k[t]) for t in steps
        ),
    )


def _declare_data(block: pe.Block, hours: Hours) -> None:
    """What is measured, forecast and asked for."""
    steps = block.steps = pe.RangeSet(0, len(hours) - 1)
    for name in ("start_c", "mass_start_c", "heat_limit_kw", "cool_limit_kw", "comfort_price"):
        block.add_component(name, pe.Param(mutable=True, initialize=0.0))
    for name in ("outdoor_c", "gains_kw", "low_c", "high_c"):
        block.add_component(name, pe.Param(steps, mutable=True, initialize=0.0))


def _declare_balance(block: pe.Block, zone: Zone, hours: Hours) -> None:
    """Air, and where there is one the mass, step by step towards their common equilibrium."""
    steps = block.steps
    heavy = zone.mass_capacity_kwh_per_k > 0
    if heavy:
        block.mass_c = pe.Var(steps)

    def settled(b: pe.Block, t: int) -> pe.Expression:
        rise = zone.resistance_k_per_kw * (b.gains_kw[t] + b.heat_kw[t] - b.cool_kw[t])
        return b.outdoor_c[t] + rise

    def before(b: pe.Block, t: int) -> tuple[pe.Expression, pe.Expression]:
        if t == 0:
            return b.start_c, b.mass_start_c
        return b.temperature_c[t - 1], b.mass_c[t - 1] if heavy else 0.0

    def heat_balance(b: pe.Block, t: int) -> pe.Expression:
        keep = room_step(zone, hours[t])
        air, mass = before(b, t)
        rest = 1 - keep.air_air - keep.air_mass
        held = keep.air_air * air + (keep.air_mass * mass if heavy else 0.0)
        return b.temperature_c[t] == held + rest * settled(b, t)

    def mass_balance(b: pe.Block, t: int) -> pe.Expression:
        keep = room_step(zone, hours[t])
        air, mass = before(b, t)
        rest = 1 - keep.mass_air - keep.mass_mass
        return b.mass_c[t] == keep.mass_air * air + keep.mass_mass * mass + rest * settled(b, t)

    block.heat_balance = pe.Constraint(steps, rule=heat_balance)
    if heavy:
        block.mass_balance = pe.Constraint(steps, rule=mass_balance)


def declare_plant(block: pe.Block, plant: Plant, zones: list[pe.Block], hours: Hours) -> None:
    """Thermal power of all its zones within its capacity, electric power by the weather's COP."""
    steps = block.steps = pe.RangeSet(0, len(hours) - 1)
    block.electric_per_heat = pe.Param(steps, mutable=True, initialize=1.0)
    block.electric_per_cool = pe.Param(steps, mutable=True, initialize=1.0)
    block.heat_kw = pe.Var(steps, bounds=(0, plant.heat_kw))
    block.cool_kw = pe.Var(steps, bounds=(0, plant.cool_kw))
    block.heat_shared = pe.Constraint(
        steps, rule=lambda b, t: b.heat_kw[t] == sum(zone.heat_kw[t] for zone in zones)
    )
    block.cool_shared = pe.Constraint(
        steps, rule=lambda b, t: b.cool_kw[t] == sum(zone.cool_kw[t] for zone in zones)
    )
    block.power = pe.Expression(
        steps,
        rule=lambda b, t: (
            b.electric_per_heat[t] * b.heat_kw[t] + b.electric_per_cool[t] * b.cool_kw[t]
        ),
    )
    block.cost = pe.Expression([], rule=0.0)
