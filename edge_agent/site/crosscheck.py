"""What only shows when the parts of a site file are held against each other."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.site.check_assets import asset_findings
from edge_agent.site.check_devices import device_findings
from edge_agent.site.check_links import link_findings
from edge_agent.site.check_pace import pace_findings
from edge_agent.site.check_points import point_findings
from edge_agent.site.check_settings import setting_findings
from edge_agent.site.feed_sources import feed_source_findings, feed_way_findings
from edge_agent.site.known_points import Profiles
from edge_agent.site.mistakes import Finding
from edge_agent.site.parts import sound_parts
from edge_agent.site.tree import Json


def cross_findings(data: dict[str, Json], profiles: Profiles) -> Iterator[Finding]:
    """Every mistake between keys; parts whose own shape is wrong are left out of it."""
    parts = sound_parts(data)
    yield from setting_findings(parts)
    yield from link_findings(parts)
    if parts.feeds is not None:
        yield from feed_source_findings(parts.feeds)
        yield from feed_way_findings(parts.feeds, parts)
    yield from device_findings(parts, profiles)
    yield from pace_findings(parts)
    yield from asset_findings(parts)
    yield from point_findings(parts, profiles)
