"""Cadence, stagger, learnt holes and messages heard once, on real wires."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from small_house import SmallHouse, write_site
from wishes import NOW

from drivers.learning import LearnsHoles
from drivers.modbus import open_device
from drivers.modbus_link import ModbusLink
from drivers.profile import RegisterProfile, load_profile
from drivers.simulated.broker import EmbeddedBroker
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.registers import ILLEGAL_ADDRESS, Bank, ModbusFault, SimulatedUnit
from drivers.types import Driver, Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.fields import build_drivers
from edge_agent.learned import LearnedHoles
from edge_agent.notes import Notebook
from edge_agent.poll import Beside, DevicePoller, build_pollers
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.store import Store
from edge_agent.store.types import Committed
from edge_agent.validate import DeviceRule, Judge
from tests.agent.conftest import Until

Reads = list[tuple[int, int]]


class Unit(SimulatedUnit):
    """Answers 0 but for what is set, refuses the registers in `hole`, and keeps a list."""

    def __init__(self, unit_id: int, hole: range = range(0)) -> None:
        super().__init__(unit_id, 0, Bank(0, []))
        self.hole = hole
        self.words: dict[int, int] = {}
        self.reads: Reads = []

    def read(self, function: int, address: int, count: int) -> list[int]:
        self.reads.append((address, count))
        asked = range(address, address + count)
        if set(asked) & set(self.hole):
            raise ModbusFault(ILLEGAL_ADDRESS)
        return [self.words.get(register, 0) for register in asked]

    def taken(self) -> Reads:
        """What was asked since the last look."""
        reads, self.reads = self.reads, []
        return reads


def em340(serial: str) -> Unit:
    """A meter that names itself and lacks the register of its frequency."""
    profile = load_profile("carlo_gavazzi_em340")
    assert isinstance(profile, RegisterProfile)
    span = profile.span("frequency")
    unit = Unit(1, range(span.address, span.end))
    unit.words[0x0B] = 341
    unit.words |= {0x5000 + place: ord(letter) for place, letter in enumerate(serial)}
    return unit


Open = Callable[[Unit, str], Awaitable[Driver]]


@pytest.fixture
async def opened(clock: ManualClock) -> AsyncIterator[Open]:
    """A driver for a unit served on a port of its own."""
    ends: list[Callable[[], Awaitable[None]]] = []

    async def start(unit: Unit, profile: str) -> Driver:
        server = ModbusServer("127.0.0.1", 0, [unit])
        await server.start()
        link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=0.3, clock=clock)
        driver = open_device("dev", link, unit.unit_id, profile, clock)
        await driver.open()
        ends.extend((driver.close, server.stop))
        return driver

    yield start
    for end in ends:
        await end()


def poller(driver: Driver, clock: ManualClock, beside: Beside | None = None) -> DevicePoller:
    return DevicePoller(
        "dev", driver, Judge(DeviceRule(device="dev", stuck_s=None)), 10.0, clock, beside
    )


def nowhere(_device: str, _readings: list[Reading]) -> None:
    return


def touches(reads: Reads, hole: range) -> bool:
    return any(set(range(address, address + count)) & set(hole) for address, count in reads)


async def poll_until_answered(polling: DevicePoller, clock: ManualClock) -> None:
    """Poll on, at most 10 s of the wall: a unit that was silent is asked again after a pause."""
    async with asyncio.timeout(10):
        while not polling.status.good_share:
            await clock.advance(10)
            await polling.poll_once(nowhere)
            await asyncio.sleep(0.02)


async def test_slow_points_are_read_once_in_ten_periods(opened: Open, clock: ManualClock) -> None:
    unit = Unit(100)
    driver = await opened(unit, "victron_gx_system")
    polling = poller(driver, clock)
    slow = range(2900, 2903)
    found = []
    for _ in range(21):
        readings = await polling.poll_once(nowhere)
        found.append((len(readings) == len(driver.points), touches(unit.taken(), slow)))
        await clock.advance(10)
    assert [index for index, (everything, _) in enumerate(found) if everything] == [0, 10, 20]
    assert [index for index, (_, touched) in enumerate(found) if touched] == [0, 10, 20]


async def test_slow_points_do_not_go_stale_between_their_reads(
    opened: Open, clock: ManualClock
) -> None:
    polling = poller(await opened(Unit(100), "victron_gx_system"), clock)
    readings = await polling.poll_once(nowhere)
    by_age = {
        one.point: stale_s for stale_s, some in polling.by_staleness(readings, 30.0) for one in some
    }
    assert by_age["hub4_mode"] == 300.0
    assert by_age["battery_state"] == 30.0


async def test_what_a_dead_device_did_not_say_at_start_is_asked_again_soon(
    opened: Open, clock: ManualClock
) -> None:
    unit = Unit(100)
    unit.silent = True
    polling = poller(await opened(unit, "victron_gx_system"), clock)
    await polling.poll_once(nowhere)
    unit.silent = False
    await poll_until_answered(polling, clock)
    assert touches(unit.taken(), range(2900, 2903))


async def test_devices_of_a_link_do_not_ask_at_the_same_moment(
    loaded: LoadedSite,
    devices: dict[str, Driver],
    store: Store,
    clock: ManualClock,
    until: Until,
) -> None:
    pollers = build_pollers(loaded.site, devices, clock, Notebook(store))
    assert list(pollers) == ["meter", "battery", "inverter", "room", "fcu"]
    tasks = [asyncio.create_task(one.run(nowhere)) for one in pollers.values()]

    def polls() -> list[int]:
        return [one.status.polls for one in pollers.values()]

    def reached(then: list[int]) -> bool:
        return polls() == then

    await until(partial(reached, [1, 1, 1, 1, 1]))
    for pause_s, then in (
        (0.34, [1, 2, 1, 1, 1]),
        (0.20, [1, 2, 1, 1, 2]),
        (0.20, [1, 2, 2, 1, 2]),
        (0.26, [2, 2, 2, 2, 2]),
        (0.34, [2, 3, 2, 2, 2]),
    ):
        await clock.advance(pause_s)
        await until(partial(reached, then))
    assert [one.status.missed for one in pollers.values()] == [0] * 5
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_hole_found_once_is_not_asked_after_a_restart(
    opened: Open, store: Store, clock: ManualClock
) -> None:
    unit = em340("BV0123456789A")
    driver = await opened(unit, "carlo_gavazzi_em340")
    book = Notebook(store)
    first = poller(driver, clock, learning(driver, book))
    readings = {one.point: one for one in await first.poll_once(nowhere)}
    assert readings["frequency"].quality is Quality.NOT_IMPLEMENTED
    assert readings["power"].quality is Quality.GOOD
    assert touches(unit.taken(), unit.hole)

    again = await opened(unit, "carlo_gavazzi_em340")
    after = poller(again, clock, learning(again, book))
    readings = {one.point: one for one in await after.poll_once(nowhere)}
    assert readings["frequency"].quality is Quality.NOT_IMPLEMENTED
    assert readings["power"].quality is Quality.GOOD
    assert not touches(unit.taken(), unit.hole)


def learning(driver: Driver, book: Notebook) -> Beside:
    return Beside(learned=LearnedHoles(driver, "dev", "carlo_gavazzi_em340", book))


async def test_another_meter_in_its_place_is_asked_anew(
    opened: Open, store: Store, clock: ManualClock
) -> None:
    book = Notebook(store)
    driver = await opened(em340("BV0123456789A"), "carlo_gavazzi_em340")
    await poller(driver, clock, learning(driver, book)).poll_once(nowhere)
    other = em340("XX9876543210Z")
    other.hole = range(0)
    driver = await opened(other, "carlo_gavazzi_em340")
    readings = await poller(driver, clock, learning(driver, book)).poll_once(nowhere)
    by_point = {one.point: one for one in readings}
    assert by_point["frequency"].value == 0.0


async def test_a_meter_that_wakes_late_gets_its_holes_back_all_the_same(
    opened: Open, store: Store, clock: ManualClock
) -> None:
    unit, book = em340("BV0123456789A"), Notebook(store)
    driver = await opened(unit, "carlo_gavazzi_em340")
    await poller(driver, clock, learning(driver, book)).poll_once(nowhere)
    unit.silent = True
    driver = await opened(unit, "carlo_gavazzi_em340")
    beside = learning(driver, book)
    assert isinstance(driver, LearnsHoles)
    assert beside.learned is not None
    await beside.learned.recall()
    assert driver.holes == ()
    unit.silent = False
    unit.taken()
    async with asyncio.timeout(10):
        while not driver.holes:
            await beside.learned.recall()
            await asyncio.sleep(0.02)
    readings = await poller(driver, clock, beside).poll_once(nowhere)
    assert any(one.quality.usable for one in readings)
    assert not touches(unit.taken(), unit.hole)


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    one = EmbeddedBroker()
    await one.start()
    yield one
    await one.stop()


def speak(broker: EmbeddedBroker, **message: Any) -> None:
    """Publish one retained message and return once the broker has it."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish("cellar/meter", json.dumps(message), qos=1, retain=True).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


async def test_a_message_heard_once_is_stored_once(
    broker: EmbeddedBroker, store: Store, clock: ManualClock, tmp_path: Path, until: Until
) -> None:
    def change(site: dict[str, Any]) -> None:
        site["links"]["bus"] = {"protocol": "mqtt", "url": broker.url, "simulated": True}
        power = {"path": "p", "unit": "kW"}
        sub = {"id": "sub", "type": "smart_meter", "link": "bus", "topic": "cellar/meter"}
        site["devices"].append(sub | {"poll_s": 5, "ttl_s": 60, "points": {"power": power}})

    site = load_site(write_site(tmp_path, change=change)).site
    driver = build_drivers(site, clock)["sub"]
    await driver.open()
    polling = DevicePoller("sub", driver, Judge(DeviceRule(device="sub", stuck_s=None)), 5.0, clock)
    handed: list[Reading] = []

    def sink(_device: str, readings: list[Reading]) -> None:
        store.append(readings)
        handed.extend(readings)

    async def poll(times: int) -> None:
        for _ in range(times):
            await polling.poll_once(sink)
            await clock.advance(5)

    speak(broker, p=4.0, timestamp=NOW.isoformat())
    await until(lambda: driver.health.requests == 1)
    await clock.advance(1)
    await poll(10)
    assert [(one.value, one.at) for one in handed] == [(4.0, NOW)]
    assert polling.status.polls == 10
    done = await store.commit()
    assert isinstance(done, Committed)
    assert done.readings == 1
    speak(broker, p=4.0)
    await until(lambda: driver.health.requests == 2)
    await poll(3)
    assert [one.value for one in handed] == [4.0, 4.0], "the same value said again is news"
    await clock.advance(60)
    await poll(1)
    assert (handed[-1].quality, handed[-1].value) == (Quality.STALE, None)
    assert handed[-1].reason.endswith("says nothing after 60 s")
    await driver.close()


async def test_a_reading_is_never_handed_on_twice_by_any_device(
    loaded: LoadedSite,
    devices: dict[str, Driver],
    store: Store,
    clock: ManualClock,
    house: SmallHouse,
) -> None:
    pollers = build_pollers(loaded.site, devices, clock, Notebook(store))
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(3):
        for one in pollers.values():
            await one.poll_once(
                lambda device, readings: seen.update(
                    (f"{device}.{r.point}", str(r.at)) for r in readings
                )
            )
        await clock.advance(1)
    assert set(seen.values()) == {1}
    assert {key for key, _ in seen} == {p.key for d in devices.values() for p in d.points}
