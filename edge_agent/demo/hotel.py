"""The simulated hotel as a process of its own: a plant behind real field protocols on loopback.

`python -I -m edge_agent.demo.hotel --clock SPEED@MONOTONIC_S=ISO_START --modbus-port N
--bacnet-port N --mqtt-port N --dir DIR [--seed S]`. Says `{"ready": {...}}` on stdout when all
servers listen, writes DIR/ledger.json about once a wall second, ends on SIGTERM, SIGINT or when
its stdin pipe is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from drivers.types import SetupError
from edge_agent.clock import ScaledClock, parse_origin
from edge_agent.demo.hotel_control import listen, say
from edge_agent.demo.hotel_ledger import write_ledger
from edge_agent.demo.hotel_plant import LivePlant
from edge_agent.demo.hotel_process import HotelPorts
from edge_agent.demo.hotel_servers import DIMMING_RELAY, HotelServers
from models.building.hotel import Hotel
from models.building.parameters import HotelParameters, PumpParameters, TankParameters

_LEDGER_EVERY_S = 1.0
_CATCH_UP_EVERY_S = 0.2


def main(arguments: list[str]) -> int:
    """Run the hotel until told to stop; 0 when it was, 1 when a port could not be bound."""
    options = _parser().parse_args(arguments)
    ports = HotelPorts(
        modbus=options.modbus_port, bacnet=options.bacnet_port, mqtt=options.mqtt_port
    )
    try:
        asyncio.run(_run(options.clock, ports, options.dir, options.seed))
    except (OSError, SetupError) as error:
        say({"error": str(error)})
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edge_agent.demo.hotel", description="simulated hotel")
    parser.add_argument("--clock", type=parse_origin, required=True)
    parser.add_argument("--modbus-port", type=int, required=True)
    parser.add_argument("--bacnet-port", type=int, required=True)
    parser.add_argument("--mqtt-port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    return parser


async def _run(clock: ScaledClock, ports: HotelPorts, directory: Path, seed: int) -> None:
    parameters = HotelParameters(
        tank=TankParameters(), pool_pump=PumpParameters(), relays=(DIMMING_RELAY,)
    )
    plant = LivePlant(Hotel(parameters, clock.start, seed), clock)
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    plant.catch_up()
    servers = HotelServers(plant, clock, ports)
    await servers.start()
    ledger = directory / "ledger.json"
    say({"ready": {"modbus": ports.modbus, "bacnet": ports.bacnet, "mqtt": ports.mqtt}})
    chores = [
        asyncio.create_task(_live(plant)),
        asyncio.create_task(_keep_ledger(plant, ledger)),
        asyncio.create_task(listen(servers.parts, plant)),
        asyncio.create_task(told_to_stop.wait()),
    ]
    try:
        done, _ = await asyncio.wait(chores, return_when=asyncio.FIRST_COMPLETED)
        for chore in done:
            chore.result()
    finally:
        for chore in chores:
            chore.cancel()
        plant.catch_up()
        write_ledger(ledger, plant.hotel)
        await servers.stop()


async def _live(plant: LivePlant) -> None:
    """Let the hotel live on even when nobody looks at it."""
    while True:
        plant.catch_up()
        await asyncio.sleep(_CATCH_UP_EVERY_S)


async def _keep_ledger(plant: LivePlant, path: Path) -> None:
    while True:
        write_ledger(path, plant.hotel)
        await asyncio.sleep(_LEDGER_EVERY_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
