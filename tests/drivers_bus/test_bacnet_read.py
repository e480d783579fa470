from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from drivers.bacnet import BacnetDevice
from drivers.bacnet_link import BacnetLink, Found, parse_address, parse_object
from drivers.bacnet_point import Arrival, BacnetPoint
from drivers.bacnet_read import PropertyReader
from drivers.bacnet_scan import scan_objects
from drivers.bacnet_units import conversion
from drivers.bacnet_values import Flags, ItemError, Plain
from drivers.simulated.bacnet import BacnetObject, BacnetServer, Trouble
from drivers.simulated.plant import Plant
from drivers.types import DeviceRefusedError, Driver, LinkDownError, Quality, Reading, SetupError
from edge_agent.clock import SystemClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
TEMPERATURE = BacnetPoint(name="temperature", object="analog-input,1", unit="degC")


def device(link: BacnetLink, address: str, *points: BacnetPoint) -> Driver:
    return BacnetDevice("bms", link, address, points or (TEMPERATURE,), SystemClock())


async def only(driver: Driver) -> Reading:
    (reading,) = await driver.read()
    return reading


async def test_every_kind_of_object_reads_in_house_units(
    controller: BacnetServer, link: BacnetLink
) -> None:
    driver = device(
        link,
        controller.address,
        TEMPERATURE,
        BacnetPoint(name="us_temperature", object="analog-input,2", unit="degC"),
        BacnetPoint(name="power", object="analog-input,3", unit="kW"),
        BacnetPoint(name="energy", object="analog-input,4", unit="kWh"),
        BacnetPoint(name="occupied", object="binary-input,1"),
        BacnetPoint(name="mode", object="multi-state-input,1"),
    )
    readings = {reading.point: reading for reading in await driver.read()}
    assert {reading.quality for reading in readings.values()} == {Quality.GOOD}
    assert readings["temperature"].value == 20.0
    assert readings["us_temperature"].value == pytest.approx(20.0, abs=1e-4)
    assert readings["us_temperature"].unit == "degC"
    assert readings["power"].value == pytest.approx(2.5)
    assert readings["energy"].value == pytest.approx(12_345.0)
    assert readings["occupied"].value == 1.0
    assert readings["mode"].value == 3.0


async def test_reading_follows_the_plant(
    controller: BacnetServer, link: BacnetLink, plant: Plant
) -> None:
    driver = device(link, controller.address)
    assert (await only(driver)).value == 20.0
    plant.set("zone_1.temperature_c", 22.5)
    assert (await only(driver)).value == 22.5
    plant.set("zone_1.temperature_c", float("nan"))
    reading = await only(driver)
    assert reading.quality is Quality.BAD
    assert reading.value is None


async def test_a_point_without_wanted_unit_takes_the_house_unit(
    controller: BacnetServer, link: BacnetLink
) -> None:
    driver = device(
        link, controller.address, BacnetPoint(name="t", object="analog-input,2", unit=None)
    )
    assert (await only(driver)).unit == "degC"
    assert driver.points[0].unit == "degC"


@pytest.mark.parametrize(
    ("target", "unit", "reason"),
    [
        ("analog-input,5", "kW", "unit code 179 is not known"),
        ("analog-input,3", "degC", "counts in kW, wanted degC"),
        ("analog-input,99", "degC", "unknown-object"),
    ],
)
async def test_what_cannot_be_understood_is_bad_with_a_reason(
    controller: BacnetServer, link: BacnetLink, target: str, unit: str, reason: str
) -> None:
    other = BacnetPoint(name="odd", object=target, unit=unit)
    driver = device(link, controller.address, TEMPERATURE, other)
    good, odd = await driver.read()
    assert good.quality is Quality.GOOD
    assert odd.quality is Quality.BAD
    assert odd.value is None
    assert reason in odd.reason


async def test_status_flags_judge_the_value(controller: BacnetServer, link: BacnetLink) -> None:
    driver = device(link, controller.address)
    controller.out_of_service("analog-input,1")
    assert (await only(driver)).reason == "status-flags: out of service"
    controller.out_of_service("analog-input,1", out=False)
    assert (await only(driver)).quality is Quality.GOOD
    controller.faulty("analog-input,1")
    assert (await only(driver)).reason == "status-flags: fault"
    controller.faulty("analog-input,1", fault=False)
    assert (await only(driver)).quality is Quality.GOOD


@pytest.mark.parametrize(
    ("flags", "quality", "value"),
    [
        (Flags(in_alarm=True, fault=False, overridden=False, out_of_service=False), "good", 20.0),
        (
            Flags(in_alarm=False, fault=False, overridden=True, out_of_service=False),
            "uncertain",
            20.0,
        ),
        (Flags(in_alarm=False, fault=True, overridden=True, out_of_service=False), "bad", None),
        (ItemError("property: unknown-property", 32), "good", 20.0),
    ],
)
def test_flags_in_words(flags: Flags | ItemError, quality: str, value: float | None) -> None:
    arrival = Arrival("bms", SystemClock().now())
    said: dict[str, Plain] = {"present-value": 68.0, "status-flags": flags}
    how = conversion(64, "degC")
    reading = arrival.judged(TEMPERATURE.as_point("bms", None), said, how)
    assert reading.quality is Quality(quality)
    assert reading.value == pytest.approx(value)


async def test_units_are_asked_once_and_again_after_silence(
    controller: BacnetServer, listen: Callable[[], str], clock: SystemClock
) -> None:
    link = BacnetLink(listen(), 3057, timeout_s=0.2, clock=clock)
    await link.open()
    driver = device(link, controller.address)
    await driver.read()
    before = controller.requests
    await driver.read()
    assert controller.requests == before + 1
    controller.silence()
    assert (await only(driver)).quality is Quality.MISSING
    controller.silence(silent=False)
    assert (await only(driver)).quality is Quality.GOOD
    await link.close()


async def test_silent_device_is_known_within_its_timeout_and_delays_nobody(
    controller: BacnetServer, link: BacnetLink, listen: Callable[[], str], plant: Plant
) -> None:
    dead = BacnetServer(listen(), 3102, SystemClock(), plant, ())
    await dead.start()
    dead.silence()
    live = device(link, controller.address)
    behind_one_address = [device(link, dead.address) for _ in range(3)]
    began = time.perf_counter()
    waiting = [asyncio.create_task(driver.read()) for driver in behind_one_address]
    for _ in range(20):
        assert (await only(live)).quality is Quality.GOOD
    assert time.perf_counter() - began < 0.9
    silent = [reading for readings in await asyncio.gather(*waiting) for reading in readings]
    assert time.perf_counter() - began < 1.1
    assert {reading.quality for reading in silent} == {Quality.MISSING}
    assert all("no answer" in reading.reason for reading in silent)
    await dead.stop()


async def test_a_storm_of_faults_leaves_the_reader_alive(
    controller: BacnetServer, link: BacnetLink, until: Until
) -> None:
    driver = device(link, controller.address)
    seen: list[Reading] = []

    async def poll() -> None:
        while True:
            seen.extend(await driver.read())

    polling = asyncio.create_task(poll())
    for trouble in (Trouble.ABORT, Trouble.ERROR, Trouble.REJECT) * 3:
        controller.trouble = trouble
        already = len(seen)
        await until(partial(lambda n: len(seen) >= n, already + 5))
        assert {reading.quality for reading in seen[already + 1 :]} == {Quality.BAD}
    controller.trouble = None
    already = len(seen)
    await until(lambda: len(seen) >= already + 3)
    assert not polling.done()
    assert seen[-1].quality is Quality.GOOD
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    assert driver.health.failures >= 45


async def test_a_restarted_device_is_read_again(
    controller: BacnetServer, listen: Callable[[], str], clock: SystemClock
) -> None:
    link = BacnetLink(listen(), 3057, timeout_s=0.2, clock=clock)
    await link.open()
    driver = device(link, controller.address)
    await controller.stop()
    assert (await only(driver)).quality is Quality.MISSING
    await controller.start()
    assert (await only(driver)).quality is Quality.GOOD
    await link.close()


async def test_a_device_without_read_property_multiple(
    controller: BacnetServer, link: BacnetLink
) -> None:
    controller.trouble = Trouble.NO_RPM
    other = BacnetPoint(name="us", object="analog-input,2", unit="degC")
    driver = device(link, controller.address, TEMPERATURE, other)
    assert [round(reading.value or 0.0, 3) for reading in await driver.read()] == [20.0, 20.0]
    before = controller.requests
    await driver.read()
    assert controller.requests == before + 4  # two properties of two objects, no RPM tried again


class NumberedPlant:
    """Quantity `x17` is 17."""

    def get(self, name: str) -> float:
        return float(name[1:])

    def set(self, name: str, value: float | None) -> None:
        raise AssertionError((name, value))


async def test_too_long_answers_are_bisected_and_the_size_is_learnt(
    link: BacnetLink, listen: Callable[[], str], clock: SystemClock
) -> None:
    objects = tuple(
        BacnetObject(object=f"analog-input,{i}", plant=f"x{i}", units="kilowatts")
        for i in range(80)
    )
    server = BacnetServer(listen(), 3103, clock, NumberedPlant(), objects)
    server.segmentation = False
    await server.start()
    reader = PropertyReader(link, parse_address(server.address), batch=80)
    wanted = [(parse_object(spec.object), ("present-value", "status-flags")) for spec in objects]
    first = await reader.read(wanted)
    asked_first = server.requests
    assert asked_first > 2
    again = await reader.read(wanted)
    asked_again = server.requests - asked_first
    assert reader.batch < 80
    assert asked_again == -(-80 // reader.batch)
    for answers in (first, again):
        values = [answers[f"analog-input,{i}"] for i in range(80)]
        assert [isinstance(value, dict) and value["present-value"] for value in values] == [
            float(i) for i in range(80)
        ]
    await server.stop()


async def test_port_in_use_is_a_loud_error(controller: BacnetServer, clock: SystemClock) -> None:
    port = controller.listen.rsplit(":", 1)[1]
    link = BacnetLink(controller.listen, 3057, timeout_s=1.0, clock=clock)
    with pytest.raises(SetupError, match=port):
        await link.open()
    driver = device(link, "127.0.0.1:1")
    with pytest.raises(SetupError, match=port):
        await driver.open()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9"])
def test_our_own_port_is_no_device(link: BacnetLink, host: str) -> None:
    port = link.listen.rsplit(":", 1)[1]
    with pytest.raises(SetupError, match=f"{host}:{port} is our own port"):
        device(link, f"{host}:{port}")


async def test_the_port_opens_with_the_first_device_and_closes_with_the_last(
    controller: BacnetServer, listen: Callable[[], str], clock: SystemClock
) -> None:
    link = BacnetLink(listen(), 3057, timeout_s=1.0, clock=clock)
    one, two = device(link, controller.address), device(link, controller.address)
    assert (await only(one)).quality is Quality.MISSING
    await one.open()
    await one.open()
    await two.open()
    await one.close()
    await one.close()
    assert (await only(two)).quality is Quality.GOOD
    await two.close()
    reading = await only(two)
    assert (reading.quality, "closed" in reading.reason) == (Quality.MISSING, True)
    with pytest.raises(LinkDownError):
        await two.identify()
    again = BacnetLink(link.listen, 3057, timeout_s=1.0, clock=clock)
    await again.open()
    await again.close()


async def test_identity_and_discovery(controller: BacnetServer, link: BacnetLink) -> None:
    assert await link.discover(controller.address, 3101, 3101) == [
        Found(device_id=3101, address=controller.address)
    ]
    identity = await device(link, controller.address).identify()
    assert identity.manufacturer == "SEMDR Edge"
    assert identity.model == "simulated building controller"
    assert identity.serial == "simulated-3101"
    assert identity.firmware == "1"


async def test_scan_lists_every_object_with_its_unit(
    controller: BacnetServer, link: BacnetLink
) -> None:
    (found,) = await link.discover(controller.address, 3101, 3101)
    scanned = {item.object: item for item in await scan_objects(link, found)}
    assert len(scanned) == 10
    setpoint, fahrenheit = scanned["analog-value,7"], scanned["analog-input,2"]
    assert (setpoint.unit, setpoint.value, setpoint.commandable) == ("degC", 21.0, True)
    assert fahrenheit.value == pytest.approx(20.0, abs=1e-4)
    assert not fahrenheit.commandable
    assert "zone_1.temperature_c" in fahrenheit.name
    assert scanned["binary-input,1"].value == 1.0
    controller.trouble = Trouble.REJECT
    with pytest.raises(DeviceRefusedError):
        await scan_objects(link, found)


async def test_unknown_point_names_get_their_reading(
    controller: BacnetServer, link: BacnetLink
) -> None:
    driver = device(link, controller.address)
    good, strange = await driver.read(("temperature", "pressure"))
    assert good.quality is Quality.GOOD
    assert strange.quality is Quality.NOT_IMPLEMENTED
    assert await driver.read(()) == []


def test_wrong_configuration_is_refused_at_once(link: BacnetLink, clock: SystemClock) -> None:
    with pytest.raises(SetupError, match="8"):
        BacnetLink("127.0.0.1/8:47830", 1, write_priority=8, timeout_s=1.0, clock=clock)
    with pytest.raises(SetupError, match="listen"):
        BacnetLink("nowhere", 1, timeout_s=1.0, clock=clock)
    with pytest.raises(SetupError, match="address"):
        device(link, "10.0.0.300:1")
    with pytest.raises(SetupError, match="object"):
        device(link, "127.0.0.1:1", BacnetPoint(name="x", object="no-such-kind,1"))
