"""Reads every device at its own pace, judges the readings and hands them on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from drivers.cadence import Schedule, period_s, stagger_s
from drivers.types import Cadence, Clock, Driver, Point, Reading
from edge_agent.drawer import Drawer
from edge_agent.learned import LearnedHoles
from edge_agent.site.schema import Site
from edge_agent.validate import Judge, device_rule

STALE_PERIODS = 3
"""A point read less often than its device is stale after so many of its own periods."""


@dataclass(slots=True, kw_only=True)
class PollStatus:
    """What `status` shows of a device's polling."""

    device: str
    polls: int = 0
    missed: int = 0
    """Periods that passed while the poll before was still under way."""
    last_at: datetime | None = None
    good_share: float | None = None
    """Share of usable readings in the last poll."""


Sink = Callable[[str, list[Reading]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a poller minds beside reading: its phase among its neighbours, and what it learns."""

    phase_s: float = 0.0
    learned: LearnedHoles | None = None


class DevicePoller:
    """Polls one device for ever; runs under the supervisor.

    A reading taken at the very same moment as the last one handed on (a message that was not
    followed by another) is no new reading and is not handed on again.
    """

    def __init__(
        self,
        device_id: str,
        driver: Driver,
        judge: Judge,
        poll_s: float,
        clock: Clock,
        beside: Beside | None = None,
    ) -> None:
        self._driver = driver
        self._judge = judge
        self._clock = clock
        beside = beside or Beside()
        self._learned = beside.learned
        self._schedule = Schedule(driver.points, poll_s, beside.phase_s)
        self._count = len(driver.points)
        self._rare_s = _rare(driver.points, poll_s)
        self._before: list[Reading] = []
        self.status = PollStatus(device=device_id)

    async def run(self, sink: Sink) -> None:
        """Poll on a fixed beat; a late poll skips beats and counts them, it never bunches up."""
        due_s = self._clock.monotonic_s()
        pause_s, beat_s = self._schedule.first_beat_s, self._schedule.beat_s
        while True:
            polls = self.status.polls
            await self.poll_once(sink, due_s)
            self.status.missed += self.status.polls == polls
            due_s += pause_s
            pause_s = beat_s
            behind_s = self._clock.monotonic_s() - due_s
            if behind_s > 0:
                skipped = int(behind_s // beat_s)
                self.status.missed += skipped
                due_s += skipped * beat_s
            await self._clock.sleep(due_s - self._clock.monotonic_s())

    async def poll_once(self, sink: Sink, due_s: float = float("-inf")) -> list[Reading]:
        """One read of what is due now or at `due_s`, judged and handed on."""
        names = self._schedule.due(max(due_s, self._clock.monotonic_s()))
        if not names:
            return []
        if self._learned is not None:
            await self._learned.recall()
        asked_at = self._clock.now()
        read = await self._driver.read(None if len(names) == self._count else names)
        readings = self._judge.judge(read, asked_at)
        self.status.polls += 1
        self.status.last_at = self._clock.now()
        usable = sum(reading.quality.usable for reading in readings)
        if readings:
            self.status.good_share = usable / len(readings)
        if not usable:
            self._schedule.again(names, self._clock.monotonic_s())
        sink(self.status.device, self._news(readings, asked_at))
        if self._learned is not None:
            await self._learned.keep()
        await asyncio.sleep(0)
        return readings

    def by_staleness(
        self, readings: list[Reading], stale_s: float
    ) -> Iterator[tuple[float, list[Reading]]]:
        """The readings by the age beyond which each is stale: `stale_s`, or more where read rarely.

        Plant seconds.
        """
        if not self._rare_s:
            yield stale_s, readings
            return
        groups: dict[float, list[Reading]] = {}
        for reading in readings:
            own_s = max(stale_s, self._rare_s.get(reading.point, stale_s))
            groups.setdefault(own_s, []).append(reading)
        yield from groups.items()

    def _news(self, readings: list[Reading], asked_at: datetime) -> list[Reading]:
        """Without what was handed on before; what arrived after the asking is new for certain."""
        before, self._before = self._before, readings
        if all(reading.at >= asked_at for reading in readings):
            return readings
        known = {one.point: (one.at, one.quality, one.value) for one in before}
        return [one for one in readings if known.get(one.point) != (one.at, one.quality, one.value)]


def _rare(points: Iterable[Point], poll_s: float) -> dict[str, float]:
    """Staleness of the points that are read less often than once in `poll_s`."""
    rare = (Cadence.SLOW, Cadence.ONCE)
    return {
        point.name: STALE_PERIODS * period_s(point.cadence, poll_s)
        for point in points
        if point.cadence in rare
    }


def build_pollers(
    site: Site, drivers: Mapping[str, Driver], clock: Clock, drawer: Drawer
) -> dict[str, DevicePoller]:
    """A poller for each device, the devices of a link spread over their beat."""
    return {
        device_id: DevicePoller(
            device_id,
            drivers[device_id],
            Judge(device_rule(site.device(device_id), drivers[device_id].points)),
            site.device(device_id).poll_s,
            clock,
            Beside(
                phase_s=phase_s,
                learned=LearnedHoles(
                    drivers[device_id], device_id, site.device(device_id).profile or "", drawer
                ),
            ),
        )
        for device_id, phase_s in _phases(site, drivers).items()
    }


def _phases(site: Site, drivers: Mapping[str, Driver]) -> dict[str, float]:
    """By device: how far behind the first of its link it asks, in plant seconds."""
    on_link = Counter(device.link for device in site.devices)
    before: Counter[str] = Counter()
    phases = {}
    for device in site.devices:
        beat_s = Schedule(drivers[device.id].points, device.poll_s).beat_s
        phases[device.id] = stagger_s(before[device.link], on_link[device.link], beat_s)
        before[device.link] += 1
    return phases
