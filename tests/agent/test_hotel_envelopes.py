"""The example's battery on real wires: what its own management says reaches the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from one_cycle import guard_all
from wishes import NOW, wish

from drivers.simulated.modbus import ModbusServer, battery_unit, sdm630_unit
from drivers.simulated.sunspec import BatteryUnit
from drivers.types import Driver
from edge_agent.clock import ManualClock
from edge_agent.demo.hotel_plant import LivePlant
from edge_agent.demo.ports import free_ports
from edge_agent.demo.site_copy import write_site
from edge_agent.envelope import BatteryEnvelope, Envelope
from edge_agent.envelopes_of import envelopes
from edge_agent.fields import build_drivers
from edge_agent.guard import Guarded
from edge_agent.site.load import load_site
from edge_agent.snapshot import Board
from models.building.hotel import Hotel
from models.building.parameters import HotelParameters

SETPOINT = "battery_bms_001.power_setpoint"
DEVICES = ("smart_meter_001", "battery_bms_001")
STALE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Rig:
    """Meter and battery of the hotel, read over Modbus TCP."""

    clock: ManualClock
    battery: BatteryUnit
    drivers: dict[str, Driver]
    envelopes: dict[str, Envelope]
    board: Board

    async def read(self, *devices: str) -> None:
        for name in devices or DEVICES:
            self.board.post(list(await self.drivers[name].read()), STALE_S)

    def judged(self, power_kw: float) -> Guarded:
        (guarded,) = guard_all(
            [wish(SETPOINT, power_kw).decision],
            self.envelopes,
            self.board.freeze(self.clock.now()),
        )
        return guarded


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    clock = ManualClock(NOW)
    plant = LivePlant(Hotel(HotelParameters(), NOW, 4), clock)
    battery = battery_unit(plant, 2, clock)
    server = ModbusServer("127.0.0.1", 0, (sdm630_unit(plant, 1), battery))
    await server.start()
    file = write_site(tmp_path, free_ports())
    text = file.read_text(encoding="utf-8").replace("silent_s: 25", "silent_s: 5")
    port = load_site(file).site.links["plant_room"].model_dump()["url"].rpartition(":")[2]
    file.write_text(text.replace(f":{port}", f":{server.port}"), encoding="utf-8")
    loaded = load_site(file)
    drivers = build_drivers(loaded.site, clock)
    points = {point.key: point for driver in drivers.values() for point in driver.points}
    used = {name: drivers[name] for name in DEVICES}
    for driver in used.values():
        await driver.open()
    yield Rig(
        clock=clock,
        battery=battery,
        drivers=used,
        envelopes=envelopes(loaded.site, points),
        board=Board(),
    )
    for driver in used.values():
        await driver.close()
    await server.stop()


async def test_every_point_of_the_envelope_is_served(rig: Rig) -> None:
    await rig.read()
    envelope = rig.envelopes[SETPOINT]
    assert isinstance(envelope, BatteryEnvelope)
    node, bms = envelope.connection, envelope.bms
    told = (bms.voltage, bms.current, bms.temperature, bms.alarms, bms.contactor)
    named = [envelope.soc, envelope.power, envelope.charge_limit, envelope.discharge_limit, *told]
    snapshot = rig.board.freeze(rig.clock.now())
    missing = [
        key
        for key in (*named, node.meter, *node.currents, *node.voltages, *node.phase_powers)
        if key is None or snapshot.value(key) is None
    ]
    assert missing == []


@pytest.mark.parametrize("power_kw", [100.0, -100.0])
async def test_a_sound_battery_gets_what_the_plan_wants(rig: Rig, power_kw: float) -> None:
    await rig.read()
    assert (rig.judged(power_kw).value, rig.judged(power_kw).cuts) == (power_kw, ())


def contactors_open(battery: BatteryUnit) -> None:
    battery.image.set_raw(802, State=1)


def fault(battery: BatteryUnit) -> None:
    battery.image.set_raw(802, State=99)


def alarm(battery: BatteryUnit) -> None:
    battery.image.set_raw(802, Evt1=8)


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (contactors_open, "its contactor is open (state 1)"),
        (fault, "its contactor is open (state 99)"),
        (alarm, "an alarm of its BMS (8)"),
    ],
)
async def test_a_battery_that_is_not_sound_gets_nothing(
    rig: Rig, break_it: Callable[[BatteryUnit], None], why: str
) -> None:
    break_it(rig.battery)
    await rig.read()
    guarded = rig.judged(-100.0)
    assert guarded.value == 0.0
    assert any(why in cut for cut in guarded.cuts)
    assert [(flag.code, flag.text) for flag in guarded.flags] == [("battery_fault", why)]


async def test_standby_counts_as_connected(rig: Rig) -> None:
    rig.battery.image.set_raw(802, State=4)
    await rig.read()
    assert rig.judged(100.0).value == 100.0


@pytest.mark.parametrize(("passed_s", "power_kw"), [(10.0, 50.0), (11.0, 0.0)])
async def test_the_static_limit_holds_after_poll_and_silence(
    rig: Rig, passed_s: float, power_kw: float
) -> None:
    await rig.read("smart_meter_001")
    await rig.clock.advance(passed_s)
    await rig.read("battery_bms_001")
    guarded = rig.judged(50.0)
    assert guarded.value == power_kw
    silent = any("smart_meter_001.power has been silent for 11 s" in cut for cut in guarded.cuts)
    assert silent == (power_kw == 0.0)
