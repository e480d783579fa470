from __future__ import annotations

import numpy as np
import pytest

from models.forecast.history import Floats
from models.forecast.local_time import Ints
from models.forecast.rolling import walk

DAYS = 40
HOURS = DAYS * 24


def rows() -> tuple[Floats, Floats, Ints]:
    seen = np.random.default_rng(4).normal(0.0, [1.0, 50.0], (HOURS, 2))
    target: Floats = 3.0 * seen[:, 0] - 0.2 * seen[:, 1]
    return seen, target, np.arange(HOURS) // 24


def test_a_rule_is_found_whatever_the_units_of_its_features() -> None:
    seen, target, days = rows()
    found = walk(seen, target, days, 3600)
    assert found.weights == pytest.approx([3.0, -0.2], rel=0.05)
    assert found.forecasts[-24:] == pytest.approx(target[-24:], abs=0.7)


def test_a_day_is_forecast_before_it_is_learnt() -> None:
    seen, target, days = rows()
    plain = walk(seen, target, days, 3600).forecasts
    changed = target.copy()
    changed[30 * 24 :] += 100.0
    other = walk(seen, changed, days, 3600).forecasts
    assert np.isnan(plain[:24]).all()
    assert np.isfinite(plain[24:]).all()
    assert other[24 : 31 * 24] == pytest.approx(plain[24 : 31 * 24])
    assert np.abs(other[31 * 24 :] - plain[31 * 24 :]).max() > 1.0


def test_rows_without_a_measurement_are_not_learnt() -> None:
    seen, target, days = rows()
    gappy = target.copy()
    gappy[::2] = np.nan
    found = walk(seen, gappy, days, 3600)
    assert found.weights == pytest.approx([3.0, -0.2], rel=0.08)


def test_a_wild_day_teaches_little() -> None:
    seen, target, days = rows()
    wild = target.copy()
    wild[20 * 24 : 21 * 24] += 500.0 * np.sign(seen[20 * 24 : 21 * 24, 0])
    found = walk(seen, wild, days, 3600)
    assert found.weights[0] == pytest.approx(3.0, abs=1.0)
