"""How learning stands and how good the forecasts were, as the agent holds and shows it. Light."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastScore:
    """Forecasts of one series against what came, over two days.

    One number for each span of leads that ends at `until_h` hours; `pinball` None without bands.
    """

    series: str
    at: datetime
    until_h: tuple[float, ...]
    nmae: tuple[float, ...]
    """Mean absolute error as a share of the mean value, or in `unit`; so is the next."""
    pinball: tuple[float | None, ...]
    count: tuple[int, ...]
    unit: str = ""
    """Empty = shares. A temperature has no zero that a share could be of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForesightView:
    """What was learnt when, and the newest scores."""

    made_at: datetime | None = None
    """None = nothing has been learnt yet: forecasts rest on earlier days."""
    load: bool = False
    """Whether the load's course was learnt."""
    notes: tuple[str, ...] = ()
    """What could not be learnt, and why."""
    scores: tuple[ForecastScore, ...] = ()
    error: str = ""
    """Why learning failed last, empty when it did not."""
    version: int = 1
    """Of what was learnt; the first ones did not say."""


VIEW = TypeAdapter(ForesightView)


def read_view(text: str | None) -> ForesightView | None:
    """What was kept; None when there is none that can be read."""
    if text is None:
        return None
    try:
        return VIEW.validate_json(text)
    except ValidationError:
        return None
