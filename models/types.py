"""The words of the decision: what a site has, what is known now, what is asked and what is planned.

They stand in five small modules and are all found under this name. Plain frozen dataclasses of
floats and tuples: they travel as JSON between the agent and its worker, so nothing here imports
numpy or Pyomo. Units and signs: docs/units-and-signs.md (import, consumption and charging
positive; `pv_kw` is positive production).
"""

from __future__ import annotations

from models.conditions import (
    BatteryState,
    CircuitForecast,
    DemandTerm,
    Event,
    Forecast,
    FrequencyReserve,
    Job,
    PeakLevel,
    Problem,
    PvForecast,
    ShedState,
    ShiftableState,
    ThermalStoreForecast,
    ThermalStoreState,
    Tidiness,
    ZoneForecast,
    ZoneState,
)
from models.equipment import (
    Battery,
    Circuit,
    Grid,
    Plant,
    Pv,
    ShedGroup,
    Shiftable,
    SiteModel,
    ThermalStore,
    Zone,
)
from models.errors import (
    BadInputError,
    CompileError,
    ModelError,
)
from models.plan import (
    BatteryPlan,
    Carbon,
    CostParts,
    EventPlan,
    Plan,
    PlanSource,
    PvPlan,
    Reason,
    ReasonCode,
    ShedPlan,
    ShiftablePlan,
    ThermalStorePlan,
    ZonePlan,
)
from models.timegrid import (
    Series,
    TimeGrid,
    even_grid,
    floor_time,
    graded_grid,
)

__all__ = [
    "BadInputError",
    "Battery",
    "BatteryPlan",
    "BatteryState",
    "Carbon",
    "Circuit",
    "CircuitForecast",
    "CompileError",
    "CostParts",
    "DemandTerm",
    "Event",
    "EventPlan",
    "Forecast",
    "FrequencyReserve",
    "Grid",
    "Job",
    "ModelError",
    "PeakLevel",
    "Plan",
    "PlanSource",
    "Plant",
    "Problem",
    "Pv",
    "PvForecast",
    "PvPlan",
    "Reason",
    "ReasonCode",
    "Series",
    "ShedGroup",
    "ShedPlan",
    "ShedState",
    "Shiftable",
    "ShiftablePlan",
    "ShiftableState",
    "SiteModel",
    "ThermalStore",
    "ThermalStoreForecast",
    "ThermalStorePlan",
    "ThermalStoreState",
    "Tidiness",
    "TimeGrid",
    "Zone",
    "ZoneForecast",
    "ZonePlan",
    "ZoneState",
    "even_grid",
    "floor_time",
    "graded_grid",
]
