"""A pump that is switched from outside, or runs by its own timer: that of the pool."""

from __future__ import annotations

from models.building.parameters import PumpParameters


class PumpPlant:
    """`commanded` switches it; None leaves it to its timer."""

    def __init__(self, parameters: PumpParameters) -> None:
        self.parameters = parameters
        self.commanded: bool | None = None
        self.power_kw = 0.0
        self.run_h = 0.0
        """Since the simulation began."""
        self._timer_on = False

    @property
    def on(self) -> bool:
        """Whether it is to run now."""
        return self._timer_on if self.commanded is None else self.commanded

    def minute(self, local_h: float) -> None:
        """What its timer says in the minute that begins now, at this local hour and its part."""
        begin_h, end_h = self.parameters.own_from_h, self.parameters.own_until_h
        inside = begin_h <= local_h, local_h < end_h
        self._timer_on = all(inside) if begin_h <= end_h else any(inside)

    def step(self, step_s: float) -> None:
        """Run or stand still for `step_s` seconds."""
        self.power_kw = self.parameters.power_kw if self.on else 0.0
        self.run_h += step_s / 3600.0 if self.on else 0.0
