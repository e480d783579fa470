"""The only module that asks the machine for the time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """Real time: plant seconds are wall seconds."""

    speed = 1.0

    def now(self) -> datetime:
        """UTC, aware."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds that never step back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep plant seconds."""
        await asyncio.sleep(max(0.0, seconds))


class ScaledClock:
    """Plant time that runs `speed` times as fast as the wall from a common origin.

    `origin_s` is the machine's monotonic clock at plant time `start`, so that several processes of
    one machine, and a process that was restarted, share one plant time.
    """

    def __init__(self, start: datetime, speed: float, origin_s: float) -> None:
        if speed <= 0:
            msg = f"speed must be positive, got {speed}"
            raise ValueError(msg)
        self.start = start.astimezone(UTC)
        self.speed = speed
        self.origin_s = origin_s

    def now(self) -> datetime:
        """UTC plant time, aware."""
        return self.start + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        """Plant seconds since the origin."""
        return (time.monotonic() - self.origin_s) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep plant seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)


class ManualClock:
    """A clock that tests and backtests move by hand; sleepers wake when their time has come."""

    speed = 1.0

    def __init__(self, start: datetime) -> None:
        self._start = start.astimezone(UTC)
        self._elapsed_s = 0.0
        self._moved = asyncio.Condition()
        self.sleepers = 0
        """How many wait for it to move on."""

    def now(self) -> datetime:
        """UTC, aware."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic_s(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Wait until somebody has advanced the clock that far."""
        due_s = self._elapsed_s + max(0.0, seconds)
        async with self._moved:
            self.sleepers += 1
            try:
                await self._moved.wait_for(lambda: self._elapsed_s >= due_s)
            finally:
                self.sleepers -= 1

    async def advance(self, seconds: float) -> None:
        """Move time on and wake whoever is due."""
        async with self._moved:
            self._elapsed_s += seconds
            self._moved.notify_all()


def parse_origin(text: str) -> ScaledClock:
    """`SPEED@MONOTONIC_S=ISO_START`, as the demo hands it to the processes it starts."""
    try:
        speed, rest = text.split("@", 1)
        origin, start = rest.split("=", 1)
        return ScaledClock(datetime.fromisoformat(start), float(speed), float(origin))
    except ValueError as error:
        msg = f"clock {text!r} is not SPEED@MONOTONIC_S=ISO_START: {error}"
        raise ValueError(msg) from error


def format_origin(clock: ScaledClock) -> str:
    """The inverse of parse_origin."""
    return f"{clock.speed!r}@{clock.origin_s!r}={clock.start.isoformat()}"
