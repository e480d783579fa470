"""The feeds of a site inside the running gateway; nothing is loaded where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drivers.types import Clock
from edge_agent.alarms.sight import FeedSight
from edge_agent.site.load import LoadedSite, feed_sources

if TYPE_CHECKING:
    from edge_agent.feeds.keeper import FeedKeeper


def feed_keeper(loaded: LoadedSite, state_dir: Path, clock: Clock) -> FeedKeeper | None:
    """Keeps the sources of the site file, None where it names none."""
    sources = feed_sources(loaded)
    if not sources:
        return None
    from edge_agent.feeds.child import ChildPuller
    from edge_agent.feeds.keeper import FeedKeeper

    return FeedKeeper(sources, state_dir, clock, ChildPuller())


def feed_sights(keeper: FeedKeeper | None) -> tuple[FeedSight, ...]:
    """What the alarms see of the feeds."""
    views = () if keeper is None else keeper.views()
    return tuple(FeedSight(name=v.name, ahead_h=v.ahead_h, error=v.error) for v in views)
