"""Watching meter and device while something is moved: samples until they fit or time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from drivers.types import Clock, Driver
from edge_agent.commissioning.verdict import mean
from edge_agent.validate import out_of_range

PHASES = (1, 2, 3)
RAMP_SHARE = 0.2
"""A power that moves by more than this share of the tolerance from one sample to the next ramps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Longest wait for a step to show, seconds; samples averaged, and the pause between them."""

    settle_s: float = 20.0
    sample_s: float = 1.0
    samples: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Powers read together, kW; `phases_kw` where the meter tells them."""

    meter_kw: float
    own_kw: float
    phases_kw: Mapping[str, float]


Fits = Callable[[Moment], bool]


class Watch:
    """Reads the meter at the connection point and a device's own power, both `device.point`."""

    def __init__(
        self, drivers: Mapping[str, Driver], clock: Clock, pace: Pace, meter: str, own: str
    ) -> None:
        self._drivers = drivers
        self._clock = clock
        self._pace = pace
        self._meter = meter
        self._own = own
        device = meter.split(".", maxsplit=1)[0]
        driver = drivers.get(device)
        names = {point.name for point in driver.points} if driver is not None else set()
        self._phases = {
            f"L{phase}": f"{device}.power_l{phase}"
            for phase in PHASES
            if f"power_l{phase}" in names
        }

    async def values(self, keys: Iterable[str]) -> dict[str, float]:
        """The usable, believable values among `keys` now, by `device.point`."""
        by_device: dict[str, list[str]] = {}
        for key in dict.fromkeys(key for key in keys if key):
            device, name = key.split(".")
            by_device.setdefault(device, []).append(name)
        seen: dict[str, float] = {}
        for device, names in by_device.items():
            if device not in self._drivers:
                continue
            for reading in await self._drivers[device].read(tuple(names)):
                good = reading.quality.usable and out_of_range(reading) is None
                if good and reading.value is not None:
                    seen[reading.key] = reading.value
        return seen

    async def moments(self, fits: Fits) -> Sequence[Moment]:
        """The last samples, as soon as all of them fit, else when the time to settle is over.

        Fewer than asked for, or none, when something could not be read.
        """
        pace, clock = self._pace, self._clock
        end_s = clock.monotonic_s() + pace.settle_s
        recent: list[tuple[Moment, bool]] = []
        while True:
            moment = await self._moment()
            if moment is not None:
                recent = [*recent, (moment, fits(moment))][-pace.samples :]
            enough = len(recent) == pace.samples
            if (enough and all(fit for _, fit in recent)) or clock.monotonic_s() >= end_s:
                return [moment for moment, _ in recent]
            await clock.sleep(pace.sample_s)

    async def _moment(self) -> Moment | None:
        """Everything as it is now; None when the meter or the device's power is missing."""
        seen = await self.values((self._meter, *self._phases.values(), self._own))
        if self._meter not in seen or self._own not in seen:
            return None
        return Moment(
            meter_kw=seen[self._meter],
            own_kw=seen[self._own],
            phases_kw={phase: seen[key] for phase, key in self._phases.items() if key in seen},
        )


def near(meter_kw: float, own_kw: float, slack_kw: float) -> Fits:
    """Both powers are within `slack_kw` of these, and the device has come to rest there."""
    before_kw: list[float] = []

    def fits(moment: Moment) -> bool:
        ramps = bool(before_kw) and abs(moment.own_kw - before_kw[-1]) > RAMP_SHARE * slack_kw
        before_kw.append(moment.own_kw)
        at_meter = abs(moment.meter_kw - meter_kw) <= slack_kw
        return at_meter and not ramps and abs(moment.own_kw - own_kw) <= slack_kw

    return fits


def steady(own_kw: float | None, slack_kw: float) -> Fits:
    """The device's power is near `own_kw` (anything when None), and the meter moves no more."""
    before_kw: list[float] = []

    def fits(moment: Moment) -> bool:
        still = not before_kw or abs(moment.meter_kw - before_kw[-1]) <= slack_kw
        before_kw.append(moment.meter_kw)
        return still and (own_kw is None or abs(moment.own_kw - own_kw) <= slack_kw)

    return fits


def centre(moments: Sequence[Moment]) -> tuple[float, float]:
    """Mean power at the meter and of the device, kW."""
    return mean([one.meter_kw for one in moments]), mean([one.own_kw for one in moments])
