"""The one image of the field that everything in a cycle sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from drivers.types import Quality, Reading

CLOCK_SLACK_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The last reading of a point, and the last one that could be used."""

    latest: Reading
    usable: Reading | None
    stale_s: float

    def age_s(self, now: datetime) -> float | None:
        """Seconds since the last usable reading, None when there never was one."""
        return None if self.usable is None else (now - self.usable.at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Frozen at `at`; a value is only handed out while it is fresh and trusted."""

    at: datetime
    seen: Mapping[str, Seen]

    def value(self, key: str) -> float | None:
        """The last usable value of `device.point` if it is not stale, else None."""
        seen = self.seen.get(key)
        if seen is None or seen.usable is None:
            return None
        age_s = (self.at - seen.usable.at).total_seconds()
        # A reading from the future was taken before the clock stepped back: its age is not known.
        return seen.usable.value if -CLOCK_SLACK_S <= age_s <= seen.stale_s else None

    def asleep(self, key: str) -> bool:
        """Whether the device said it sleeps (an inverter at night: no power, no fault)."""
        seen = self.seen.get(key)
        return seen is not None and seen.latest.quality is Quality.ASLEEP

    def why_missing(self, key: str) -> str:
        """One sentence for the operator: what is wrong with this point."""
        seen = self.seen.get(key)
        if seen is None:
            return f"{key} has never been read"
        reason = f" ({seen.latest.reason})" if seen.latest.reason else ""
        if seen.usable is None:
            return f"{key} has no usable reading yet: {seen.latest.quality}{reason}"
        since = seen.usable.at.isoformat(timespec="seconds")
        if seen.latest.quality.usable:
            return f"{key} is stale: last reading at {since}"
        return f"{key} is {seen.latest.quality}{reason}, last usable at {since}"


class Board:
    """Gathers the latest readings; `freeze` makes the snapshot of a cycle."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}

    def post(self, readings: list[Reading], stale_s: float) -> None:
        """Take the judged readings of one poll."""
        for reading in readings:
            before = self._seen.get(reading.key)
            usable = reading if reading.quality.usable else (before.usable if before else None)
            self._seen[reading.key] = Seen(latest=reading, usable=usable, stale_s=stale_s)

    def freeze(self, now: datetime) -> Snapshot:
        """The image at `now`; later posts do not change it."""
        return Snapshot(at=now, seen=MappingProxyType(dict(self._seen)))
