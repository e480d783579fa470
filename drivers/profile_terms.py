"""What every device profile has, whatever its kind, and the terms its keys are made of.

Units and signs are those of the house: kW, kWh, degC, percent; import and charging are positive.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from drivers.readplan import MAX_REGISTERS, Limits

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}\Z")]
Address = Annotated[int, Field(ge=0, le=65536)]
Milliseconds = Annotated[int, Field(ge=0, le=60000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
NonZero = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, regex_engine="python-re")


class Role(StrEnum):
    """What a device is for."""

    METER = "meter"
    PV_INVERTER = "pv_inverter"
    BATTERY = "battery"
    ENERGY_SYSTEM = "energy_system"
    WEATHER = "weather"
    AIR_HANDLING = "air_handling"
    ZONE = "zone"


class Means(StrEnum):
    """What a writable point may be; nothing else is ever written."""

    SETPOINT = "setpoint"
    MODE = "mode"
    ENABLE = "enable"


class Described(Strict):
    """What every profile says about itself."""

    manufacturer: str
    model: str
    source: Annotated[str, Field(pattern=r"^https?://\S+\Z")]
    """Where the map can be looked up."""
    hardware_tested: bool
    unverified: bool = False
    """No two independent sources agree on the map."""
    role: Role | None = None
    note: str = ""
    lacks: str = ""
    """What one would expect of such a device and the public map does not have."""


class About(Described):
    """What every profile of a Modbus device says about itself."""

    unit: Annotated[int | None, Field(ge=0, le=255)] = None
    """Unit number the device has unless somebody changed it."""
    max_block: Annotated[int, Field(ge=1, le=MAX_REGISTERS)] = MAX_REGISTERS
    max_gap: Annotated[int, Field(ge=0, le=MAX_REGISTERS)] = 8
    min_gap_ms: Milliseconds = 0
    """Rest between two requests to the unit."""
    settle_ms: Milliseconds = 0
    """Rest after connecting, before the first request."""
    poll_s: Positive | None = None
    """The device has nothing new more often than this."""

    @property
    def limits(self) -> Limits:
        """What the read planner must keep to."""
        return Limits(max_block=self.max_block, max_gap=self.max_gap)


class Derived(Strict):
    """Sum of points, each times its factor, in `unit`; there only where every part is there."""

    unit: str
    sum: Annotated[dict[Name, NonZero], Field(min_length=1)]
    uncertain: str = ""
    """Why the result is no more than an estimate, empty when it is as good as its parts."""


def strangers(derived: dict[str, Derived], points: set[str]) -> str:
    """What is wrong with the parts of derived points, empty when nothing is."""
    doubled = sorted(derived.keys() & points)
    if doubled:
        return f"{', '.join(doubled)}: named twice; give each point one name"
    parts = {name for spec in derived.values() for name in spec.sum}
    missing = sorted(parts - points)
    return f"{', '.join(missing)}: referred to but not under points" if missing else ""
