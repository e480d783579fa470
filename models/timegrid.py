"""Time as the models count it: UTC steps of possibly unequal length."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

Series = tuple[float, ...]
"""One number per step of a `TimeGrid`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGrid:
    """Steps of possibly unequal length: step i covers [start_i, start_i + step_s[i])."""

    start: datetime
    step_s: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.step_s)

    @property
    def starts(self) -> tuple[datetime, ...]:
        """UTC start of every step."""
        offsets = accumulate(self.step_s[:-1], initial=0) if self.step_s else ()
        return tuple(self.start + timedelta(seconds=offset) for offset in offsets)

    @property
    def end(self) -> datetime:
        """UTC end of the last step."""
        return self.start + timedelta(seconds=sum(self.step_s))

    def step_at(self, moment: datetime) -> int | None:
        """Index of the step that covers `moment`, None outside the grid."""
        if moment < self.start:
            return None
        elapsed_s = (moment - self.start).total_seconds()
        for index, end_s in enumerate(accumulate(self.step_s)):
            if elapsed_s < end_s:
                return index
        return None


def graded_grid(start: datetime, horizon_h: float = 24.0) -> TimeGrid:
    """5 min for the first 2 h, then 15 min to the horizon; `start` is floored to 5 min."""
    floored = floor_time(start, 300)
    fine = min(24, round(horizon_h * 12))
    coarse = max(0, round((horizon_h - 2.0) * 4))
    return TimeGrid(start=floored, step_s=(300,) * fine + (900,) * coarse)


def even_grid(start: datetime, step_min: int, horizon_h: float) -> TimeGrid:
    """Equal steps of `step_min` minutes; `start` is floored to the step."""
    steps = round(horizon_h * 60 / step_min)
    return TimeGrid(start=floor_time(start, step_min * 60), step_s=(step_min * 60,) * steps)


def floor_time(moment: datetime, step_s: int) -> datetime:
    """`moment` rounded down to a multiple of `step_s` since the epoch."""
    seconds = moment.timestamp()
    return moment - timedelta(seconds=seconds % step_s)
