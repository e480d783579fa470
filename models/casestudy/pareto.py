"""Cost against carbon as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from models.casestudy.result import Result


@dataclass(frozen=True, slots=True)
class ParetoPoint:
    """One weight of emissions and what came of it."""

    alpha: float
    result: Result


def pareto_table(points: Sequence[ParetoPoint]) -> pd.DataFrame:
    """One row per point: `alpha`, price of a kg, cost [EUR], emissions [kg], peak [kW], status.

    `net_cost` counts what was taken out of batteries as spent: stores may end at different levels.
    """
    rows = [
        {
            "alpha": point.alpha,
            "co2_price_per_kg": point.result.roster.main.co2_price_per_kg,
            "cost": point.result.figures["cost"],
            "net_cost": point.result.figures["net_cost"],
            "co2_kg": point.result.figures["co2_kg"],
            "peak_kw": point.result.figures["peak_kw"],
            "status": str(point.result.status),
        }
        for point in points
    ]
    table = pd.DataFrame(rows).set_index("alpha").sort_index()
    table.attrs["units"] = {"cost": "EUR", "net_cost": "EUR", "co2_kg": "kg", "peak_kw": "kW"}
    return table
