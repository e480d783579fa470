"""A plan by hand: two steps of a quarter of an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from models.types import BatteryPlan, Plan, PlanSource, PvPlan, TimeGrid, ZonePlan

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def plan(source: PlanSource = PlanSource.SOLVER, **changes: Any) -> Plan:
    """Charges, then discharges; curtails in the second step only."""
    made = Plan(
        made_at=NOON,
        grid=TimeGrid(start=NOON, step_s=(900, 900)),
        source=source,
        grid_kw=(70.0, 30.0),
        load_kw=(60.0, 60.0),
        hvac_kw=(5.0, 4.0),
        batteries=(BatteryPlan(id="bat", power_kw=(10.04, -20.06), soc_kwh=(52.5, 47.5)),),
        zones=(
            ZonePlan(
                id="hall", heat_kw=(0.0, 0.0), cool_kw=(9.0, 8.0), temperature_c=(21.97, 21.44)
            ),
        ),
        pvs=(PvPlan(id="roof", pv_kw=(30.0, 12.34), curtailed_kw=(0.4, 25.0)),),
    )
    return replace(made, **changes)
