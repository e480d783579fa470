"""How a register point is written, and how the device gets rid of the value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from drivers.codec import RegisterType
from drivers.profile_terms import Address, Finite, Means, Milliseconds, Positive, Strict

Band = tuple[Finite, Finite]


class Enable(Strict):
    """A register of raw numbers that makes the device obey the value, written after it."""

    address: Address
    type: RegisterType = RegisterType.UINT16
    on: int
    off: int


class RegisterWrite(Strict):
    """How a register point is written; with `reverts: none` the value stands for ever."""

    means: Means = Means.SETPOINT
    function: Literal["single", "multiple"] = "multiple"
    reverts: Literal["none", "watchdog"] = "none"
    watchdog_s: Positive | None = None
    """The device drops the value when it is not written again for so long."""
    enable: Enable | None = None
    release: Finite
    """Neutral value written to give the point back."""
    safe: Band | None = None
    limits: Band
    """Never exceeded, whatever the device says."""
    max_rate_per_s: Positive | None = None
    """Fastest commanded change, in the point's unit per second."""
    tolerance: Positive = 0.01
    verify_after_ms: Milliseconds = 20
    readback: bool = True
    """Whether the register can be read at all."""
    kept: bool = False
    """A setting in the device's own memory: kept over its restart, and worn by every write."""
    writes_per_day: Annotated[int | None, Field(ge=1)] = None

    @model_validator(mode="after")
    def _check(self) -> RegisterWrite:
        """What nobody takes back needs a safe band, and the neutral value lies in the limits."""
        for key, band in (("safe", self.safe), ("limits", self.limits)):
            if band is not None and band[0] > band[1]:
                msg = f"{key}: the lower end {band[0]:g} is above the upper end {band[1]:g}"
                raise ValueError(msg)
        if self.reverts == "none" and self.safe is None:
            msg = "reverts none needs safe: [lowest, highest] that may stand for ever"
            raise ValueError(msg)
        if (self.reverts == "watchdog") != (self.watchdog_s is not None):
            msg = "reverts watchdog and watchdog_s go together; give both or none"
            raise ValueError(msg)
        if not self.band[0] <= self.release <= self.band[1]:
            msg = f"release {self.release:g} is outside of {self.band}"
            raise ValueError(msg)
        return self

    @property
    def band(self) -> Band:
        """What may be written: the limits, and of a value that stands for ever only what is safe.

        It is empty (lower end above the upper) when the two have nothing in common.
        """
        if self.reverts != "none" or self.safe is None:
            return self.limits
        return (max(self.limits[0], self.safe[0]), min(self.limits[1], self.safe[1]))
