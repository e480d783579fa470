"""Ridge regression walked forward day by day: every residual is of a day not yet learnt."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.forecast.history import Floats
from models.forecast.local_time import Ints

HALF_LIFE_DAYS = 120.0
STRENGTH = 10.0
"""Penalty per feature of unit spread, in hours of data."""
_CALM = 1.0
"""Residuals above this multiple of the usual one are weighed down: outliers teach less."""


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Out-of-sample forecasts of every row, and the weights learnt from all of them."""

    forecasts: Floats
    """nan until the first day has been learnt."""
    weights: Floats
    """Per unit of each feature."""


def walk(seen: Floats, target: Floats, days: Ints, step_s: int) -> Walk:
    """Forecast each day by what was learnt on the days before it; rows are ordered by `days`.

    Rows with a target that is not finite are forecast but not learnt.
    """
    spread = np.sqrt(np.einsum("ij,ij->j", seen, seen) / max(1, len(seen)))
    scale = np.where(spread > 0, spread, 1.0)
    size = seen.shape[1]
    gram, moment = np.zeros((size, size)), np.zeros(size)
    penalty = STRENGTH * 3600.0 / step_s * np.eye(size)
    keep = 0.5 ** (1.0 / HALF_LIFE_DAYS)
    forecasts = np.full(len(target), np.nan)
    typical, weights = 0.0, np.zeros(size)
    edges = np.flatnonzero(np.diff(days, prepend=days[:1] - 1, append=days[-1:] + 1))
    learnt = 0
    for first, last in pairwise(edges.tolist()):
        rows = seen[first:last] / scale
        forecast = rows @ weights
        if learnt:
            forecasts[first:last] = forecast
        known = np.isfinite(target[first:last])
        if not known.any():
            continue
        rows, missed = rows[known], np.abs(target[first:last] - forecast)[known]
        typical = 0.95 * typical + 0.05 * float(missed.mean()) if learnt else float(missed.mean())
        care = (
            typical * _CALM / np.maximum(missed, typical * _CALM) if typical else np.ones(len(rows))
        )
        gram = keep * gram + rows.T @ (rows * care[:, None])
        moment = keep * moment + rows.T @ (target[first:last][known] * care)
        weights = np.linalg.solve(gram + penalty, moment)
        learnt += 1
    return Walk(forecasts, weights / scale)
