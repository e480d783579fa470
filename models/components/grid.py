"""The connection point: energy prices, contract limits and demand charges."""

from __future__ import annotations

import pyomo.environ as pe

from models.billing import candidate_pairs, row_count
from models.conditions import MOST_LEVELS
from models.physics import Hours, hours_of


def declare(block: pe.Block, charges: tuple[str, ...], step_s: tuple[int, ...]) -> None:
    """Import and export [kW >= 0], each within its limit plus a priced excess.

    Prices are money; `*_carbon_price` is what the emissions of a kWh are weighed at.

    `power` is minus the net import: the grid feeds the bus. Every demand charge has one peak [kW],
    at least what is already billed and at least the mean import of each billing block.
    """
    hours = hours_of(step_s)
    steps = block.steps = pe.RangeSet(0, len(hours) - 1)
    for side in ("import", "export"):
        for price in ("price", "carbon_price"):
            block.add_component(f"{side}_{price}", pe.Param(steps, mutable=True, initialize=0.0))
        limit = pe.Param(steps, mutable=True, initialize=0.0)
        block.add_component(f"{side}_limit_kw", limit)
        block.add_component(
            f"{side}_kw", pe.Var(steps, bounds=lambda _, t, limit=limit: (0, limit[t]))
        )
        block.add_component(f"{side}_over_kw", pe.Var(steps, bounds=(0, None)))
    block.over_price = pe.Param(mutable=True, initialize=0.0)
    block.drawn_kw = pe.Expression(steps, rule=lambda b, t: b.import_kw[t] + b.import_over_kw[t])
    block.fed_kw = pe.Expression(steps, rule=lambda b, t: b.export_kw[t] + b.export_over_kw[t])
    block.power = pe.Expression(steps, rule=lambda b, t: b.fed_kw[t] - b.drawn_kw[t])
    _declare_peaks(block, charges, step_s)
    _declare_levels(block)
    costs = _costs(block, hours)
    block.cost = pe.Expression(list(costs), initialize=costs)


def _declare_peaks(block: pe.Block, charges: tuple[str, ...], step_s: tuple[int, ...]) -> None:
    """Peak rows whose weights are data, so that the clock time of `start` is no structure."""
    pairs = candidate_pairs(step_s)
    by_row: dict[int, list[int]] = {row: [] for row in range(row_count(step_s))}
    for row, step in pairs:
        by_row[row].append(step)
    block.charges = pe.Set(initialize=charges, ordered=True)
    rows = pe.RangeSet(0, row_count(step_s) - 1)
    block.block_weight = pe.Param(
        [(charge, *pair) for charge in charges for pair in pairs], mutable=True, initialize=0.0
    )
    block.block_floor_kw = pe.Param(block.charges, rows, mutable=True, initialize=0.0)
    block.peak_price = pe.Param(block.charges, mutable=True, initialize=0.0)
    block.billed_peak_kw = pe.Param(block.charges, mutable=True, initialize=0.0)
    block.billed_peak_cost = pe.Param(block.charges, mutable=True, initialize=0.0)
    block.peak_kw = pe.Var(block.charges, bounds=lambda b, c: (b.billed_peak_kw[c], None))

    def billed(b: pe.Block, charge: str, row: int) -> pe.Expression:
        mean = sum(b.block_weight[charge, row, step] * b.drawn_kw[step] for step in by_row[row])
        return b.peak_kw[charge] >= mean + b.block_floor_kw[charge, row]

    block.billing_block = pe.Constraint(block.charges, rows, rule=billed)


def _declare_levels(block: pe.Block) -> None:
    """How far each peak is above its levels [kW >= 0]; dear enough, none is above more than due."""
    levels = pe.RangeSet(0, MOST_LEVELS - 1)
    block.level_kw = pe.Param(block.charges, levels, mutable=True, initialize=0.0)
    block.level_price = pe.Param(block.charges, levels, mutable=True, initialize=0.0)
    block.above_kw = pe.Var(block.charges, levels, bounds=(0, None))

    def above(b: pe.Block, charge: str, level: int) -> pe.Expression:
        return b.above_kw[charge, level] >= b.peak_kw[charge] - b.level_kw[charge, level]

    block.peak_level = pe.Constraint(block.charges, levels, rule=above)


def _costs(block: pe.Block, hours: Hours) -> dict[str, pe.Expression]:
    """Money by part; the peak already billed is sunk and costs nothing again."""
    steps = block.steps
    energy = sum(
        hours[t] * block.import_price[t] * block.drawn_kw[t]
        - hours[t] * block.export_price[t] * block.fed_kw[t]
        for t in steps
    )
    demand = sum(
        block.peak_price[c] * block.peak_kw[c] - block.billed_peak_cost[c] for c in block.charges
    ) + sum(block.level_price[each] * block.above_kw[each] for each in block.level_price)
    excess = sum(
        hours[t] * block.over_price * (block.import_over_kw[t] + block.export_over_kw[t])
        for t in steps
    )
    carbon = sum(
        hours[t] * block.import_carbon_price[t] * block.drawn_kw[t]
        - hours[t] * block.export_carbon_price[t] * block.fed_kw[t]
        for t in steps
    )
    return {"energy": energy, "demand": demand, "carbon": carbon, "penalties": excess}
