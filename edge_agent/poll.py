"""Reads every device at its own pace, judges the readings and hands them on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from drivers.types import Clock, Driver, Reading
from edge_agent.validate import Judge


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


class DevicePoller:
    """Polls one device for ever; runs under the supervisor."""

    def __init__(
        self, device_id: str, driver: Driver, judge: Judge, poll_s: float, clock: Clock
    ) -> None:
        self._driver = driver
        self._judge = judge
        self._poll_s = poll_s
        self._clock = clock
        self.status = PollStatus(device=device_id)

    async def run(self, sink: Sink) -> None:
        """Poll on a fixed beat; a late poll skips beats and counts them, it never bunches up."""
        due_s = self._clock.monotonic_s()
        while True:
            await self.poll_once(sink)
            due_s += self._poll_s
            behind_s = self._clock.monotonic_s() - due_s
            if behind_s > 0:
                skipped = int(behind_s // self._poll_s)
                self.status.missed += skipped
                due_s += skipped * self._poll_s
            await self._clock.sleep(due_s - self._clock.monotonic_s())

    async def poll_once(self, sink: Sink) -> list[Reading]:
        """One read, judged and handed on."""
        asked_at = self._clock.now()
        readings = self._judge.judge(await self._driver.read(), asked_at)
        self.status.polls += 1
        self.status.last_at = self._clock.now()
        if readings:
            usable = sum(reading.quality.usable for reading in readings)
            self.status.good_share = usable / len(readings)
        sink(self.status.device, readings)
        await asyncio.sleep(0)
        return readings
