"""How many readings are valid, per device and local day and in the last minutes. Counts only.

A valid reading is `good`. A sleeping device and a register it does not have are no readings; a
setpoint nobody commands is none either (whoever counts leaves those points out).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

GOAL_SHARE = 0.95
ALARM_SHARE = 0.90
ALARM_S = 900.0
"""Below the alarm's share for longer than this is an alarm."""
WINDOW_MIN = 5
"""The present share is that of so many minutes with readings."""


@dataclass(slots=True)
class Count:
    """Readings of a device in a span."""

    valid: int = 0
    total: int = 0

    def add(self, valid: int, total: int) -> None:
        """Count more readings."""
        self.valid += valid
        self.total += total

    @property
    def share(self) -> float | None:
        """Valid ones, 0..1; None when there was none at all."""
        return self.valid / self.total if self.total else None


@dataclass(slots=True)
class Recent:
    """The last minutes, and since when their share is too low."""

    minutes: deque[tuple[int, Count]] = field(default_factory=lambda: deque(maxlen=WINDOW_MIN))
    low_since: datetime | None = None

    def add(self, now: datetime, valid: int, total: int) -> None:
        """Count, and keep track of the share."""
        minute = int(now.timestamp() // 60)
        if not self.minutes or self.minutes[-1][0] != minute:
            self.minutes.append((minute, Count()))
        self.minutes[-1][1].add(valid, total)
        share = self.share
        if share is None or share >= ALARM_SHARE:
            self.low_since = None
        elif self.low_since is None or self.low_since > now:
            self.low_since = now

    @property
    def share(self) -> float | None:
        """Valid ones of the last minutes, 0..1."""
        total = sum(count.total for _, count in self.minutes)
        return sum(count.valid for _, count in self.minutes) / total if total else None

    def alarming(self, now: datetime) -> bool:
        """Whether it has been too low for too long."""
        low = self.low_since
        return low is not None and (now - low).total_seconds() > ALARM_S


class QualityCounter:
    """Counts of every device and of the whole site, by local day."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._day: date | None = None
        self._day_ends: datetime | None = None
        self._day_began: datetime | None = None
        self.days: dict[date, dict[str, Count]] = {}
        self.recent: dict[str, Recent] = {}
        self.site_recent = Recent()

    def day(self, now: datetime) -> date:
        """The local day of `now` (UTC)."""
        if (
            self._day is None
            or self._day_began is None
            or self._day_ends is None
            or not self._day_began <= now < self._day_ends
        ):
            self._day = now.astimezone(self._zone).date()
            self._day_began = _midnight(self._day, self._zone)
            self._day_ends = _midnight(self._day + timedelta(days=1), self._zone)
        return self._day

    def add(self, device: str, now: datetime, valid: int, total: int) -> None:
        """Readings of one poll."""
        if total == 0:
            return
        counts = self.days.setdefault(self.day(now), {})
        counts.setdefault(device, Count()).add(valid, total)
        self.recent.setdefault(device, Recent()).add(now, valid, total)
        self.site_recent.add(now, valid, total)

    def take_up(self, day: date, earlier: Mapping[str, tuple[int, int]]) -> None:
        """Add what was counted on that day before."""
        counts = self.days.setdefault(day, {})
        for device, (valid, total) in earlier.items():
            counts.setdefault(device, Count()).add(valid, total)

    def today(self, now: datetime) -> Mapping[str, Count]:
        """Counts of the local day so far, by device."""
        return self.days.get(self.day(now), {})


def total_of(counts: Mapping[str, Count]) -> Count:
    """The whole site's."""
    return Count(
        valid=sum(count.valid for count in counts.values()),
        total=sum(count.total for count in counts.values()),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
