"""Commands to the hotel, and what a field device sees of a plant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge_agent.clock import ManualClock
from edge_agent.demo.hotel_faults import (
    Breakable,
    Command,
    CommandError,
    Fault,
    Part,
    PartKind,
    obey,
    parse_command,
)
from edge_agent.demo.hotel_plant import FieldView, LivePlant
from models.building.hotel import Hotel
from models.building.parameters import HotelParameters

START = datetime(2025, 6, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("kind", list(PartKind))
def test_a_command_survives_its_line(fault: Fault, kind: PartKind) -> None:
    command = Command(fault=fault, part=Part(kind, 2))
    assert parse_command(command.as_line()) == command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("silence unit 1", "not JSON"),
        ("[]", '"do" must be one of silence, freeze, restore'),
        ('{"do": "explode", "unit": 1}', '"do" must be'),
        ('{"do": ["freeze"], "unit": 1}', '"do" must be'),
        ('{"do": "freeze"}', "exactly one of unit, zone, weather"),
        ('{"do": "freeze", "unit": 1, "zone": 1}', "exactly one"),
        ('{"do": "freeze", "unit": 1, "for": 3}', "exactly one"),
        ('{"do": "freeze", "unit": "one"}', "whole number"),
        ('{"do": "freeze", "unit": 1.5}', "whole number"),
    ],
)
def test_nonsense_is_refused_with_the_reason(line: str, says: str) -> None:
    with pytest.raises(CommandError) as refusal:
        parse_command(line)
    assert says in str(refusal.value)


def test_weather_needs_no_number() -> None:
    assert parse_command('{"do": "freeze", "weather": true}').part == Part(PartKind.WEATHER)


async def test_obey_does_what_is_said_to_whom_it_is_said() -> None:
    log: list[str] = []

    def breakable(name: str) -> Breakable:
        async def note(what: str) -> None:
            log.append(f"{what} {name}")

        return Breakable(
            silence=lambda: note("silence"),
            freeze=lambda: note("freeze"),
            restore=lambda: note("restore"),
        )

    parts = {Part(PartKind.UNIT, 1): breakable("meter"), Part(PartKind.ZONE, 1): breakable("zone")}
    for fault in Fault:
        await obey(Command(fault=fault, part=Part(PartKind.UNIT, 1)), parts)
    await obey(Command(fault=Fault.FREEZE, part=Part(PartKind.ZONE, 1)), parts)
    assert log == ["silence meter", "freeze meter", "restore meter", "freeze zone"]
    with pytest.raises(CommandError, match="no weather 1"):
        await obey(Command(fault=Fault.FREEZE, part=Part(PartKind.WEATHER)), parts)


async def test_the_plant_lives_with_the_clock() -> None:
    clock = ManualClock(START)
    plant = LivePlant(Hotel(HotelParameters(), START, 2), clock)
    before_kwh = plant.get("meter.import_kwh")
    await clock.advance(600.0)
    assert plant.get("meter.import_kwh") > before_kwh
    plant.set("battery.setpoint_kw", 50.0)
    await clock.advance(10.0)
    assert plant.get("battery.power_kw") == pytest.approx(50.0, rel=0.01)


async def test_a_frozen_sensor_stands_still_and_still_obeys() -> None:
    clock = ManualClock(START)
    plant = LivePlant(Hotel(HotelParameters(), START, 2), clock)
    view = FieldView(plant, plant.hotel.names)
    view.freeze("zone_1.")
    held_c, other_c = view.get("zone_1.temperature_c"), view.get("zone_2.temperature_c")
    await clock.advance(600.0)
    view.freeze("zone_1.")
    assert view.get("zone_1.temperature_c") == held_c
    assert view.get("zone_2.temperature_c") != other_c
    view.set("zone_1.setpoint_c", 20.0)
    assert plant.get("zone_1.setpoint_c") == 20.0
    assert view.get("zone_1.setpoint_c") == 22.0
    view.thaw("zone_1.")
    assert view.get("zone_1.setpoint_c") == 20.0
    assert view.get("zone_1.temperature_c") != held_c
