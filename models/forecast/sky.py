"""A weather forecast of the sky, as the share of clear-sky irradiance that comes through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats, History
from models.forecast.place import Place
from models.forecast.sun import clear_sky_w_per_m2

_CLEAREST = 1.3
_LEAST_W_PER_M2 = 20.0
_POINTS = 6
"""Places within a window at which the clear sky is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sky:
    """Foreseen global irradiance [W/m2] or cloud cover [0..1], on their own rasters."""

    irradiance_w_per_m2: History | None = None
    cloud_cover: History | None = None

    def clearness(self, starts_s: Floats, ends_s: Floats, place: Place) -> Floats:
        """Share of the clear sky's irradiance per window; nan where nothing is foreseen."""
        shares: Floats = np.full(len(starts_s), np.nan)
        if self.cloud_cover is not None:
            # Kasten and Czeplak, "Solar and terrestrial radiation dependent on the amount and type
            # of cloud", Solar Energy 24, 1980.
            shares = 1.0 - 0.75 * np.clip(self.cloud_cover.means(starts_s, ends_s), 0.0, 1.0) ** 3.4
        if self.irradiance_w_per_m2 is None:
            return shares
        clear = _mean_clear(starts_s, ends_s, place)
        lit = clear > _LEAST_W_PER_M2
        ghi = self.irradiance_w_per_m2.means(starts_s, ends_s)
        ratio = np.clip(ghi / np.where(lit, clear, 1.0), 0.0, _CLEAREST)
        result: Floats = np.where(lit & np.isfinite(ghi), ratio, shares)
        return result


def _mean_clear(starts_s: Floats, ends_s: Floats, place: Place) -> Floats:
    parts = (np.arange(_POINTS) + 0.5) / _POINTS
    times = starts_s[:, None] + (ends_s - starts_s)[:, None] * parts
    clear = clear_sky_w_per_m2(times.ravel(), place.latitude, place.longitude)
    mean: Floats = clear.reshape(times.shape).mean(axis=1)
    return mean
