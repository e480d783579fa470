"""How good the forecasts were, day after day, in the store. Agent's side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from edge_agent.drawer import Drawer

KEY = "forecast.scores"
EVERY = timedelta(hours=24)
KEPT_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScore:
    """Scores of one series over the day before `at`; shares of the mean absolute value."""

    series: str
    at: datetime
    until_h: tuple[float, ...]
    nmae: tuple[float, ...]
    pinball: tuple[float | None, ...]
    count: tuple[int, ...]


KEPT = TypeAdapter(tuple[KeptScore, ...])


class ScoreBook:
    """A score a day of every series, three months of them."""

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer
        self._kept: tuple[KeptScore, ...] = ()

    async def load(self) -> None:
        """Take up what was kept before a restart."""
        text = await self._drawer.state(KEY)
        if text is None:
            return
        try:
            self._kept = KEPT.validate_json(text)
        except ValidationError:
            return

    @property
    def latest(self) -> dict[str, KeptScore]:
        """The newest score of every series."""
        return {one.series: one for one in self._kept}

    async def note(self, score: KeptScore) -> bool:
        """Keep a score unless the series has one of today; whether it was kept."""
        known = self.latest.get(score.series)
        if not score.until_h or (known is not None and score.at - known.at < EVERY):
            return False
        oldest = score.at - timedelta(days=KEPT_DAYS)
        self._kept = (*(one for one in self._kept if one.at >= oldest), score)
        return await self._drawer.state_put(KEY, KEPT.dump_json(self._kept).decode())
