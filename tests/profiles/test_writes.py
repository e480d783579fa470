"""What writing leaves at a device: value, enable, watchdog, and the neutral state at release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from waiting import until

from drivers.profile import load_profile, profile_names
from drivers.profile_lint import writable
from drivers.types import Driver, Quality, Reverts, WriteOutcome, WriteRequest, WriteResult
from edge_agent.clock import ManualClock
from tests.profiles.conftest import Serve
from tests.profiles.register_server import Device, chain, common

MODEL_124 = 40002 + 68


def fronius(timer: str = "0000") -> Device:
    """A GEN24 whose last owner left its own limits; `timer` FFFF is a firmware without it."""
    control = {
        2: "1388",
        5: "0002",
        8: "1770",
        12: "03E8 01F4 FFFF",
        15: timer,
        17: "0001",
        18: "0000",
        25: "FFFE",
    }
    return Device({3: chain([common("Fronius"), (124, 24, control)])})


def storage() -> Device:
    """A battery with 701, 704 and 802, scale factors 0."""
    control = {22: "0001", 23: "0001", 24: "0000 1388", 30: "0001", 31: "0000 003C", 55: "0000"}
    battery = {4: "2710 2710", 17: "0000", 54: "0000"}
    return Device({3: chain([common("Any"), (704, 65, control), (802, 62, battery)])})


def inverter() -> Device:
    """An inverter with 120 and 123: rated 10 kW, limited to 50 %."""
    nameplate, control = {3: "2710", 4: "0000"}, {5: "0032", 7: "003C", 9: "0001", 23: "0000"}
    return Device({3: chain([common("Any"), (120, 26, nameplate), (123, 24, control)])})


def sma() -> Device:
    """Takes function 16 only."""
    return Device({3: {40149: "FFFF B1E0", 40151: "0000 0322"}}, write_functions={16})


def victron() -> Device:
    """Both shares at 40 %."""
    return Device({3: {2701: "0028 0028"}})


NEUTRAL: dict[tuple[str, str], tuple[Callable[[], Device], dict[int, list[int]]]] = {
    ("sma_battery", "power_setpoint"): (sma, {40149: [0, 0], 40151: [0, 803]}),
    ("victron_gx_system", "charge_share"): (victron, {2701: [100, 40]}),
    ("victron_gx_system", "discharge_share"): (victron, {2701: [40, 100]}),
    ("fronius_gen24", "power_setpoint"): (
        fronius,
        {MODEL_124 + 5: [0], MODEL_124 + 12: [10000, 10000], MODEL_124 + 17: [0]},
    ),
    ("sunspec_storage", "power_setpoint"): (storage, {40070 + 22: [0], 40070 + 24: [0, 0]}),
    ("sunspec_inverter", "power_limit"): (inverter, {40098 + 5: [100], 40098 + 9: [0]}),
}


def ask(value: float, lease_s: float = 60, point: str = "power_setpoint") -> WriteRequest:
    return WriteRequest(point=point, value=value, lease_s=lease_s, command_id="c1")


def test_every_writable_modbus_point_has_a_neutral_state_here() -> None:
    profiles = [load_profile(name) for name in profile_names()]
    points = {(p.name, name) for p in profiles if p.kind != "bacnet" for name in writable(p)}
    assert points == set(NEUTRAL)


@pytest.mark.parametrize(("name", "point"), NEUTRAL)
async def test_a_release_leaves_the_neutral_state(name: str, point: str, serve: Serve) -> None:
    make, neutral = NEUTRAL[name, point]
    device = make()
    driver = await serve(name, device)
    outcome = await driver.release(point)
    assert outcome.result.holds, outcome
    for address, registers in neutral.items():
        assert device.at(address, len(registers)) == registers


async def test_fronius_holds_one_power_between_two_limits_and_gives_all_back(serve: Serve) -> None:
    device = fronius()
    driver = await serve("fronius_gen24", device)
    outcome = await driver.write(ask(1.25))
    assert outcome.result is WriteResult.VERIFIED
    assert outcome.readback == pytest.approx(1.25)
    assert device.at(MODEL_124 + 12, 2) == [0xF63C, 0x09C4]
    assert device.at(MODEL_124 + 15) == [60]
    assert device.at(MODEL_124 + 17) == [1]
    assert device.at(MODEL_124 + 5) == [3]
    assert device.writes[-1][1] == MODEL_124 + 5
    (reading,) = await driver.read(("power_setpoint",))
    assert reading.value == pytest.approx(1.25)
    assert (await driver.release("power_setpoint")).result is WriteResult.VERIFIED
    assert device.at(MODEL_124 + 12, 2) == [10000, 10000]
    assert (device.at(MODEL_124 + 17), device.at(MODEL_124 + 5)) == ([0], [0])
    assert device.writes[-1][1] == MODEL_124 + 5
    (reading,) = await driver.read(("power_setpoint",))
    assert (reading.value, reading.quality) == (None, Quality.MISSING)


async def test_fronius_without_a_timer_is_only_held(serve: Serve) -> None:
    device = fronius(timer="FFFF")
    driver = await serve("fronius_gen24", device)
    refused = await driver.write(ask(1.25))
    assert refused.result is WriteResult.REJECTED
    assert "would never revert" in refused.reason
    assert device.writes == []
    assert (await driver.write(ask(0.0))).result is WriteResult.VERIFIED
    assert device.at(MODEL_124 + 12, 2) == [0, 0]
    assert device.at(MODEL_124 + 15) == [0xFFFF]


async def test_a_command_whose_timer_is_ignored_is_withdrawn(serve: Serve) -> None:
    device = fronius(timer="0000")
    device.deaf = {MODEL_124 + 15}
    driver = await serve("fronius_gen24", device)
    outcome = await driver.write(ask(1.25))
    assert outcome.result is WriteResult.MISMATCH
    assert "InOutWRte_RvrtTms" in outcome.reason
    assert device.at(MODEL_124 + 5) == [0]
    assert device.at(MODEL_124 + 12) == [10000]
    assert device.at(MODEL_124 + 17) == [0]


async def test_fronius_takes_no_more_than_it_says(serve: Serve) -> None:
    device = fronius()
    driver = await serve("fronius_gen24", device)
    assert (await driver.write(ask(5.2))).result is WriteResult.OUT_OF_RANGE
    assert device.writes == []


async def test_sma_takes_the_setpoint_then_the_enable_by_function_16(serve: Serve) -> None:
    device = Device(write_functions={16})
    driver = await serve("sma_battery", device)
    outcome = await driver.write(ask(20.0))
    assert outcome.result is WriteResult.ACCEPTED_UNVERIFIED
    assert device.writes == [(16, 40149, (0xFFFF, 0xB1E0)), (16, 40151, (0, 802))]
    (point,) = (point for point in driver.points if point.writable)
    assert point.reverts is Reverts.WATCHDOG
    assert point.hard == (-500, 500)


async def test_a_watchdog_is_fed_until_the_lease_ends(serve: Serve, clock: ManualClock) -> None:
    device = Device(write_functions={16})
    driver = await serve("sma_battery", device)
    await driver.write(ask(20.0, lease_s=70))
    frames = list(device.writes)
    for turn in range(1, 4):
        await clock.advance(20)
        await until(lambda: len(device.writes) == 2 * (turn + 1))  # noqa: B023 - awaited here
        await quiet(driver)
    assert device.writes == frames * 4
    await clock.advance(20)
    await quiet(driver)
    assert len(device.writes) == 8


async def quiet(driver: Driver) -> None:
    """Let every task that is due run, and the link answer once more."""
    for _ in range(3):
        await asyncio.sleep(0)
        await driver.read(("soc",))


async def test_a_lease_that_ran_out_while_the_clock_jumped_is_not_fed(
    serve: Serve, clock: ManualClock
) -> None:
    device = Device(write_functions={16})
    driver = await serve("sma_battery", device)
    await driver.write(ask(20.0, lease_s=70))
    await quiet(driver)
    await clock.advance(1000)
    await quiet(driver)
    assert len(device.writes) == 2


async def test_a_release_ends_the_feeding(serve: Serve, clock: ManualClock) -> None:
    device = Device(write_functions={16})
    driver = await serve("sma_battery", device)
    await driver.write(ask(20.0, lease_s=600))
    await driver.release("power_setpoint")
    left = list(device.writes)
    assert left[-2:] == [(16, 40149, (0, 0)), (16, 40151, (0, 803))]
    await clock.advance(100)
    await quiet(driver)
    assert device.writes == left


async def test_a_closed_driver_feeds_no_more(serve: Serve, clock: ManualClock) -> None:
    device = Device(write_functions={16})
    driver = await serve("sma_battery", device)
    await driver.write(ask(20.0, lease_s=600))
    await driver.close()
    left = len(device.writes)
    await clock.advance(100)
    await quiet(driver)
    assert len(device.writes) == left


def lost(outcome: WriteOutcome) -> bool:
    return outcome.result in (WriteResult.NOT_WRITABLE, WriteResult.REJECTED)


async def test_a_refused_setpoint_is_not_fed(serve: Serve, clock: ManualClock) -> None:
    device = Device(write_functions=set())
    driver = await serve("sma_battery", device)
    assert lost(await driver.write(ask(20.0, lease_s=600)))
    await clock.advance(100)
    await quiet(driver)
    assert device.writes == []


async def test_a_share_is_written_by_function_6_and_read_back(serve: Serve) -> None:
    device = victron()
    driver = await serve("victron_gx_system", device)
    (point,) = (point for point in driver.points if point.name == "charge_share")
    assert (point.reverts, point.safe, point.writes_per_day) == (Reverts.NONE, (0, 100), 24)
    outcome = await driver.write(ask(55.0, point="charge_share"))
    assert (outcome.result, outcome.readback) == (WriteResult.VERIFIED, 55.0)
    assert device.writes == [(6, 2701, (55,))]
    assert (await driver.write(ask(101.0, point="charge_share"))).result is WriteResult.OUT_OF_RANGE


async def test_a_value_that_somebody_changed_is_left_to_him(serve: Serve) -> None:
    device = victron()
    driver = await serve("victron_gx_system", device)
    await driver.write(ask(55.0, point="charge_share"))
    assert (await driver.write(ask(55.0, point="charge_share"))).result is WriteResult.VERIFIED
    device.put(3, 2701, "0046")
    frames = len(device.writes)
    outcome = await driver.write(ask(60.0, point="charge_share"))
    assert (outcome.result, outcome.readback) == (WriteResult.OVERRIDDEN_LOCALLY, 70.0)
    assert len(device.writes) == frames
    assert device.at(2701) == [70]
    assert (await driver.write(ask(60.0, point="charge_share"))).result is WriteResult.VERIFIED


async def test_a_release_leaves_what_somebody_else_has_set(serve: Serve) -> None:
    device = victron()
    driver = await serve("victron_gx_system", device)
    await driver.write(ask(55.0, point="charge_share"))
    device.put(3, 2701, "0046")
    await driver.write(ask(60.0, point="charge_share"))
    frames = len(device.writes)
    assert (await driver.release("charge_share")).result is WriteResult.VERIFIED
    assert (len(device.writes), device.at(2701)) == (frames, [70])


async def test_a_release_looks_who_has_set_what_stands(serve: Serve) -> None:
    device = victron()
    driver = await serve("victron_gx_system", device)
    await driver.write(ask(55.0, point="charge_share"))
    device.put(3, 2701, "0046")
    frames = len(device.writes)
    assert (await driver.release("charge_share")).reason == "left as somebody else has set it"
    assert (len(device.writes), device.at(2701)) == (frames, [70])
    assert (await driver.write(ask(60.0, point="charge_share"))).result is WriteResult.VERIFIED


async def test_a_released_value_is_nobody_s(serve: Serve) -> None:
    device = victron()
    driver = await serve("victron_gx_system", device)
    await driver.write(ask(55.0, point="charge_share"))
    await driver.release("charge_share")
    device.put(3, 2701, "0046")
    assert (await driver.write(ask(60.0, point="charge_share"))).result is WriteResult.VERIFIED
