"""The small site's devices around a plant whose meter follows what is commanded, served from a
thread of their own, so that the verbs can run in the test's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bacnet_peek import free_udp_port, priority_array
from small_house import FAN_COIL_OBJECT, WRITE_SLOT, Change, TablePlant, write_site

from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.simulated.modbus import ModbusServer, battery_unit, inverter_unit, sdm630_unit
from edge_agent.clock import SystemClock

T = TypeVar("T")
LOAD_KW = 60.0
SUN_KW = 40.0
VOLT = 230.0
PHASES = (1, 2, 3)


class SteppingPlant(TablePlant):
    """Battery and PV do as they are told and the connection point sees it, as the meter is wired.

    `turned` are the phases whose current transformer is turned; `factor` a wrong CT ratio.
    """

    def __init__(self) -> None:
        super().__init__()
        self.turned: tuple[int, ...] = ()
        self.factor = 1.0
        self.deaf = False
        self.sun_kw = SUN_KW
        self.wander_kw = 0.0
        self._wandered = 0

    def get(self, name: str) -> float:
        if name == "battery.power_kw":
            return 0.0 if self.deaf else self.commands.get("battery.setpoint_kw") or 0.0
        if name == "pv.power_kw":
            limit_kw = self.commands.get("pv.limit_kw")
            return self.sun_kw if limit_kw is None else min(self.sun_kw, limit_kw)
        if name == "meter.power_kw":
            self._wandered += 1
            return sum(self._phase_kw(phase) for phase in PHASES)
        for phase in PHASES:
            if name == f"meter.power_l{phase}_kw":
                return self._phase_kw(phase)
            if name == f"meter.current_l{phase}_a":
                return abs(self._phase_kw(phase)) * 1000 / VOLT / 0.99
        return super().get(name)

    def _phase_kw(self, phase: int) -> float:
        """A third of the balance, in the direction of its transformer."""
        # A sample takes two requests, and at each the meter looks twice: power, power factor.
        swing_kw = self.wander_kw if self._wandered // 4 % 2 else -self.wander_kw
        total_kw = LOAD_KW + swing_kw + self.get("battery.power_kw") - self.get("pv.power_kw")
        return self.factor * (-1 if phase in self.turned else 1) * total_kw / 3


class SteppingHouse:
    """Meter, battery and inverter on Modbus, room and fan coil on BACnet, in a thread."""

    def __init__(self) -> None:
        self.plant = SteppingPlant()
        clock = SystemClock()
        self.battery = battery_unit(self.plant, 2, clock)
        self.inverter = inverter_unit(self.plant, 3, clock)
        self.meter = sdm630_unit(self.plant, 1)
        self.modbus = ModbusServer("127.0.0.1", 0, (self.meter, self.battery, self.inverter))
        self.bacnet_port = free_udp_port()
        self._bacnet: BacnetServer | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.run(self._start())
        except BaseException:
            self._end_thread()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.run(self._stop())
        finally:
            self._end_thread()

    def _end_thread(self) -> None:
        """A thread left running would keep the whole test run from ending."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        """bacpypes3 wants its objects made in the loop that runs them."""
        celsius = "degrees-celsius"
        objects = (
            BacnetObject(object="analog-input,1", plant="room.temperature_c", units=celsius),
            BacnetObject(
                object=FAN_COIL_OBJECT, plant="room.setpoint_c", units=celsius, commandable=True
            ),
        )
        listen = f"127.0.0.1/8:{self.bacnet_port}"
        self._bacnet = BacnetServer(listen, 3101, SystemClock(), self.plant, objects)
        await self.modbus.start()
        await self._bacnet.start()

    async def _stop(self) -> None:
        await self.modbus.stop()
        if self._bacnet is not None:
            await self._bacnet.stop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the servers' loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def site_file(self, folder: Path, change: Change | None = None) -> Path:
        """The site file that fits these devices."""
        return write_site(folder, self.modbus.port, self.bacnet_port, change)

    @property
    def battery_commanded(self) -> bool:
        """Whether the battery's enable register stands at 1."""
        return self.battery.image.raw(704, "WSetEna") == 1

    @property
    def inverter_limited(self) -> bool:
        """Whether the inverter's limit is enabled."""
        return self.inverter.image.raw(123, "WMaxLim_Ena") == 1

    def our_slot(self) -> float | None:
        """What our slot of the fan coil's priority array holds."""
        return self.run(priority_array(self.bacnet_port, FAN_COIL_OBJECT))[WRITE_SLOT - 1]
