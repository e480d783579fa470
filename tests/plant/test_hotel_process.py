"""The hotel as a process: real wires, devices that fail on command, a clean end."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from edge_agent.clock import ScaledClock
from edge_agent.demo.hotel_faults import Fault, PartKind
from edge_agent.demo.hotel_process import HotelError, HotelPorts, HotelProcess
from edge_agent.demo.ports import free_ports

START = datetime(2025, 6, 10, 9, tzinfo=UTC)


def hotel_ports() -> HotelPorts:
    ports = free_ports()
    return HotelPorts(modbus=ports.modbus, bacnet=ports.bacnet_device, mqtt=ports.site_mqtt)


def make_hotel(directory: Path, ports: HotelPorts | None = None) -> HotelProcess:
    clock = ScaledClock(START, 60.0, time.monotonic())
    return HotelProcess(clock, directory, ports or hotel_ports(), seed=3)


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 20.0) -> None:
    """Wait for the condition, looking every 50 ms."""
    for _ in range(round(within_s / 0.05)):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"not within {within_s:g} s")


async def meter_floats(client: AsyncModbusTcpClient, address: int, count: int) -> list[float]:
    reply = await client.read_input_registers(address, count=2 * count, device_id=1)
    assert not reply.isError()
    return list(struct.unpack(f">{count}f", struct.pack(f">{2 * count}H", *reply.registers)))


async def test_a_meter_on_the_wire_fails_and_recovers(tmp_path: Path) -> None:
    async with make_hotel(tmp_path) as hotel:
        port = hotel.ports.modbus
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.3, retries=0)
        assert await client.connect()
        volts = await meter_floats(client, 0x00, 3)
        assert all(215 < volt < 245 for volt in volts)
        first = await meter_floats(client, 0x46, 2)

        async def counted() -> bool:
            return (await meter_floats(client, 0x46, 2))[1] > first[1]

        await until(counted)

        await hotel.command(Fault.FREEZE, PartKind.UNIT, 1)
        held = await meter_floats(client, 0x00, 36)
        started = hotel.clock.now()
        await hotel.clock.sleep(5.0)
        assert (hotel.clock.now() - started).total_seconds() >= 5
        assert await meter_floats(client, 0x00, 36) == held

        await hotel.command(Fault.SILENCE, PartKind.UNIT, 1)
        with pytest.raises(ModbusIOException):
            await client.read_input_registers(0, count=2, device_id=1)
        client.close()
        await hotel.command(Fault.RESTORE, PartKind.UNIT, 1)
        assert await client.connect()
        assert await meter_floats(client, 0x00, 36) != held
        client.close()


async def model_at(client: AsyncModbusTcpClient, unit: int, wanted: int) -> int:
    """Address of a SunSpec model, found by walking the chain from 40002."""
    address = 40002
    while True:
        head = (await client.read_holding_registers(address, count=2, device_id=unit)).registers
        if head[0] == wanted:
            return address
        assert head[0] != 0xFFFF
        address += 2 + head[1]


async def test_a_battery_commanded_on_the_wire_charges_and_reverts(tmp_path: Path) -> None:
    async with make_hotel(tmp_path) as hotel:
        client = AsyncModbusTcpClient("127.0.0.1", port=hotel.ports.modbus, timeout=2.0)
        assert await client.connect()
        controls = await model_at(client, 2, 704)
        generated_w = struct.unpack(">2H", struct.pack(">i", -40_000))
        await client.write_registers(controls + 24, list(generated_w), device_id=2)
        await client.write_registers(controls + 31, [0, 60], device_id=2)
        await client.write_registers(controls + 22, [1], device_id=2)

        async def enabled() -> bool:
            reply = await client.read_holding_registers(controls + 22, count=1, device_id=2)
            return reply.registers == [1]

        async def reverted() -> bool:
            return not await enabled()

        assert await enabled()
        await until(reverted)
        client.close()
    # A minute at 40 kW, plus what one wall-clock hiccup of the timer may add.
    assert 0.5 < hotel.ledger()["battery_in_kwh"] < 1.2


async def test_it_ends_within_a_second_with_its_books_in_order(tmp_path: Path) -> None:
    hotel = make_hotel(tmp_path)
    await hotel.start()
    await until(lambda: asyncio.to_thread((tmp_path / "ledger.json").exists))
    before = time.monotonic()
    assert await hotel.stop() == 0
    assert time.monotonic() - before < 1.0
    ledger = hotel.ledger()
    assert ledger["load_kwh"] > 0.0
    assert ledger["balance_error_kwh"] < 1e-6
    assert datetime.fromisoformat(ledger["now"]) > START
    with pytest.raises(HotelError, match="not running"):
        await hotel.command(Fault.FREEZE, PartKind.UNIT, 1)


async def test_it_ends_when_its_owner_is_gone(tmp_path: Path) -> None:
    hotel = make_hotel(tmp_path)
    await hotel.start()
    hotel.let_go()

    async def ended() -> bool:
        return hotel.returncode is not None

    await until(ended)
    assert hotel.returncode == 0


async def test_a_taken_port_is_said_and_not_hidden(tmp_path: Path) -> None:
    ports = hotel_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.modbus))
        taken.listen()
        hotel = make_hotel(tmp_path, ports)
        with pytest.raises(HotelError, match="ddress already in use"):
            await hotel.start()
    assert hotel.returncode is not None


async def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    async with make_hotel(tmp_path) as hotel:
        with pytest.raises(HotelError, match="no unit 9"):
            await hotel.command(Fault.SILENCE, PartKind.UNIT, 9)


def read_property(port: int, object_type: int, instance: int, prop: int) -> bytes:
    """The reply's APDU to a raw BACnet/IP ReadProperty."""
    wanted = struct.pack(">BIBB", 0x0C, object_type << 22 | instance, 0x19, prop)
    request = bytes((0x81, 0x0A, 0, 17, 0x01, 0x04, 0x00, 0x05, 0x01, 0x0C)) + wanted
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(2.0)
        wire.sendto(request, ("127.0.0.1", port))
        return wire.recv(1500)[6:]


async def test_a_zone_sensor_freezes_and_tears(tmp_path: Path) -> None:
    async with make_hotel(tmp_path) as hotel:
        port = hotel.ports.bacnet

        async def read(prop: int, object_type: int = 0, instance: int = 2) -> bytes:
            return await asyncio.to_thread(read_property, port, object_type, instance, prop)

        async def temperature_c() -> float:
            reply = await read(85)
            return float(struct.unpack(">f", reply[-5:-1])[0])

        assert 20.0 < await temperature_c() < 24.0
        setpoint = struct.unpack(">f", (await read(85, object_type=2))[-5:-1])[0]
        assert setpoint == 22.0
        await hotel.command(Fault.FREEZE, PartKind.ZONE, 2)
        held_c = await temperature_c()
        await hotel.clock.sleep(5.0)
        assert await temperature_c() == held_c
        healthy = await read(111)
        await hotel.command(Fault.SILENCE, PartKind.ZONE, 2)
        torn = await read(111)
        assert healthy[-2] & 0xF0 == 0x00
        assert torn[-2] & 0xF0 == 0x40
        await hotel.command(Fault.RESTORE, PartKind.ZONE, 2)

        async def moves() -> bool:
            return await temperature_c() != held_c

        await until(moves)
        assert await read(111) == healthy


async def test_the_weather_station_goes_and_comes_back(tmp_path: Path) -> None:
    async with make_hotel(tmp_path) as hotel:
        loop, heard = asyncio.get_running_loop(), asyncio.Queue[tuple[str, bytes]]()
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)

        def subscribe(*_: object) -> None:
            client.subscribe("devices/#", qos=1)

        def hear(_client: object, _data: object, message: paho.MQTTMessage) -> None:
            loop.call_soon_threadsafe(heard.put_nowait, (message.topic, bytes(message.payload)))

        client.on_connect = subscribe
        client.on_message = hear
        client.connect_async("127.0.0.1", hotel.ports.mqtt)
        client.loop_start()

        async def next_on(end: str) -> bytes:
            async with asyncio.timeout(5.0):
                while True:
                    topic, payload = await heard.get()
                    if topic.endswith(end):
                        return payload

        try:
            assert await next_on("/status") == b"online"
            measured = json.loads(await next_on("/measurement"))["measurements"]
            assert set(measured) == {"solar_irradiance", "temperature", "humidity", "wind_speed"}
            await hotel.command(Fault.SILENCE, PartKind.WEATHER)
            assert await next_on("/status") == b"offline"
            await hotel.command(Fault.FREEZE, PartKind.WEATHER)
            await hotel.command(Fault.RESTORE, PartKind.WEATHER)
            assert await next_on("/status") == b"online"
            # One that was sent while it was frozen may still be on its way.
            async with asyncio.timeout(10.0):
                while json.loads(await next_on("/measurement"))["measurements"] == measured:
                    pass
        finally:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)
