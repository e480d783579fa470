"""A switched load on BACnet: a binary output with its sixteen slots, over the wire and back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from drivers.bacnet import BacnetDevice
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_point import BacnetPoint
from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.types import WriteRequest, WriteResult
from edge_agent.clock import SystemClock
from tests.drivers_bus.conftest import TablePlant, free_udp_port

PUMP, OURS, STAFF = "binary-output,51", 13, 8
POINT = BacnetPoint(name="switch", object=PUMP, writable=True, safe=(0, 1), limits=(0, 1))


@pytest.fixture
def pool() -> TablePlant:
    """A pump that its own timer has switched on."""
    plant = TablePlant()
    plant.own["pool_pump.on"] = 1.0
    return plant


@pytest.fixture
async def panel(pool: TablePlant) -> AsyncIterator[BacnetServer]:
    objects = (BacnetObject(object=PUMP, plant="pool_pump.on"),)
    server = BacnetServer(f"127.0.0.1/8:{free_udp_port()}", 3201, SystemClock(), pool, objects)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def pump(panel: BacnetServer, link: BacnetLink) -> BacnetDevice:
    return BacnetDevice("pool", link, panel.address, (POINT,), SystemClock())


async def switched(pump: BacnetDevice, value: float) -> tuple[WriteResult, float | None]:
    wish = WriteRequest(point="switch", value=value, lease_s=60.0, command_id="c1")
    outcome = await pump.write(wish)
    return outcome.result, outcome.readback


async def shown(pump: BacnetDevice) -> float | None:
    (reading,) = await pump.read()
    return reading.value


async def test_off_and_on_reach_the_pump_and_are_read_back(
    pump: BacnetDevice, panel: BacnetServer, pool: TablePlant
) -> None:
    assert await shown(pump) == 1.0
    assert await switched(pump, 0.0) == (WriteResult.VERIFIED, 0.0)
    assert (panel.slot(PUMP, OURS), pool.commanded) == (0.0, {"pool_pump.on": 0.0})
    assert await shown(pump) == 0.0
    assert await switched(pump, 1.0) == (WriteResult.VERIFIED, 1.0)
    assert pool.commanded == {"pool_pump.on": 1.0}


async def test_released_it_is_its_timers_again(
    pump: BacnetDevice, panel: BacnetServer, pool: TablePlant
) -> None:
    await switched(pump, 0.0)
    assert (await pump.release("switch")).result is WriteResult.VERIFIED
    assert [panel.slot(PUMP, slot) for slot in range(1, 17)] == [None] * 16
    assert pool.commanded == {}
    assert await shown(pump) == 1.0


async def test_a_person_at_the_panel_wins(
    pump: BacnetDevice, panel: BacnetServer, pool: TablePlant
) -> None:
    panel.hold(PUMP, STAFF, 1.0)
    result, readback = await switched(pump, 0.0)
    assert (result, readback) == (WriteResult.OVERRIDDEN_LOCALLY, 1.0)
    assert pool.commanded == {"pool_pump.on": 1.0}
