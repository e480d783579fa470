"""Polling real devices: one reading a point, whatever they do, and no bunching up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from field_images import NOW
from small_house import SmallHouse

from drivers.types import Driver, Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.poll import DevicePoller
from edge_agent.site.load import LoadedSite
from edge_agent.validate import Judge, device_rule
from tests.agent.conftest import Until


class Sink:
    """What came in."""

    def __init__(self) -> None:
        self.polls: list[list[Reading]] = []

    def __call__(self, device: str, readings: list[Reading]) -> None:
        assert {reading.device for reading in readings} <= {device}
        self.polls.append(readings)


def poller(
    name: str, loaded: LoadedSite, devices: dict[str, Driver], clock: ManualClock
) -> DevicePoller:
    rule = device_rule(loaded.site.device(name), devices[name].points)
    return DevicePoller(name, devices[name], Judge(rule), 10.0, clock)


@pytest.mark.parametrize("name", ["meter", "battery", "inverter", "room", "fcu"])
async def test_one_reading_for_each_point(
    name: str, loaded: LoadedSite, devices: dict[str, Driver], clock: ManualClock
) -> None:
    sink, polling = Sink(), poller(name, loaded, devices, clock)
    readings = await polling.poll_once(sink)
    assert sink.polls == [readings]
    assert Counter(one.point for one in readings) == Counter(p.name for p in devices[name].points)
    assert (polling.status.polls, polling.status.last_at) == (1, NOW)
    assert polling.status.good_share == sum(one.quality.usable for one in readings) / len(readings)


async def test_a_dead_device_gives_readings_without_values(
    loaded: LoadedSite, devices: dict[str, Driver], clock: ManualClock, house: SmallHouse
) -> None:
    await house.modbus.stop()
    polling = poller("meter", loaded, devices, clock)
    readings = await polling.poll_once(Sink())
    assert {one.quality for one in readings} == {Quality.MISSING}
    assert {one.value for one in readings} == {None}
    assert polling.status.good_share == 0.0


async def test_readings_are_judged_before_they_are_handed_on(
    loaded: LoadedSite, devices: dict[str, Driver], clock: ManualClock, house: SmallHouse
) -> None:
    house.plant.values["room.temperature_c"] = 900.0
    (reading,) = await poller("room", loaded, devices, clock).poll_once(Sink())
    assert (reading.quality, reading.value) == (Quality.BAD, 900.0)


@pytest.fixture
async def running(
    loaded: LoadedSite, devices: dict[str, Driver], clock: ManualClock
) -> AsyncIterator[tuple[DevicePoller, Sink]]:
    sink, polling = Sink(), poller("meter", loaded, devices, clock)
    task = asyncio.create_task(polling.run(sink))
    yield polling, sink
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_late_poll_skips_beats_and_counts_them(
    running: tuple[DevicePoller, Sink], clock: ManualClock, until: Until
) -> None:
    polling, sink = running
    await until(lambda: len(sink.polls) == 1)
    await clock.advance(10)
    await until(lambda: len(sink.polls) == 2)
    assert polling.status.missed == 0
    await clock.advance(35)
    # Due at 20 and run at 45: those of 30 and 40 are lost, one read has served all three.
    await until(lambda: polling.status.missed == 2)
    assert len(sink.polls) == 3
    await clock.advance(4.9)
    await asyncio.sleep(0.02)
    assert len(sink.polls) == 3
    await clock.advance(0.1)
    await until(lambda: len(sink.polls) == 4)
    assert polling.status.polls == 4
