"""Values of a result that have no time, in the seed's naming."""

from __future__ import annotations

import pandas as pd

from models.casestudy.columns import suffix
from models.casestudy.roster import Roster
from models.casestudy.sizes import Sizes
from models.casestudy.sizing import Investment
from models.plan import Plan

Row = tuple[str, float, str, str]


def scalars(
    plan: Plan, roster: Roster, sizes: Sizes, investment: Investment | None
) -> pd.DataFrame:
    """One row per name: value, unit and meaning."""
    rows = [*_capacities(roster, sizes), *_totals(plan)]
    if investment is not None:
        rows += _yearly(investment)
    return pd.DataFrame(rows, columns=["name", "value", "unit", "doc"]).set_index("name")


def _capacities(roster: Roster, sizes: Sizes) -> list[Row]:
    rows: list[Row] = []
    for name, battery in roster.batteries.items():
        new = sizes.battery_kwh.get(name, 0.0)
        rows.append((f"E_BES{suffix(name)}_CAPx_", battery.E_CAPx, "kWh", "existing capacity"))
        rows.append((f"E_BES{suffix(name)}_CAPn_", new, "kWh", "new capacity"))
    for name, pv in roster.pvs.items():
        new = sizes.pv_kwp.get(name, 0.0)
        rows.append((f"P_PV{suffix(name)}_CAPx_", pv.P_CAPx, "kWp", "existing peak power"))
        rows.append((f"P_PV{suffix(name)}_CAPn_", new, "kWp", "new peak power"))
    return rows


def _totals(plan: Plan) -> list[Row]:
    rows: list[Row] = [
        ("C_horizon_", plan.cost.energy + plan.cost.demand, "EUR", "energy and demand, horizon"),
        ("t__solve_", plan.solve_s, "s", "time to solve"),
    ]
    if plan.peaks_kw:
        rows.append(("P_EG_peak_", max(plan.peaks_kw), "kW", "highest billed quarter hour"))
    if plan.carbon.average_kg is not None:
        rows.append(("CE_horizon_", plan.carbon.average_kg, "kg", "emissions of import, horizon"))
    return rows


def _yearly(found: Investment) -> list[Row]:
    return [
        ("C_TOT_", found.total_per_a / 1000.0, "kEUR/a", "operation, annuity, maintenance"),
        ("C_TOT_op_", found.operation_per_a / 1000.0, "kEUR/a", "energy and demand charges"),
        ("C_TOT_inv_", found.invest / 1000.0, "kEUR", "investment"),
        ("C_TOT_invAnn_", found.annuity_per_a / 1000.0, "kEUR/a", "annuity of the investment"),
        ("C_TOT_RMI_", found.maintenance_per_a / 1000.0, "kEUR/a", "maintenance"),
        ("CE_TOT_", found.co2_kg_per_a, "kg/a", "emissions of import"),
    ]
