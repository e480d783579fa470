"""Devices against each other: ratings, night, energy balance, state of charge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from field_images import reading

from drivers.types import Quality, Reading
from edge_agent.cross_check import CrossCheck
from edge_agent.site.examples import example_path
from edge_agent.site.load import load_site
from edge_agent.site.schema import Site
from edge_agent.snapshot import Board

SITE = load_site(example_path("hotel.yaml")).site
METER, PV, HVAC = "smart_meter_001.power", "pv_inverter_001.ac_power", "hvac_001.power"
POWER, SOC = "battery_bms_001.power", "battery_bms_001.soc"
LIGHT = "weather_001.solar_irradiance"
NOON = datetime(2026, 6, 1, 10, 30, tzinfo=UTC)
NIGHT = datetime(2026, 12, 1, 23, tzinfo=UTC)
UNITS = {SOC: "percent", LIGHT: "W/m2"}


class Rig:
    """The judge of the site in the cycle it lives in: mark, post, watch."""

    def __init__(self, start: datetime, site: Site = SITE, *, trusted: bool = True) -> None:
        self.now = start
        self.cross = CrossCheck(site)
        self.board = Board()
        self.trusted = trusted

    def cycle(self, values: dict[str, float], step_s: float = 5.0) -> dict[str, Reading]:
        """One poll of everything; returns the readings as marked."""
        self.now += timedelta(seconds=step_s)
        readings = [
            reading(key, value, unit=UNITS.get(key, "kW"), at=self.now)
            for key, value in values.items()
        ]
        marked = self.cross.mark(readings)
        self.board.post(marked, stale_s=30.0)
        self.cross.watch(self.board.freeze(self.now), clock_trusted=self.trusted)
        return {one.key: one for one in marked}

    def many(self, count: int, values: dict[str, float]) -> dict[str, Reading]:
        """The same again and again; the last one."""
        for _ in range(count - 1):
            self.cycle(values)
        return self.cycle(values)


HEALTHY = {METER: 40.0, PV: 90.0, HVAC: 25.0, POWER: 30.0, SOC: 50.0, LIGHT: 600.0}


def test_nothing_is_said_of_a_healthy_noon() -> None:
    rig = Rig(NOON)
    assert {one.quality for one in rig.many(60, HEALTHY | {POWER: 0.0}).values()} == {Quality.GOOD}
    assert rig.cross.marks == {}


@pytest.mark.parametrize(
    ("key", "value", "quality"),
    [
        (PV, 130_000.0, Quality.BAD),
        (PV, 900.0, Quality.UNCERTAIN),
        (METER, 55_000.0, Quality.BAD),
        (POWER, -60_000.0, Quality.BAD),
        (POWER, 130.0, Quality.GOOD),
    ],
)
def test_more_than_the_asset_can_give(key: str, value: float, quality: Quality) -> None:
    rig = Rig(NOON)
    rig.cycle(HEALTHY | {key: value})
    assert rig.cycle(HEALTHY | {key: value})[key].quality is quality
    assert rig.cycle(HEALTHY | {key: value})[key].quality is quality, "it does not flap"
    rig.cycle(HEALTHY)
    assert rig.cycle(HEALTHY)[key].quality is Quality.GOOD


@pytest.mark.parametrize(
    ("start", "trusted", "values", "doubted"),
    [
        (NIGHT, True, {PV: 20.0, LIGHT: 0.0}, PV),
        (NIGHT, True, {PV: 0.0, LIGHT: 300.0}, LIGHT),
        (NIGHT, True, {PV: 0.3, LIGHT: 5.0}, None),
        (NIGHT, False, {PV: 20.0, LIGHT: 300.0}, None),
        (NOON, True, {PV: 150.0, LIGHT: 900.0}, None),
    ],
)
def test_light_at_night(
    *, start: datetime, trusted: bool, values: dict[str, float], doubted: str | None
) -> None:
    rig = Rig(start, trusted=trusted)
    night = HEALTHY | {METER: 100.0, POWER: 0.0} | values
    assert {one.quality for one in rig.many(10, night).values()} == {Quality.GOOD}
    last = rig.many(10, night)
    assert {key for key, one in last.items() if one.quality is not Quality.GOOD} == (
        {doubted} if doubted else set()
    )
    if doubted:
        assert last[doubted].quality is Quality.UNCERTAIN
        assert "below the horizon" in last[doubted].reason


def test_a_meter_that_shows_less_than_its_parts_is_doubted_when_it_lasts() -> None:
    rig = Rig(NOON)
    short = HEALTHY | {METER: -80.0, POWER: 0.0}
    assert rig.many(30, short)[METER].quality is Quality.GOOD
    doubted = rig.many(15, short)[METER]
    assert doubted.quality is Quality.UNCERTAIN
    assert doubted.reason == "the known parts use 15 kW more than meter and PV deliver"
    rig.cycle(HEALTHY | {POWER: 0.0})
    assert rig.cycle(HEALTHY | {POWER: 0.0})[METER].quality is Quality.GOOD


@pytest.mark.parametrize("lost", [PV, HVAC, POWER])
def test_without_a_part_the_meter_is_not_blamed(lost: str) -> None:
    rig = Rig(NOON)
    parts = {key: value for key, value in HEALTHY.items() if key != lost}
    assert rig.many(60, parts | {METER: -500.0})[METER].quality is Quality.GOOD


def charge(rig: Rig, kw: float, soc_per_kwh: float, start: float, cycles: int) -> list[Reading]:
    """The battery charges; its state of charge follows as said."""
    seen, soc = [], start
    for number in range(cycles):
        noise = 0.2 * (-1) ** number
        seen.append(rig.cycle(HEALTHY | {METER: 200.0, POWER: kw + noise, SOC: soc})[SOC])
        soc += kw * 0.95 * 5 / 3600 * soc_per_kwh
    return seen


@pytest.mark.parametrize("kw", [60.0, 120.0])
def test_a_state_of_charge_that_follows_the_energy_is_good(kw: float) -> None:
    assert {one.quality for one in charge(Rig(NOON), kw, 100 / 250, 20.0, 400)} == {Quality.GOOD}


def test_a_state_of_charge_that_stands_still_while_energy_flows_is_doubted_then_cleared() -> None:
    rig = Rig(NOON)
    frozen = charge(rig, 100.0, 0.0, 50.0, 150)
    assert frozen[20].quality is Quality.GOOD
    assert frozen[-1].quality is Quality.UNCERTAIN
    assert "percent where power and capacity say +6" in frozen[-1].reason
    assert charge(rig, 100.0, 100 / 250, 20.0, 300)[-1].quality is Quality.GOOD


def test_a_state_of_charge_given_as_a_share_turns_bad_and_stays_so() -> None:
    seen = charge(Rig(NOON), 100.0, 1 / 250, 0.5, 400)
    assert seen[-1].quality is seen[-150].quality is Quality.BAD
    assert seen[-1].reason.endswith("a share of 1 where percent is due")
    assert seen[-1].value is not None


def test_a_gap_begins_a_new_sum() -> None:
    rig = Rig(NOON)
    charge(rig, 100.0, 0.0, 50.0, 80)
    rig.cycle(HEALTHY | {POWER: 100.0, SOC: 50.0}, step_s=3600.0)
    assert charge(rig, 100.0, 0.0, 50.0, 60)[-1].quality is Quality.GOOD
