"""People and other controllers at the devices: yielded to, remembered, and told to the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from leases import audit, build, carry_out
from small_house import FAN_COIL, FAN_COIL_OBJECT, SETPOINT, WRITE_SLOT, SmallHouse, write_site
from status_pictures import picture
from wishes import wish

from drivers.types import Driver, WriteResult
from edge_agent.arbiter import Entry, Priority
from edge_agent.clock import ManualClock
from edge_agent.conditions import conditions
from edge_agent.dispatch import Dispatch
from edge_agent.local_overrides import (
    LOCAL_HOLD_S,
    SECOND_MASTER,
    SECOND_MASTER_S,
    hold_times,
)
from edge_agent.overridden import told
from edge_agent.reality import reality
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.snapshot import Board
from edge_agent.status import ClaimView, ControlView, StatusView
from edge_agent.store.store import Store

HOUR_S = 3_600.0


async def override_at_the_panel(dispatch: Dispatch, house: SmallHouse) -> Entry:
    """We hold the fan coil, somebody at the panel takes it, and we notice."""
    await carry_out(dispatch, wish(FAN_COIL, 21.0))
    house.bacnet.hold(FAN_COIL_OBJECT, 8, 24.0)
    await carry_out(dispatch, wish(FAN_COIL, 20.0))
    (claim,) = dispatch.local_overrides()
    return claim


async def test_a_person_is_given_two_hours(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock
) -> None:
    claim = await override_at_the_panel(dispatch, house)
    assert claim.expires is not None
    assert (claim.expires - claim.since).total_seconds() == LOCAL_HOLD_S == 2 * HOUR_S
    await clock.advance(LOCAL_HOLD_S - 1)
    assert dispatch.local_overrides() == [claim]
    await clock.advance(1)
    assert dispatch.local_overrides() == []


def test_guests_are_given_a_day_and_the_site_file_may_say_otherwise(tmp_path: Path) -> None:
    def guests(site: dict[str, Any]) -> None:
        site["assets"]["hvac"]["zones"][0]["guest"] = True

    def longer(site: dict[str, Any]) -> None:
        guests(site)
        site["agent"] |= {"local_hold_h": 4, "guest_hold_h": 36}

    plain = load_site(write_site(tmp_path)).site
    assert hold_times(plain) == dict.fromkeys(
        (SETPOINT, "inverter.power_limit", FAN_COIL), 2 * HOUR_S
    )
    assert hold_times(load_site(write_site(tmp_path, change=guests)).site)[FAN_COIL] == 24 * HOUR_S
    chosen = hold_times(load_site(write_site(tmp_path, change=longer)).site)
    assert (chosen[SETPOINT], chosen[FAN_COIL]) == (4 * HOUR_S, 36 * HOUR_S)


async def test_each_point_is_left_alone_as_long_as_its_zone_says(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock
) -> None:
    dispatch.overrides.hold_s = {FAN_COIL: 24 * HOUR_S}
    claim = await override_at_the_panel(dispatch, house)
    assert claim.expires is not None
    assert (claim.expires - clock.now()).total_seconds() == 24 * HOUR_S


async def test_a_restart_does_not_take_the_point_back(
    dispatch: Dispatch,
    devices: dict[str, Driver],
    house: SmallHouse,
    store: Store,
    clock: ManualClock,
) -> None:
    claim = await override_at_the_panel(dispatch, house)
    await clock.advance(HOUR_S)
    reborn = build(devices, store, clock)
    assert reborn.local_overrides() == []
    await reborn.adopt()
    assert reborn.local_overrides() == [claim]
    await clock.advance(HOUR_S)
    later = build(devices, store, clock)
    await later.adopt()
    assert later.local_overrides() == []


async def test_a_person_may_end_it_sooner(
    dispatch: Dispatch,
    devices: dict[str, Driver],
    house: SmallHouse,
    store: Store,
    clock: ManualClock,
) -> None:
    await override_at_the_panel(dispatch, house)
    house.bacnet.hold(FAN_COIL_OBJECT, 8, None)
    await dispatch.release(FAN_COIL)
    assert dispatch.local_overrides() == []
    reborn = build(devices, store, clock)
    await reborn.adopt()
    assert reborn.local_overrides() == []


async def fight(dispatch: Dispatch, house: SmallHouse, clock: ManualClock, rounds: int) -> None:
    """We write, another controller rewrites within minutes, and we come back after each hold."""
    for _ in range(rounds):
        await carry_out(dispatch, wish(FAN_COIL, 21.0))
        assert dispatch.outcomes[FAN_COIL].result is WriteResult.VERIFIED
        await clock.advance(120)
        house.bacnet.hold(FAN_COIL_OBJECT, WRITE_SLOT, 23.0)
        await carry_out(dispatch, wish(FAN_COIL, 20.0))
        assert dispatch.outcomes[FAN_COIL].result is WriteResult.OVERRIDDEN_LOCALLY
        await carry_out(dispatch, wish(FAN_COIL, None))
        house.bacnet.hold(FAN_COIL_OBJECT, WRITE_SLOT, None)
        if dispatch.local_overrides()[0].owner != SECOND_MASTER:
            await clock.advance(LOCAL_HOLD_S)


def shown(dispatch: Dispatch) -> StatusView:
    """The status picture with these claims on the fan coil."""
    claims = tuple(
        ClaimView(
            priority=entry.priority.name.lower(),
            owner=entry.owner,
            reason=entry.reason,
            value=entry.value,
            since=entry.since,
            expires=entry.expires,
        )
        for entry in dispatch.local_overrides()
    )
    control = ControlView(
        point=FAN_COIL,
        wish=None,
        value=None,
        why="",
        cuts=(),
        held=None,
        lease_state="",
        lease_expires=None,
        last_result="",
        claims=claims,
    )
    quiet = picture()
    fields = {name: getattr(quiet, name) for name in StatusView.__dataclass_fields__}
    return StatusView(**{**fields, "controls": (control,)})


async def test_a_second_master_is_told_from_a_person_and_alarmed(
    dispatch: Dispatch, house: SmallHouse, store: Store, clock: ManualClock
) -> None:
    await fight(dispatch, house, clock, 2)
    assert list(conditions(shown(dispatch))) == []
    await fight(dispatch, house, clock, 1)
    (claim,) = dispatch.local_overrides()
    assert (claim.owner, claim.priority) == (SECOND_MASTER, Priority.LOCAL_OVERRIDE)
    assert claim.expires is not None
    assert (claim.expires - claim.since).total_seconds() == SECOND_MASTER_S
    (alarm,) = conditions(shown(dispatch))
    assert (alarm.code, alarm.subject) == ("second_master", FAN_COIL)
    assert "switch one of the two off" in alarm.text
    assert any("keeps rewriting" in line for line in await audit(store, "write"))
    await clock.advance(SECOND_MASTER_S)
    assert list(conditions(shown(dispatch))) == []


async def test_a_release_ends_the_alarm_of_a_second_master(
    dispatch: Dispatch, house: SmallHouse, clock: ManualClock
) -> None:
    await fight(dispatch, house, clock, 3)
    assert [alarm.code for alarm in conditions(shown(dispatch))] == ["second_master"]
    await dispatch.release(FAN_COIL)
    assert list(conditions(shown(dispatch))) == []


@pytest.fixture
async def board(devices: dict[str, Driver]) -> Board:
    board = Board()
    for driver in devices.values():
        board.post(await driver.read(), stale_s=30.0)
    return board


async def test_the_plan_sees_what_is_overridden_as_not_ours(
    loaded: LoadedSite, board: Board, clock: ManualClock
) -> None:
    known = reality(loaded.site, loaded.tariff, board.freeze(clock.now()), {}, {})
    assert known.batteries[0].soc_kwh is not None
    assert known.zones[0].temperature_c is not None
    assert told(known, loaded.site, {}) is known
    without = told(known, loaded.site, {SETPOINT: "a person at the panel"})
    assert without.batteries[0].soc_kwh is None
    assert without.zones == known.zones
    assert SETPOINT in without.missing
    assert [r.text for r in without.reasons if SETPOINT in r.text] == [
        f"{SETPOINT} is held at the device (a person at the panel): battery bat is left alone"
    ]
    ours = told(known, loaded.site, {SETPOINT: "manual (Ada): trying something"})
    assert f"{SETPOINT} is held through this gateway (manual (Ada): trying something)" in {
        r.text.partition(": battery")[0] for r in ours.reasons
    }
    room = told(known, loaded.site, {FAN_COIL: "slot 8 holds 24"})
    assert (room.batteries, room.zones[0].temperature_c) == (known.batteries, None)
