"""A process that serves so many meters around one small plant."""

from __future__ import annotations

import asyncio
import sys

from drivers.simulated.modbus import ModbusServer, sdm630_unit

PLANT = {
    "meter.power_kw": 12.5,
    "meter.voltage_l1_v": 230.0,
    "meter.voltage_l2_v": 231.0,
    "meter.voltage_l3_v": 229.0,
    "meter.current_l1_a": 18.0,
    "meter.current_l2_a": 20.0,
    "meter.current_l3_a": 18.5,
    "meter.frequency_hz": 50.0,
    "meter.import_kwh": 1234.5,
    "meter.export_kwh": 10.25,
}


class StillPlant:
    """A plant whose quantities stand still and that takes no command."""

    def get(self, name: str) -> float:
        """The quantity; KeyError where there is none."""
        return PLANT[name]

    def set(self, name: str, value: float | None) -> None:
        """Refuse: nothing here can be commanded."""
        msg = f"{name} cannot be set to {value}"
        raise KeyError(msg)


async def _serve(units: int) -> None:
    plant = StillPlant()
    server = ModbusServer("127.0.0.1", 0, [sdm630_unit(plant, n) for n in range(1, units + 1)])
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
