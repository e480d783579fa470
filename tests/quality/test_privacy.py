"""Personal points stay at home; only sums over many rooms go out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from field_images import NOW, snapshot

from edge_agent.privacy import (
    MIN_ROOMS,
    occupancy_sum,
    personal_points,
    room_counters,
    withheld_points,
)
from edge_agent.site.examples import example_path
from edge_agent.site.load import load_site
from edge_agent.site.schema import Site

HOTEL = load_site(example_path("hotel.yaml")).site
LINKS = {
    "bms": {"protocol": "bacnet", "listen": "127.0.0.1:47808", "device_id": 1},
    "bus": {"protocol": "mqtt", "url": "mqtt://127.0.0.1:1883"},
    "line": {"protocol": "modbus", "url": "tcp://127.0.0.1:502"},
}
GRID = {"meter": "meter.power", "import_limit_kw": 1, "export_limit_kw": 0, "tariff": "t.yaml"}


def site(*devices: dict[str, Any], zones: tuple[dict[str, Any], ...] = ()) -> Site:
    return Site.model_validate(
        {
            "site": {"id": "x", "timezone": "UTC", "latitude": 1, "longitude": 1},
            "links": LINKS,
            "devices": devices,
            "assets": {"grid": GRID, "hvac": {"zones": zones}},
        }
    )


def bacnet(name: str, kind: str, points: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "link": "bms", "address": "a", "points": points, **more}


COUNTER = {"occupancy_count": {"object": "analog-input,1"}}
BOTH = {**COUNTER, "co2": {"object": "analog-input,2"}}


@pytest.mark.parametrize(
    ("device", "personal"),
    [
        (bacnet("o", "occupancy_sensor", BOTH), {"o.occupancy_count", "o.co2"}),
        (bacnet("o", "occupancy_sensor", BOTH, **{"class": "public"}), set()),
        (
            bacnet("o", "occupancy_sensor", {**BOTH, "co2": {"class": "public"}}),
            {"o.occupancy_count"},
        ),
        (
            bacnet("o", "occupancy_sensor", {"co2": {"class": "personal"}}, **{"class": "public"}),
            {"o.co2"},
        ),
        (bacnet("t", "temperature_sensor", BOTH), set()),
        (
            bacnet("t", "temperature_sensor", BOTH, **{"class": "personal"}),
            {f"t.{n}" for n in BOTH},
        ),
        (
            {"id": "o", "type": "occupancy_sensor", "link": "bus"},
            {"o.is_occupied", "o.occupancy_count"},
        ),
        (
            {"id": "o", "type": "occupancy_sensor", "link": "bus", "class": "public"},
            set(),
        ),
    ],
)
def test_the_class_of_a_point_is_its_own_else_its_devices_else_by_type(
    device: dict[str, Any], personal: set[str]
) -> None:
    assert personal_points(site(device)) == personal


def test_a_modbus_device_may_be_personal_as_a_whole() -> None:
    meter = {"id": "m", "type": "smart_meter", "link": "line", "profile": "eastron_sdm630"}
    found = personal_points(site({**meter, "unit": 1, "class": "personal"}))
    assert {"m.power", "m.energy_import"} <= found
    assert personal_points(site({**meter, "unit": 1})) == frozenset()


def test_what_a_zone_calls_its_occupancy_is_personal_on_any_device() -> None:
    fcu = bacnet("fcu", "controller", {"people": {}, "fan": {}})
    zone = {"id": "z", "temperature": "t.t", "setpoint": "fcu.s", "occupancy": "fcu.people"}
    assert personal_points(site(fcu, zones=(zone,))) == {"fcu.people"}
    assert room_counters(site(fcu, zones=(zone,))) == ("fcu.people",)


def test_the_floor_counters_of_the_hotel_are_public() -> None:
    assert personal_points(HOTEL) == frozenset()
    assert withheld_points(HOTEL) == frozenset()


def rooms(count: int) -> Site:
    return site(*(bacnet(f"room_{n}", "occupancy_sensor", BOTH) for n in range(count)))


def test_withheld_points_are_pairs() -> None:
    assert withheld_points(rooms(1)) == {("room_0", "occupancy_count"), ("room_0", "co2")}


@pytest.mark.parametrize(
    ("fresh", "silent", "expected"),
    [(5, 0, [10.0, 5.0]), (7, 3, [21.0, 7.0]), (4, 0, []), (4, 20, []), (0, 0, [])],
)
def test_only_a_sum_over_many_rooms_goes_out(
    fresh: int, silent: int, expected: list[float]
) -> None:
    counters = room_counters(rooms(fresh + silent))
    assert len(counters) == fresh + silent
    values = {f"room_{n}.occupancy_count": float(n) for n in range(fresh)}
    image = snapshot(
        {**values, **{f"room_{fresh + n}.occupancy_count": None for n in range(silent)}}
    )
    found = occupancy_sum(counters, image)
    assert [one.value for one in found] == expected
    assert {one.key for one in found} <= {"site.occupancy_sum", "site.occupancy_rooms"}


def test_stale_rooms_do_not_count() -> None:
    counters = room_counters(rooms(MIN_ROOMS))
    values: dict[str, float | None] = dict.fromkeys(counters, 1.0)
    assert len(occupancy_sum(counters, snapshot(values, age_s=30.0))) == 2
    assert occupancy_sum(counters, snapshot(values, age_s=31.0)) == []
    assert snapshot(values, age_s=31.0).at - NOW == timedelta(0)
