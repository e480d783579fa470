"""A thermal zone as one resistance and one capacity, with priced comfort."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours, decay
from models.types import Zone


def declare(block: pe.Block, zone: Zone, hours: Hours) -> None:
    """Heating and cooling [kW thermal] and the temperature at the end of each step [degC].

    Exact for powers held over the step: T' = a T + (1 - a) (T_out + R (gains + heat - cool)) with
    a = exp(-dt / (R C)), so the step length does not change the physics. Comfort: T = band + over
    - under, band within [low, high], the rest at `comfort_price` per K and hour.
    """
    steps = block.steps = pe.RangeSet(0, len(hours) - 1)
    for name in ("start_c", "heat_limit_kw", "cool_limit_kw", "comfort_price"):
        block.add_component(name, pe.Param(mutable=True, initialize=0.0))
    for name in ("outdoor_c", "gains_kw", "low_c", "high_c"):
        block.add_component(name, pe.Param(steps, mutable=True, initialize=0.0))
    block.heat_kw = pe.Var(steps, bounds=lambda b, _: (0, b.heat_limit_kw))
    block.cool_kw = pe.Var(steps, bounds=lambda b, _: (0, b.cool_limit_kw))
    block.band_c = pe.Var(steps, bounds=lambda b, t: (b.low_c[t], b.high_c[t]))
    block.over_k = pe.Var(steps, bounds=(0, None))
    block.under_k = pe.Var(steps, bounds=(0, None))
    block.temperature_c = pe.Expression(
        steps, rule=lambda b, t: b.band_c[t] + b.over_k[t] - b.under_k[t]
    )

    def heat_balance(b: pe.Block, t: int) -> pe.Expression:
        kept = decay(zone, hours[t])
        before = b.temperature_c[t - 1] if t > 0 else b.start_c
        rise = zone.resistance_k_per_kw * (b.gains_kw[t] + b.heat_kw[t] - b.cool_kw[t])
        return b.temperature_c[t] == kept * before + (1 - kept) * (b.outdoor_c[t] + rise)

    block.heat_balance = pe.Constraint(steps, rule=heat_balance)
    block.power = pe.Expression(
        steps,
        rule=lambda b, t: b.heat_kw[t] / zone.cop_heating + b.cool_kw[t] / zone.cop_cooling,
    )
    block.cost = pe.Expression(
        ["penalties"],
        rule=lambda b, _: sum(
            hours[t] * b.comfort_price * (b.over_k[t] + b.under_k[t]) for t in steps
        ),
    )
