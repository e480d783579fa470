"""What the field measurements share: a clock, a profile of float32 points, a serving process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.profile import RegisterProfile
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.registers import Bank, SimulatedUnit
from edge_agent.clock import SystemClock

ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()
WIDTH = 2
REGISTERS = 126
HOLDING = 3


def registers_profile(points: int, kind: str = "float32", width: int = WIDTH) -> RegisterProfile:
    """So many points one behind the other from holding register 0 on."""
    return RegisterProfile.model_validate(
        {
            "kind": "registers",
            "name": "bench",
            "manufacturer": "bench",
            "model": "bench",
            "source": "https://github.com/semdr-edge/semdr-edge",
            "hardware_tested": False,
            "type": kind,
            "function": "holding",
            "points": {
                f"p{n}": {"address": width * n, "unit": "kW", "scale": 0.001} for n in range(points)
            },
        }
    )


@contextmanager
def serving_process(module: str, units: int) -> Iterator[int]:
    """A process of its own that serves units 1..`units`; yields the port it prints."""
    words = [sys.executable, "-m", f"bench.field_parts.{module}", str(units)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


async def _serve(units: int) -> None:
    rows = [SimulatedUnit(n, HOLDING, Bank(0, range(REGISTERS))) for n in range(1, units + 1)]
    server = ModbusServer("127.0.0.1", 0, rows)
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
