"""What the gateway did itself, from the store's trail of commands: spans that teach nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from edge_agent.store.commands import Command

if TYPE_CHECKING:
    from edge_agent.site.schema import Site

OFF_K = 0.5
"""A zone commanded closer than this to its own set point lives as without us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSpan:
    """A point (`device.point`) that the gateway kept off its own value."""

    point: str
    start: datetime
    end: datetime


def held_points(site: Site) -> frozenset[str]:
    """The points whose commands change what is measured of load and sun."""
    return frozenset({*_zones(site), *_limits(site), *shed_switches(site)})


def shed_switches(site: Site) -> Mapping[str, float]:
    """The value that means off, by the point of each switch that sheds load."""
    named = {name for group in site.assets.demand.sheddable for name in group.switches}
    return {one.point: one.off_value for one in site.assets.switches if one.id in named}


class Did:
    """Spans by point, put together from the trail as it grows."""

    def __init__(self, site: Site) -> None:
        self._limits = _limits(site)
        self._off = shed_switches(site)
        self._spans: dict[str, list[HeldSpan]] = {}
        self._open: dict[str, datetime] = {}

    def take(self, commands: Iterable[Command]) -> None:
        """Take in the next rows of the trail, oldest first."""
        for command in commands:
            since = self._open.get(command.point)
            if self._changes(command):
                self._open.setdefault(command.point, command.at)
            elif since is not None:
                del self._open[command.point]
                self._close(command.point, since, command.at)

    def spans(self, now: datetime) -> tuple[HeldSpan, ...]:
        """All of them; what is held now is held until now."""
        found = [span for spans in self._spans.values() for span in spans]
        found += [HeldSpan(point=p, start=at, end=now) for p, at in self._open.items() if at < now]
        return tuple(found)

    def forget_before(self, oldest: datetime) -> None:
        """Drop what ended earlier."""
        for point, spans in self._spans.items():
            self._spans[point] = [span for span in spans if span.end > oldest]

    def _close(self, point: str, start: datetime, end: datetime) -> None:
        if end > start:
            self._spans.setdefault(point, []).append(HeldSpan(point=point, start=start, end=end))

    def _changes(self, command: Command) -> bool:
        """Whether the point is held at a value that it would not have by itself."""
        if not command.held:
            return False
        rated_kw = self._limits.get(command.point)
        if rated_kw is not None:
            return command.value < rated_kw
        off = self._off.get(command.point)
        if off is not None:
            return command.value == off
        return command.prior is None or abs(command.value - command.prior) > OFF_K


def _zones(site: Site) -> frozenset[str]:
    return frozenset(zone.setpoint for zone in site.assets.hvac.zones)


def _limits(site: Site) -> Mapping[str, float]:
    """Rated power [kW] by the point that limits it."""
    return {pv.limit: pv.peak_kw for pv in site.assets.pv if pv.limit is not None}
