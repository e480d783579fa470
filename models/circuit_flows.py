"""What flows through every circuit of a plan, from the plan's series alone. Pure Python."""

from __future__ import annotations

from models.plant_power import plant_power, zone_power
from models.types import Plan, Problem, Series


def circuit_flows(problem: Problem, plan: Plan) -> dict[str, Series]:
    """Power per circuit [kW, towards the load positive]: own load and everything behind it."""
    if not problem.site.circuits:
        return {}
    steps = len(plan.grid)
    powers = _powers(problem, plan)
    loads = {each.id: each.load_kw for each in problem.forecast.circuits}
    circuits = {each.id: each for each in problem.site.circuits}
    flows: dict[str, Series] = {}

    def flow(name: str) -> Series:
        if name in circuits and name not in flows:
            parts = [flow(member) for member in circuits[name].members]
            own = loads.get(name, (0.0,) * steps)
            flows[name] = tuple(sum(values) for values in zip(own, *parts, strict=True))
        return flows.get(name) or powers.get(name, (0.0,) * steps)

    return {name: flow(name) for name in circuits}


def _powers(problem: Problem, plan: Plan) -> dict[str, Series]:
    """Power of every planned piece of equipment by id, consumption positive."""
    powers: dict[str, Series] = {each.id: each.power_kw for each in plan.batteries}
    powers |= {each.id: tuple(-kw for kw in each.pv_kw) for each in plan.pvs}
    powers |= {each.id: each.power_kw for each in plan.shiftables}
    powers |= {each.id: each.electric_kw for each in plan.thermal_stores}
    for shed in plan.sheds:
        flows = zip(shed.rebound_kw, shed.shed_kw, strict=True)
        powers[shed.id] = tuple(back - off for back, off in flows)
    outdoor_c = problem.forecast.outdoor_temp_c
    for zone in problem.site.zones:
        powers[zone.id] = zone_power(zone, plan.zones, len(plan.grid))
    for plant in problem.site.plants:
        powers[plant.id] = plant_power(plant, problem.site.zones, plan.zones, outdoor_c)
    return powers
