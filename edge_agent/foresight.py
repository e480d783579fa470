"""What lies ahead, inside the running gateway: the feeds, and the learning of the forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drivers.types import Clock
from edge_agent.alarms.sight import FeedSight
from edge_agent.cloud_link import CloudLink
from edge_agent.drawer import Drawer
from edge_agent.feeding import feed_inlet, feed_keeper, feed_sights
from edge_agent.feeds.view import FeedView
from edge_agent.forecasting.daily import DailyFitting, fit_command
from edge_agent.forecasting.view import ForesightView
from edge_agent.site.load import LoadedSite
from edge_agent.store.location import DATABASE
from edge_agent.supervise import Supervisor

if TYPE_CHECKING:
    from edge_agent.feed_inlet import FeedInlet


class Foresight:
    """Keeps the feeds and has the forecasts learnt; holds little of either."""

    def __init__(
        self, loaded: LoadedSite, state_dir: Path, drawer: Drawer, clock: Clock, cloud: CloudLink
    ) -> None:
        self._keeper = feed_keeper(loaded, state_dir, clock)
        self._inlet: FeedInlet | None = None
        if self._keeper is not None:
            self._inlet = feed_inlet(loaded, self._keeper, clock, cloud)
        command = fit_command(loaded.path, state_dir / DATABASE)
        self._fitting = DailyFitting(command, drawer, clock)

    async def start(self, supervisor: Supervisor) -> None:
        """Take up what was known before, and set everything going."""
        await self._fitting.load()
        supervisor.start("learn", self._fitting.run)
        if self._keeper is not None:
            await self._keeper.start()
            supervisor.start("feeds", self._keeper.run)
        if self._inlet is not None:
            supervisor.start("feed inlet", self._inlet.run)

    @property
    def view(self) -> ForesightView:
        """How learning stands, with the newest scores."""
        return self._fitting.view

    @property
    def feeds(self) -> tuple[FeedView, ...]:
        """How the sources stand."""
        return () if self._keeper is None else self._keeper.views()

    @property
    def sights(self) -> tuple[FeedSight, ...]:
        """What the alarms see of the feeds."""
        return feed_sights(self._keeper)
