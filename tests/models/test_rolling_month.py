"""A month re-planned hourly: what the carried peak and the rate per day left are worth."""

from __future__ import annotations

import pytest
from rolling_month import (
    DAYS,
    RATE_PER_KW,
    STEPS_A_DAY,
    bill,
    month,
    perfect,
    rate_over_days_left,
    rolled,
)


@pytest.mark.soak
def test_a_rolling_month_captures_the_saving_of_perfect_foresight() -> None:
    """At least 93 % of it; the demand charge left out captures far less."""
    given = month()
    count = DAYS * STEPS_A_DAY
    assert max(given.load_kw[:count]) == pytest.approx(250.0)
    without = bill(given, given.load_kw[:count])
    best = perfect(given)
    assert best < without
    share = (without - rolled(given, rate_over_days_left)) / (without - best)
    blind = (without - rolled(given, lambda _: 0.0)) / (without - best)
    assert share >= 0.93
    assert blind < share - 0.1
    assert RATE_PER_KW == 9.0
