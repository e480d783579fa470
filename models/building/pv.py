"""The PV plant: modules that get warm, an inverter that loses, sleeps and takes a limit."""

from __future__ import annotations

from models.building.parameters import PvParameters


class PvPlant:
    """`power_kw` is positive AC production; never negative."""

    def __init__(self, parameters: PvParameters, ambient_c: float) -> None:
        self.parameters = parameters
        self.limit_kw: float | None = None
        self.power_kw = 0.0
        self.dc_kw = 0.0
        self.energy_kwh = 0.0
        self.temperature_c = ambient_c
        self._allowed_kw = parameters.rated_kw

    def step(self, step_s: float, sun_w_m2: float, ambient_c: float, wind_m_s: float) -> None:
        """Produce for `step_s` seconds under this irradiance."""
        p = self.parameters
        wanted_kw = p.rated_kw if self.limit_kw is None else min(p.rated_kw, self.limit_kw)
        self._allowed_kw += (wanted_kw - self._allowed_kw) * min(1.0, step_s / p.limit_lag_s)
        available_kw = self._modules_kw(sun_w_m2, ambient_c, wind_m_s)
        if available_kw < p.wake_kw:
            self.dc_kw = self.power_kw = 0.0
        else:
            unlimited_kw = available_kw - self._loss_kw(available_kw)
            self.power_kw = max(0.0, min(unlimited_kw, self._allowed_kw))
            # Curtailed, the modules are run off their maximum: only what is let out is drawn.
            self.dc_kw = min(available_kw, self.power_kw + self._loss_kw(self.power_kw))
        self.energy_kwh += self.power_kw * step_s / 3600.0
        # Cabinet: some 4 K per kW of inverter loss, half an hour to warm up.
        warm_c = ambient_c + 6.0 + 4.0 * (self.dc_kw - self.power_kw)
        self.temperature_c += (warm_c - self.temperature_c) * step_s / 1800.0

    def _modules_kw(self, sun_w_m2: float, ambient_c: float, wind_m_s: float) -> float:
        """DC power at the maximum power point; cell temperature after Faiman (2008)."""
        p = self.parameters
        cell_c = ambient_c + sun_w_m2 / (25.0 + 6.84 * wind_m_s)
        return (
            p.peak_kw * sun_w_m2 / 1000.0 * (1 + p.gamma_per_k * (cell_c - 25.0)) * p.system_share
        )

    def _loss_kw(self, power_kw: float) -> float:
        """Inverter loss: standing, linear (semiconductors) and square (copper)."""
        p = self.parameters
        return p.loss_fixed_kw + p.loss_linear * power_kw + p.loss_square_per_kw * power_kw**2
