"""Reading one device, from its wire or from the gateway that holds it; `check --online`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stepping_house import SteppingHouse

from tests.cli.conftest import Gateway, say


@pytest.fixture(scope="module")
def served() -> Iterator[SteppingHouse]:
    with SteppingHouse() as started:
        yield started


@pytest.fixture
def house(served: SteppingHouse) -> Iterator[SteppingHouse]:
    yield served
    served.meter.silent = False
    served.plant.values["meter.frequency_hz"] = 50.0


def test_every_point_with_raw_words_age_and_round_trip(
    house: SteppingHouse, tmp_path: Path
) -> None:
    said = say("read", str(house.site_file(tmp_path)), "meter", "--json")
    assert said.code == 0
    told = json.loads(said.out)
    rows = {row["point"]: row for row in told["points"]}
    assert (len(rows), told["source"]) == (14, "device")
    frequency = rows["meter.frequency"]
    # 50.0 = 0x42480000
    assert (frequency["value"], frequency["raw"]) == (50.0, [0x4248, 0x0000])
    assert (frequency["unit"], frequency["quality"]) == ("Hz", "good")
    assert frequency["age_s"] >= 0
    assert frequency["round_trip_ms"] > 0
    text = say("read", str(house.site_file(tmp_path)), "meter", "--point", "frequency")
    assert "4248 0000" in text.out
    assert text.out.count("\n") == 2


def test_the_four_orders_side_by_side(house: SteppingHouse, tmp_path: Path) -> None:
    site = str(house.site_file(tmp_path))
    said = say("read", site, "meter", "--try-orders")
    (line,) = [line for line in said.out.splitlines() if line.startswith("frequency")]
    assert "[50]*" in line
    views = json.loads(say("read", site, "meter", "--try-orders", "--json").out)["orders"]
    assert {tuple(view["values"]) for view in views} == {("ABCD", "CDAB", "BADC", "DCBA")}
    sunspec = say("read", site, "battery", "--try-orders")
    assert "its order is fixed by the protocol" in sunspec.err


def test_a_silent_device_is_said_so(house: SteppingHouse, tmp_path: Path) -> None:
    house.meter.silent = True
    said = say("read", str(house.site_file(tmp_path)), "meter", "--json")
    assert said.code == 1
    rows = json.loads(said.out)["points"]
    assert {(row["quality"], row["value"]) for row in rows} == {("missing", None)}


@pytest.mark.parametrize(
    ("words", "why"),
    [(("metre",), "no device metre; there are meter"), (("meter", "--point", "x"), "no point x")],
)
def test_strangers_are_named(
    house: SteppingHouse, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    said = say("read", str(house.site_file(tmp_path)), *words)
    assert said.code == 1
    assert why in said.err


def test_while_the_gateway_runs_it_is_asked(gateway: Gateway) -> None:
    said = say("read", str(gateway.site), "meter", "--json")
    told = json.loads(said.out)
    assert told["source"] == "gateway"
    assert {row["quality"] for row in told["points"]} == {"missing"}
    assert said.code == 1
    assert "the gateway runs" in say("read", str(gateway.site), "meter").err
    refused = say("read", str(gateway.site), "meter", "--try-orders")
    assert (refused.code, refused.out) == (1, "")
    assert "leave out --try-orders" in refused.err
    assert "knows no such device" in say("read", str(gateway.site), "nobody").err


def test_check_online_finds_every_device_and_writes_nothing(
    house: SteppingHouse, tmp_path: Path
) -> None:
    frames = house.modbus.write_frames
    said = say("check", str(house.site_file(tmp_path)), "--online")
    assert said.code == 0
    assert [line.split()[:2] for line in said.out.splitlines()] == [
        ["good", device] for device in ("meter", "battery", "inverter", "room", "fcu")
    ]
    assert house.modbus.write_frames == frames


def test_check_online_names_what_is_silent_and_what_cannot_be(
    house: SteppingHouse, tmp_path: Path
) -> None:
    house.plant.values["meter.frequency_hz"] = 5.0
    said = say("check", str(house.site_file(tmp_path)), "--online")
    assert said.code == 1
    assert "BAD  meter" in said.out
    assert "5 Hz is outside 40..70" in said.out
    house.meter.silent = True
    said = say("check", str(house.site_file(tmp_path)), "--online", "--json")
    told = json.loads(said.out)
    assert (said.code, told["ok"]) == (1, False)
    rows = {row["device"]: row for row in told["devices"]}
    assert (rows["meter"]["reached"], rows["battery"]["reached"]) == (False, True)
    assert rows["meter"]["problem"].startswith("no answer")


def test_check_online_tells_another_model_from_the_profile_s(
    house: SteppingHouse, tmp_path: Path
) -> None:
    def em340(site: dict[str, Any]) -> None:
        site["devices"][0]["profile"] = "carlo_gavazzi_em340"

    said = say("check", str(house.site_file(tmp_path, em340)), "--online")
    assert said.code == 1
    assert "not a Carlo Gavazzi" in said.out


def test_check_online_leaves_the_running_gateway_alone(gateway: Gateway) -> None:
    said = say("check", str(gateway.site), "--online")
    assert (said.code, said.out) == (1, "")
    assert "semdr-edge status" in said.err
