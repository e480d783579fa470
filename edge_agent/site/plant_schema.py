"""Equipment of the house as it stands in the site file: tanks, heat pumps, switched loads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_agent.hygiene import KWH_PER_M3_K
from edge_agent.site.terms import Finite, Id, NotNegative, PointKey, Positive, Strict

WaterTemperature = Annotated[float, Field(ge=0, le=95)]
Pause = Annotated[float, Field(ge=0, le=86_400)]
USUAL_RISE_K = 45.0


class LegionellaAsset(Strict):
    """Heat a hot-water store must have had, seen to by the gateway."""

    every_days: Annotated[float, Field(gt=0, le=31)] = 7.0
    temperature_c: WaterTemperature = 70.0
    hold_min: Annotated[float, Field(gt=0, le=1440)] = 30.0


class ThermalStoreAsset(Strict):
    """A tank; without `setpoint` it is only watched."""

    id: Id
    temperature: PointKey
    setpoint: PointKey | None = None
    high_c: WaterTemperature = 75.0
    hygiene_c: WaterTemperature | None = 60.0
    """Lowest setpoint of hot water unless a person sets another; None = no drinking water."""
    frost_c: WaterTemperature = 10.0
    circulation_return: PointKey | None = None
    return_c: WaterTemperature = 55.0
    cycle_running: PointKey | None = None
    """Not 0 while the device runs an anti-legionella cycle of its own."""
    legionella: LegionellaAsset | None = None
    low_c: WaterTemperature = 45.0
    """Least a plan may let it cool down to."""
    volume_l: Annotated[float, Field(gt=0, le=1_000_000)] = 500.0
    loss_w_per_k: NotNegative = 3.0
    heater_kw: NotNegative = 6.0
    """Electric."""
    cop: Annotated[float, Field(ge=1, le=10)] = 1.0
    """Heat per electricity; 1 = immersion heater."""
    cop_per_k: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """Change of `cop` per kelvin it is warmer outside than 7 degC."""
    daily_draw_kwh: NotNegative | None = None
    """Heat drawn in a day."""
    power: PointKey | None = None
    """Electric power of its heater, kW."""

    @property
    def usual_draw_kwh(self) -> float:
        """Heat drawn in a day [kWh]; where it is not given the volume once, heated by 45 K."""
        if self.daily_draw_kwh is not None:
            return self.daily_draw_kwh
        return self.volume_l / 1000 * KWH_PER_M3_K * USUAL_RISE_K


class HeatPumpAsset(Strict):
    """A heat pump or another load whose power may be capped, kW."""

    id: Id
    cap: PointKey
    rated_kw: Positive
    power: PointKey | None = None
    floor_kw: NotNegative = 0.0
    """It is never capped below; one with shiftable work is also stopped, by a cap of 0."""


class WatchedTemperature(Strict):
    """A temperature that holds a switch."""

    point: PointKey
    temperature_c: Finite


class SwitchAsset(Strict):
    """Equipment that is on or off."""

    id: Id
    point: PointKey
    on_value: Finite = 1.0
    off_value: Finite = 0.0
    min_on_s: Pause = 0.0
    min_off_s: Pause = 0.0
    power_kw: NotNegative = 0.0
    """What it takes while on; counts under a limit of the grid operator."""
    power: PointKey | None = None
    """What it takes now, kW."""
    keep_on_below: WatchedTemperature | None = None
    """Never off while it is colder."""
    keep_off_above: WatchedTemperature | None = None
    """Never on while it is warmer."""
