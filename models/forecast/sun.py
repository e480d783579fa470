"""Where the sun stands and what it gives under a clear sky.

References: J. W. Spencer, "Fourier series representation of the position of the sun", Search 2(5),
1971 (declination, equation of time, as used by NOAA's solar calculator); B. Haurwitz, "Insolation
in relation to cloudiness and cloud density", Journal of Meteorology 2, 1945, in the form
GHI = 1098 cos(z) exp(-0.057 / cos(z)).
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from models.forecast.history import Floats

_HORIZON = 0.01


def cos_zenith(times_s: Floats, latitude: float, longitude: float) -> Floats:
    """Cosine of the sun's zenith angle at UTC times [s since the epoch]; degrees, east positive."""
    day_of_year, hour = _calendar(times_s)
    angle = 2 * np.pi * (day_of_year + (hour - 12.0) / 24.0) / 365.0
    declination = (
        0.006918
        - 0.399912 * np.cos(angle)
        + 0.070257 * np.sin(angle)
        - 0.006758 * np.cos(2 * angle)
        + 0.000907 * np.sin(2 * angle)
        - 0.002697 * np.cos(3 * angle)
        + 0.001480 * np.sin(3 * angle)
    )
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * np.cos(angle)
        - 0.032077 * np.sin(angle)
        - 0.014615 * np.cos(2 * angle)
        - 0.040849 * np.sin(2 * angle)
    )
    hour_angle = np.radians(15.0 * (hour - 12.0) + longitude + equation_min / 4.0)
    parallel = np.radians(latitude)
    result: Floats = np.sin(parallel) * np.sin(declination) + np.cos(parallel) * np.cos(
        declination
    ) * np.cos(hour_angle)
    return result


def clear_sky_w_per_m2(times_s: Floats, latitude: float, longitude: float) -> Floats:
    """Global horizontal irradiance under a clear sky [W/m2], 0 below the horizon."""
    height = cos_zenith(times_s, latitude, longitude)
    up = height > _HORIZON
    result: Floats = np.zeros(len(height))
    result[up] = 1098.0 * height[up] * np.exp(-0.057 / height[up])
    return result


def _calendar(times_s: Floats) -> tuple[Floats, Floats]:
    """Day of the year from 0 and hour of the day, both UTC."""
    first = datetime.fromtimestamp(float(times_s[0]), UTC).replace(
        month=1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
    days = (times_s - first.timestamp()) / 86_400.0
    day = np.floor(days)
    return day % 365.25, (days - day) * 24.0
