"""The quality of the readings: what the site says about them, and how many are valid."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers.types import Driver, Quality, Reading
from edge_agent.cross_check import CrossCheck
from edge_agent.quality_days import DayStore, QualityDays
from edge_agent.quality_kpi import Count, QualityCounter, Recent, total_of
from edge_agent.site.schema import Site
from edge_agent.snapshot import Snapshot
from edge_agent.status import DeviceQuality, FindingView, QualityView
from edge_agent.store.types import StoreError

log = logging.getLogger(__name__)

SAVE_S = 60.0
NOT_COUNTED = frozenset({Quality.ASLEEP, Quality.NOT_IMPLEMENTED})
"""Neither valid nor invalid: nothing was due."""


class DataQuality:
    """Marks and counts every poll, and keeps the counts of the day."""

    def __init__(self, site: Site, drivers: Mapping[str, Driver], store: DayStore) -> None:
        self._cross = CrossCheck(site)
        self._counter = QualityCounter(ZoneInfo(site.site.timezone))
        self._days = QualityDays(self._counter, store)
        self._commanded = {
            device: frozenset(point.name for point in driver.points if point.writable)
            for device, driver in drivers.items()
        }
        self._saved_at: datetime | None = None

    async def start(self, now: datetime, *, clock_trusted: bool) -> None:
        """Take up what was counted today before; a wrong clock does so later, with `save`."""
        if clock_trusted:
            await self._days.load(now)

    def take(self, device: str, readings: list[Reading], now: datetime) -> list[Reading]:
        """The poll as it is to be believed, counted."""
        marked = self._cross.mark(readings)
        commanded = self._commanded[device]
        due = [
            reading.quality
            for reading in marked
            if reading.quality not in NOT_COUNTED and reading.point not in commanded
        ]
        self._counter.add(device, now, due.count(Quality.GOOD), len(due))
        return marked

    def watch(self, snapshot: Snapshot, *, clock_trusted: bool) -> None:
        """Hold the devices of a cycle against each other."""
        self._cross.watch(snapshot, clock_trusted=clock_trusted)

    async def save(self, now: datetime, *, clock_trusted: bool, at_once: bool = False) -> None:
        """Keep the counts now and then; never under the date of a clock that is wrong."""
        if not clock_trusted:
            return
        before = self._saved_at
        since_s = float("inf") if before is None else (now - before).total_seconds()
        if at_once or not 0 <= since_s < SAVE_S:
            self._saved_at = now
            try:
                await self._days.save(now)
            except StoreError as error:
                log.warning("the counts of valid readings wait: %s", error)

    def view(self, now: datetime) -> QualityView:
        """For the status picture."""
        today = self._counter.today(now)
        return QualityView(
            site=_quality("", total_of(today), self._counter.site_recent, now),
            devices=tuple(
                _quality(device, today.get(device, Count()), recent, now)
                for device, recent in sorted(self._counter.recent.items())
            ),
            findings=tuple(
                FindingView(
                    point=key,
                    quality=standing.finding.quality,
                    reason=standing.finding.reason,
                    since=standing.since,
                )
                for key, standing in sorted(self._cross.marks.items())
            ),
        )


def _quality(device: str, count: Count, recent: Recent, now: datetime) -> DeviceQuality:
    return DeviceQuality(
        device=device,
        valid=count.valid,
        readings=count.total,
        valid_share=count.share,
        recent_share=recent.share,
        low_since=recent.low_since,
        alarming=recent.alarming(now),
    )
