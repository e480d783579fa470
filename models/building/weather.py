"""The weather above the hotel: season, day, slow clouds over fast ones."""

from __future__ import annotations

import math
from datetime import datetime

from models.building.noise import MeanReverting, stream
from models.building.parameters import HotelParameters
from models.building.sun import clear_sky_w_m2, cos_zenith

_HOUR_S = 3600.0


class Weather:
    """Outdoor temperature [degC], global irradiance [W/m2], humidity [percent] and wind [m/s]."""

    def __init__(self, parameters: HotelParameters, seed: int, step_s: float) -> None:
        self._where = (parameters.latitude, parameters.longitude)

        def wander(name: str, spread: float, memory_s: float) -> MeanReverting:
            rng = stream(seed, f"weather.{name}")
            return MeanReverting(rng, spread=spread, memory_s=memory_s, step_s=step_s)

        self._front = wander("front", 2.5, 36 * _HOUR_S)
        self._gust = wander("gust", 0.15, 900.0)
        self._cover = wander("cover", 1.2, 5 * _HOUR_S)
        self._cumulus = wander("cumulus", 1.0, 240.0)
        self._damp = wander("damp", 5.0, 3 * _HOUR_S)
        self._breeze = wander("breeze", 0.5, 1200.0)
        self.temperature_c = 0.0
        self.irradiance_w_m2 = 0.0
        self.clear_sky_w_m2 = 0.0
        self.humidity_percent = 0.0
        self.wind_m_s = 0.0

    def step(self, now: datetime) -> None:
        """Move on by one step, to the UTC moment `now`."""
        clearness = 1.0 / (1.0 + math.exp(-self._cover.step() - 0.6))
        # Broken clouds flicker most; a closed or an empty sky is steady.
        broken = 4.0 * clearness * (1.0 - clearness)
        through = 0.15 + 0.85 * clearness + 0.25 * broken * self._cumulus.step()
        self.clear_sky_w_m2 = clear_sky_w_m2(cos_zenith(now, *self._where))
        self.irradiance_w_m2 = self.clear_sky_w_m2 * min(1.0, max(0.08, through))

        season = math.cos(2 * math.pi * (now.timetuple().tm_yday - 20) / 365)
        solar_h = now.hour + now.minute / 60 + now.second / 3600 + self._where[1] / 15
        wave = math.cos(2 * math.pi * (solar_h - 15.0) / 24)
        day_mean_c = 10.5 - 9.0 * season + self._front.step()
        swing_k = (2.0 + 4.0 * clearness) * wave
        self.temperature_c = day_mean_c + swing_k + self._gust.step()

        humidity = 74.0 - 3.0 * swing_k + self._damp.step()
        self.humidity_percent = min(99.5, max(20.0, humidity))
        self.wind_m_s = 2.4 * math.exp(self._breeze.step())
