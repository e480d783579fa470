"""The synthetic meter: its mean is the step's, its spread and memory are as told."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.backtest.meter import FINE_S, Meter


@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.10])
def test_mean_kept_spread_and_correlation_as_told(sigma: float) -> None:
    shape = Meter(sigma_share=sigma).shape(96, 2000)
    assert np.abs(shape.mean(axis=1)).max() < 1e-12
    # Keeping the mean of a quarter takes the slowest part of the noise away.
    assert 0.9 * sigma < shape.std() < sigma
    near = float((shape[:, 1:] * shape[:, :-1]).mean() / shape.var())
    assert np.exp(-FINE_S / 60.0) - 0.02 < near < np.exp(-FINE_S / 60.0)


def test_a_seed_repeats_exactly_and_another_differs() -> None:
    first = Meter(seed=3).shape(960, 4)
    np.testing.assert_array_equal(first, Meter(seed=3).shape(960, 4))
    assert (first != Meter(seed=4).shape(960, 4)).all()
    assert (first != Meter(seed=3).shape(1056, 4)).all()
