"""What a meter shows inside a quarter hour of which only the mean is known: AR(1), mean kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.backtest.data_file import QUARTER_S
from models.forecast.history import Floats

FINE_S = 5
FINE = QUARTER_S // FINE_S
"""Samples in a quarter hour."""
CORRELATION_S = 60.0
_TAPS = 120
"""Samples until what was before is forgotten: exp(-10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Noise as a share of the step's mean load; equal seeds show equal samples."""

    sigma_share: float = 0.05
    seed: int = 1

    def shape(self, step: int, count: int) -> Floats:
        """Deviation per 5 s of `count` quarter hours from `step` on, as shares; (count, 180)."""
        rng = np.random.default_rng((self.seed, step))
        keep = float(np.exp(-FINE_S / CORRELATION_S))
        kernel = np.sqrt(1 - keep**2) * keep ** np.arange(_TAPS)
        noise = rng.standard_normal(count * FINE + _TAPS - 1)
        drift = np.convolve(noise, kernel, "valid").reshape(count, FINE)
        shape: Floats = self.sigma_share * (drift - drift.mean(axis=1, keepdims=True))
        return shape
