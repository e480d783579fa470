"""A battery and a PV inverter that speak SunSpec, with revert timers that run in plant time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from drivers.simulated.plant import Plant
from drivers.simulated.registers import DEVICE_FAILURE, ModbusFault, SimulatedUnit, value_of
from drivers.simulated.sunspec_image import SunSpecImage
from drivers.types import Clock, Identity

_HOLDING = 3
_HEARTBEAT_WRAP = 60_000
_MPPT, _THROTTLED, _SLEEPING = 4, 5, 2
_CONNECTED = 3
_RUNNING = 3
_WATTS = 1
_LARGEST_INT16 = 0x7FFF
_LITHIUM_ION = 4
_SIZES = ("capacity_kwh", "charge_limit_kw", "discharge_limit_kw")
_THREE_PHASE = 2


class RevertTimer:
    """Drops a command when its plant seconds have passed and nobody has started it again."""

    def __init__(self, clock: Clock, expire: Callable[[], None]) -> None:
        self._clock = clock
        self._expire = expire
        self._due_s = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def remaining_s(self) -> float:
        """Plant seconds left, 0 when it does not run."""
        return 0.0 if self._task is None else max(0.0, self._due_s - self._clock.monotonic_s())

    def start(self, seconds: float) -> None:
        """Run for so many plant seconds from now."""
        self.cancel()
        self._due_s = self._clock.monotonic_s() + seconds
        self._task = asyncio.get_running_loop().create_task(self._run(seconds))

    async def _run(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._task = None
        self._expire()

    def cancel(self) -> None:
        """Stop it; nothing is dropped."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def stop(self) -> None:
        """Stop it and wait until it is gone."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def factor_for(largest_w: float) -> int:
    """The smallest scale factor from 0 with which `largest_w` fits an int16."""
    exponent = 0
    while largest_w / 10**exponent > _LARGEST_INT16:
        exponent += 1
    return exponent


class BatteryUnit(SimulatedUnit):
    """Models 1, 701, 704 and 802 around `battery.*` of a plant.

    `local` is the switch at the cabinet: while it is on, commands are dropped and refused.
    """

    def __init__(self, plant: Plant, unit_id: int, clock: Clock) -> None:
        identity = Identity(
            manufacturer="SEMDR", model="Simulated battery", serial=f"BAT{unit_id:04}", firmware="1"
        )
        self.image = SunSpecImage((1, 701, 704, 802), identity, unit_id)
        super().__init__(unit_id, _HOLDING, self.image.bank)
        self._plant = plant
        self._clock = clock
        self._timer = RevertTimer(clock, self._drop)
        self._local = False
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        """Scale factors, states and what can be written."""
        image = self.image
        watts = factor_for(max(_look(self._plant, "battery", n) or 0.0 for n in _SIZES) * 1300.0)
        image.set_raw(701, ACType=_THREE_PHASE, St=1, InvSt=_RUNNING, ConnSt=1, Alrm=0)
        image.set_raw(701, W_SF=watts, Tmp_SF=-1)
        image.set_raw(704, WSetEna=0, WSetMod=_WATTS, WSet=0, WSet_SF=0)
        image.set_raw(704, WSetEnaRvrt=0, WSetRvrtTms=0)
        image.set_raw(802, Typ=_LITHIUM_ION, State=_CONNECTED, LocRemCtl=0)
        image.set_raw(802, Evt1=0, Evt2=0, EvtVnd1=0, EvtVnd2=0)
        image.set_raw(802, WHRtg_SF=watts, WChaDisChaMax_SF=watts, SoC_SF=-2, V_SF=-1, A_SF=-1)
        image.set_raw(802, AMax_SF=-1)
        image.allow(704, "WSetEna", "WSetMod", "WSet", "WSetEnaRvrt", "WSetRvrtTms")

    @property
    def local(self) -> bool:
        """Whether the device is under local control."""
        return self._local

    @local.setter
    def local(self, on: bool) -> None:
        self._local = on
        if on:
            self._timer.cancel()
            self._drop()

    def refresh(self) -> None:
        """Show the plant's battery: generation and discharge positive, as SunSpec counts."""
        image, get = self.image, partial(_look, self._plant, "battery")
        image.set(701, "W", _times(get("power_kw"), -1000.0))
        image.set(701, "TmpAmb", get("temperature_c"))
        image.set(802, "WHRtg", _times(get("capacity_kwh"), 1000.0))
        image.set(802, "WChaRteMax", _times(get("charge_limit_kw"), 1000.0))
        image.set(802, "WDisChaRteMax", _times(get("discharge_limit_kw"), 1000.0))
        image.set(802, "SoC", get("soc_percent"))
        image.set(802, "V", get("voltage_v"))
        image.set(802, "A", _times(get("current_a"), -1.0))
        image.set(802, "AChaMax", _amperes(get("charge_limit_kw"), get("voltage_v")))
        image.set(802, "ADisChaMax", _amperes(get("discharge_limit_kw"), get("voltage_v")))
        image.set_raw(802, Hb=int(self._clock.monotonic_s()) % _HEARTBEAT_WRAP)
        image.set_raw(802, LocRemCtl=int(self._local))
        image.set_raw(704, WSetRvrtRem=round(self._timer.remaining_s))

    def authorise(self) -> None:
        """Refuse while under local control."""
        if self._local:
            raise ModbusFault(DEVICE_FAILURE)

    def commanded(self, first: int, end: int) -> None:
        """Take the setpoint while enabled; writing the enable starts the timer anew."""
        image = self.image
        enabled = image.raw(704, "WSetEna") == 1
        if image.holds(704, "WSetEna", first, end):
            self._timer.cancel()
            seconds = image.raw(704, "WSetRvrtTms")
            if enabled and seconds > 0:
                self._timer.start(seconds)
            if not enabled:
                self._drop()
        if enabled and image.raw(704, "WSetMod") == _WATTS:
            self._plant.set("battery.setpoint_kw", -image.raw(704, "WSet") / 1000.0)

    def _drop(self) -> None:
        """Back to the battery's own control."""
        self.image.set_raw(704, WSetEna=0)
        self._plant.set("battery.setpoint_kw", None)

    async def stop(self) -> None:
        """End the timer; the command stays as it is."""
        await self._timer.stop()


class InverterUnit(SimulatedUnit):
    """Models 1, 103, 120 and 123 around `pv.*` of a plant."""

    def __init__(self, plant: Plant, unit_id: int, clock: Clock) -> None:
        identity = Identity(
            manufacturer="SEMDR",
            model="Simulated inverter",
            serial=f"INV{unit_id:04}",
            firmware="1",
        )
        self.image = SunSpecImage((1, 103, 120, 123), identity, unit_id)
        super().__init__(unit_id, _HOLDING, self.image.bank)
        self._plant = plant
        self._timer = RevertTimer(clock, self._drop)
        image = self.image
        watts = factor_for(1300.0 * (value_of(plant, "pv.rated_kw") or 0.0))
        image.set_raw(103, W_SF=watts, DCW_SF=watts, WH_SF=0, Tmp_SF=-1, Evt1=0)
        image.set_raw(120, DERTyp=4, WRtg_SF=watts)
        image.set_raw(123, Conn=1, WMaxLimPct=10_000, WMaxLimPct_SF=-2, WMaxLim_Ena=0)
        image.set_raw(123, WMaxLimPct_RvrtTms=0)
        image.allow(123, "WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena")
        self.refresh()

    def refresh(self) -> None:
        """Show the plant's inverter; without power and without a limit it sleeps."""
        image, get = self.image, partial(_look, self._plant, "pv")
        power_kw = get("power_kw")
        image.set(103, "W", _times(power_kw, 1000.0))
        image.set(103, "DCW", _times(get("dc_power_kw"), 1000.0))
        image.set(103, "WH", _times(get("energy_kwh"), 1000.0))
        image.set(103, "TmpCab", get("temperature_c"))
        image.set(120, "WRtg", _times(get("rated_kw"), 1000.0))
        limited = image.raw(123, "WMaxLim_Ena") == 1
        awake = _THROTTLED if limited else _MPPT
        image.set_raw(103, St=awake if power_kw or limited else _SLEEPING)

    def commanded(self, first: int, end: int) -> None:
        """Take the limit while enabled; writing the enable starts the timer anew."""
        image = self.image
        enabled = image.raw(123, "WMaxLim_Ena") == 1
        if image.holds(123, "WMaxLim_Ena", first, end):
            self._timer.cancel()
            seconds = image.raw(123, "WMaxLimPct_RvrtTms")
            if enabled and seconds > 0:
                self._timer.start(seconds)
            if not enabled:
                self._drop()
        rated_kw = value_of(self._plant, "pv.rated_kw")
        if enabled and rated_kw is not None:
            share = image.raw(123, "WMaxLimPct") / 10_000
            self._plant.set("pv.limit_kw", share * rated_kw)

    def _drop(self) -> None:
        """Back to full power."""
        self.image.set_raw(123, WMaxLim_Ena=0)
        self._plant.set("pv.limit_kw", None)

    async def stop(self) -> None:
        """End the timer; the limit stays as it is."""
        await self._timer.stop()


def _look(plant: Plant, part: str, name: str) -> float | None:
    """A quantity of one part of the plant."""
    return value_of(plant, f"{part}.{name}")


def _amperes(power_kw: float | None, volts: float | None) -> float | None:
    """The current of a power; None while one of the two is not known."""
    return power_kw * 1000.0 / volts if power_kw is not None and volts else None


def _times(value: float | None, factor: float) -> float | None:
    """The product; nothing stays nothing."""
    return None if value is None else value * factor


def battery_unit(plant: Plant, unit_id: int, clock: Clock) -> BatteryUnit:
    """A battery that shows `battery.*` and takes `battery.setpoint_kw` (charging positive)."""
    return BatteryUnit(plant, unit_id, clock)


def inverter_unit(plant: Plant, unit_id: int, clock: Clock) -> InverterUnit:
    """A PV inverter that shows `pv.*` and takes `pv.limit_kw`."""
    return InverterUnit(plant, unit_id, clock)
