from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import waiting

from drivers.bacnet_link import BacnetLink
from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.simulated.broker import EmbeddedBroker
from edge_agent.clock import SystemClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]

OBJECTS = (
    BacnetObject(object="analog-input,1", plant="zone_1.temperature_c", units="degrees-celsius"),
    BacnetObject(
        object="analog-input,2",
        plant="zone_1.temperature_c",
        units="degrees-fahrenheit",
        scale=1.8,
        offset=32.0,
    ),
    BacnetObject(object="analog-input,3", plant="ahu.power_w", units="watts"),
    BacnetObject(object="analog-input,4", plant="ahu.energy_wh", units="watt-hours"),
    BacnetObject(object="analog-input,5", plant="ahu.power_w", units="candelas"),
    BacnetObject(
        object="analog-value,7",
        plant="zone_1.setpoint_c",
        units="degrees-celsius",
        commandable=True,
    ),
    BacnetObject(
        object="analog-value,8",
        plant="zone_2.setpoint_c",
        units="degrees-fahrenheit",
        commandable=True,
        scale=1.8,
        offset=32.0,
    ),
    BacnetObject(object="analog-value,9", plant="plain.setpoint_c", units="degrees-celsius"),
    BacnetObject(object="binary-input,1", plant="zone_1.occupied"),
    BacnetObject(object="multi-state-input,1", plant="ahu.mode"),
)


class TablePlant:
    """A plant whose quantities stand still until somebody sets them."""

    def __init__(self) -> None:
        self.own = {
            "zone_1.temperature_c": 20.0,
            "ahu.power_w": 2500.0,
            "ahu.energy_wh": 12_345_000.0,
            "zone_1.setpoint_c": 21.0,
            "zone_2.setpoint_c": 20.0,
            "plain.setpoint_c": 18.0,
            "zone_1.occupied": 1.0,
            "ahu.mode": 3.0,
            "weather.temperature_c": 11.5,
            "weather.irradiance_w_m2": 640.0,
            "weather.humidity_percent": 55.0,
            "weather.wind_m_s": 3.25,
        }
        self.commanded: dict[str, float] = {}

    def get(self, name: str) -> float:
        return self.commanded.get(name, self.own[name])

    def set(self, name: str, value: float | None) -> None:
        if value is None:
            self.commanded.pop(name, None)
        else:
            self.commanded[name] = value


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
        probing.bind(("127.0.0.1", 0))
        return int(probing.getsockname()[1])


@pytest.fixture
def plant() -> TablePlant:
    return TablePlant()


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def listen() -> Callable[[], str]:
    """A new `127.0.0.1/8:port` each call: on loopback every BACnet peer needs its own port."""
    return lambda: f"127.0.0.1/8:{free_udp_port()}"


@pytest.fixture
async def controller(
    plant: TablePlant, clock: SystemClock, listen: Callable[[], str]
) -> AsyncIterator[BacnetServer]:
    server = BacnetServer(listen(), 3101, clock, plant, OBJECTS)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def link(clock: SystemClock, listen: Callable[[], str]) -> AsyncIterator[BacnetLink]:
    link = BacnetLink(listen(), 3056, timeout_s=1.0, clock=clock)
    await link.open()
    yield link
    await link.close()


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedBroker]:
    """One broker for all tests: each test uses device ids of its own."""
    broker = EmbeddedBroker()
    asyncio.run(broker.start())
    yield broker
    asyncio.run(broker.stop())


@pytest.fixture
def until() -> Until:
    """Wait for a condition."""
    return waiting.until
