"""A month planned anew every hour with perfect day-ahead forecasts, against one plan for all."""

from __future__ import annotations

from rolling_month import DAYS, STEPS_A_DAY, bill, month, perfect, rate_over_days_left, rolled


def rolling_month_share() -> float:
    """Share of perfect foresight's saving that the carried peak and rate / days left capture."""
    given = month()
    without = bill(given, given.load_kw[: DAYS * STEPS_A_DAY])
    saving = without - rolled(given, rate_over_days_left)
    return round(saving / (without - perfect(given)), 4)
