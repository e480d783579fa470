"""The feeds of a site inside the running gateway; nothing is loaded where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.types import Clock
from edge_agent.alarms.sight import FeedSight
from edge_agent.cloud_link import CloudLink
from edge_agent.site.load import LoadedSite, feed_sources
from edge_agent.site.schema import MqttLink
from edge_agent.site_bus import mqtt_wire

if TYPE_CHECKING:
    from drivers.mqtt import MqttLink as Wire
    from edge_agent.feed_inlet import FeedInlet
    from edge_agent.feeds.keeper import FeedKeeper


def feed_keeper(loaded: LoadedSite, state_dir: Path, clock: Clock) -> FeedKeeper | None:
    """Keeps the sources of the site file, None where it names none."""
    sources = feed_sources(loaded)
    if not sources:
        return None
    from edge_agent.feeds.child import ChildPuller
    from edge_agent.feeds.keeper import FeedKeeper

    return FeedKeeper(sources, state_dir, clock, ChildPuller())


def feed_inlet(
    loaded: LoadedSite, keeper: FeedKeeper, clock: Clock, cloud: CloudLink
) -> FeedInlet | None:
    """Where documents come in by themselves, None where no source does so.

    A topic is listened to on every MQTT link of the site.
    """
    sources = feed_sources(loaded)
    if all(source.format.asked for source in sources):
        return None
    from edge_agent.feed_inlet import SHADOW, FeedInlet

    def wires() -> Iterator[Wire]:
        for link in loaded.site.links.values():
            if isinstance(link, MqttLink):
                yield mqtt_wire(link, clock)

    inlet = FeedInlet(sources, keeper, wires)
    if inlet.shadowed:
        cloud.watch(SHADOW, inlet.desired)
    return inlet


def feed_sights(keeper: FeedKeeper | None) -> tuple[FeedSight, ...]:
    """What the alarms see of the feeds."""
    if keeper is None:
        return ()
    return tuple(
        FeedSight(
            name=one.name,
            ahead_h=one.ahead_h,
            error=one.error,
            handed_over=one.name in keeper.handed_over,
        )
        for one in keeper.views()
    )
