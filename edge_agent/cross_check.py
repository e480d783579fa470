"""The judge of the whole site: keeps what the devices say about each other, and marks readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from drivers.types import Quality, Reading
from edge_agent.cross_device import Finding, cross_findings
from edge_agent.site.asset_schema import BatteryAsset
from edge_agent.site.schema import Site
from edge_agent.snapshot import Snapshot
from edge_agent.soc_energy import Sample, Stretch, advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A finding and since when it has been made without a break."""

    finding: Finding
    since: datetime

    def counts(self, now: datetime) -> bool:
        """Whether it has stood long enough; a clock that goes back makes it wait."""
        return (now - self.since).total_seconds() >= self.finding.hold_s


class CrossCheck:
    """Looks at every cycle's snapshot; `mark` then sets the quality of what comes in next."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stretches: dict[str, Stretch] = {}
        self._charges: dict[str, Finding] = {}
        self._found: dict[str, Standing] = {}
        self.marks: Mapping[str, Standing] = {}
        """What counts now, by `device.point`."""

    def watch(self, snapshot: Snapshot, *, clock_trusted: bool) -> None:
        """Judge the snapshot."""

        def shown(key: str) -> float | None:
            return self._shown(snapshot, key)

        for battery in self._site.assets.battery:
            self._charge(snapshot, battery)
        found = cross_findings(self._site, snapshot, shown, clock_trusted=clock_trusted)
        self._found = self._kept((*self._charges.values(), *found), snapshot.at)
        self.marks = {
            key: standing for key, standing in self._found.items() if standing.counts(snapshot.at)
        }

    def mark(self, readings: list[Reading]) -> list[Reading]:
        """The readings with the quality that the rest of the site leaves them; values as before."""
        if not self.marks:
            return readings
        return [self._marked(reading) for reading in readings]

    def _marked(self, reading: Reading) -> Reading:
        standing = self.marks.get(reading.key)
        if standing is None or not reading.quality.usable:
            return reading
        finding = standing.finding
        reason = f"{reading.reason}; {finding.reason}" if reading.reason else finding.reason
        return replace(reading, quality=finding.quality, reason=reason)

    def _kept(self, found: Iterable[Finding], now: datetime) -> dict[str, Standing]:
        """The worst finding of each point, with the time of the first of an unbroken row."""
        kept: dict[str, Standing] = {}
        for finding in found:
            before = self._found.get(finding.point)
            since = before.since if before is not None and before.since <= now else now
            earlier = kept.get(finding.point)
            if earlier is None or finding.quality is Quality.BAD:
                kept[finding.point] = Standing(finding=finding, since=since)
        return kept

    def _shown(self, snapshot: Snapshot, key: str) -> float | None:
        """A fresh value: a trusted one, or one that only we have taken the trust from."""
        standing, seen = self.marks.get(key), snapshot.seen.get(key)
        if standing is None or standing.finding.quality.usable or seen is None:
            return snapshot.value(key)
        latest = seen.latest
        fresh = (snapshot.at - latest.at).total_seconds() <= seen.stale_s
        ours = latest.quality.usable or latest.quality is standing.finding.quality
        return latest.value if fresh and ours else None

    def _charge(self, snapshot: Snapshot, battery: BatteryAsset) -> None:
        seen = snapshot.seen.get(battery.power)
        power_kw, soc_percent = snapshot.value(battery.power), self._shown(snapshot, battery.soc)
        if seen is None or seen.usable is None or power_kw is None or soc_percent is None:
            self._stretches.pop(battery.id, None)
            self._charges.pop(battery.id, None)
            return
        sample = Sample(at=seen.usable.at, power_kw=power_kw, soc_percent=soc_percent)
        stretch, judged = advance(
            self._stretches.get(battery.id), sample, battery, gap_s=seen.stale_s
        )
        self._stretches[battery.id] = stretch
        if judged is None:
            return
        if judged.finding is None:
            self._charges.pop(battery.id, None)
        else:
            self._charges[battery.id] = judged.finding
