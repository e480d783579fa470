"""Where the sun stands and what it gives under a clear sky."""

from __future__ import annotations

import math
from datetime import datetime


def cos_zenith(moment: datetime, latitude: float, longitude: float) -> float:
    """Cosine of the sun's zenith angle [-1..1] at a UTC `moment`; latitude, longitude in degrees.

    Declination and equation of time after Spencer (1971), good to some 0.01 rad.
    """
    hour = moment.hour + moment.minute / 60 + (moment.second + moment.microsecond / 1e6) / 3600
    day_angle = 2 * math.pi * (moment.timetuple().tm_yday - 1 + hour / 24) / 365
    sin1, cos1 = math.sin(day_angle), math.cos(day_angle)
    sin2, cos2 = math.sin(2 * day_angle), math.cos(2 * day_angle)
    declination = 0.006918 - 0.399912 * cos1 + 0.070257 * sin1 - 0.006758 * cos2 + 0.000907 * sin2
    equation_h = (
        (0.000075 + 0.001868 * cos1 - 0.032077 * sin1 - 0.014615 * cos2 - 0.040849 * sin2)
        * 12
        / math.pi
    )
    hour_angle = math.pi / 12 * (hour + longitude / 15 + equation_h - 12)
    phi = math.radians(latitude)
    return math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(
        hour_angle
    )


def clear_sky_w_m2(cosine: float) -> float:
    """Global horizontal irradiance [W/m2] of a cloudless sky (Haurwitz 1945); 0 by night."""
    if cosine <= 0.0:
        return 0.0
    return 1098.0 * cosine * math.exp(-0.057 / cosine)
