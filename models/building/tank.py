"""The hot-water tank: one mixed mass of water, its losses, what guests draw, an immersion heater.

The tank's own controller keeps a setpoint and, when told so, runs an anti-legionella cycle; a
setpoint commanded from outside rules over both, as it does in many real controllers.
"""

from __future__ import annotations

from models.building.parameters import TankParameters

KWH_PER_L_K = 1.163e-3
"""Heat [kWh] of a litre of water per kelvin."""
_DRAW_SHARE = (
    *(0.01, 0.005, 0.005, 0.005, 0.01, 0.04, 0.11, 0.13, 0.09, 0.05, 0.03, 0.03),
    *(0.03, 0.03, 0.02, 0.02, 0.03, 0.04, 0.06, 0.07, 0.07, 0.06, 0.04, 0.025),
)
"""Share of a day's hot water drawn in each local hour."""


class TankPlant:
    """`temperature_c` is the water's; `power_kw` the electric power of its heater."""

    def __init__(self, parameters: TankParameters) -> None:
        self.parameters = parameters
        self.temperature_c = parameters.own_setpoint_c
        self.commanded_c: float | None = None
        self.power_kw = 0.0
        self.draw_kw = 0.0
        self.cycle_running = False
        self.hot_s = 0.0
        """Without a break at or above the temperature of the cycle."""
        self.longest_hot_s = 0.0

    @property
    def setpoint_c(self) -> float:
        """What the heater follows: the command, else the cycle, else its own value."""
        if self.commanded_c is not None:
            return self.commanded_c
        p = self.parameters
        return p.cycle_c + p.cycle_reach_k if self.cycle_running else p.own_setpoint_c

    def start_cycle(self) -> None:
        """The tank's own controller begins an anti-legionella cycle."""
        self.cycle_running = True
        self.hot_s = 0.0

    def minute(self, hour: int) -> None:
        """What guests draw in the minute that begins now."""
        self.draw_kw = self.parameters.daily_draw_kwh * _DRAW_SHARE[hour]

    def step(self, step_s: float, room_c: float) -> None:
        """Let `step_s` seconds of heater, draw and losses work on the water."""
        p, hours = self.parameters, step_s / 3600.0
        missing_k = self.setpoint_c - self.temperature_c
        self.power_kw = min(p.heater_kw, max(0.0, p.gain_kw_per_k * missing_k))
        loss_kw = p.loss_w_per_k * (self.temperature_c - room_c) / 1000.0
        heat_kw = self.power_kw - loss_kw - self.draw_kw
        self.temperature_c += heat_kw * hours / (p.volume_l * KWH_PER_L_K)
        self._watch_cycle(step_s)

    def _watch_cycle(self, step_s: float) -> None:
        p = self.parameters
        self.hot_s = self.hot_s + step_s if self.temperature_c >= p.cycle_c else 0.0
        self.longest_hot_s = max(self.longest_hot_s, self.hot_s)
        if self.hot_s >= p.cycle_hold_s:
            self.cycle_running = False
