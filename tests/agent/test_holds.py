"""What people have given back stays so, over restarts, and no longer than they said."""

from __future__ import annotations

from datetime import timedelta

from wishes import NOW

from edge_agent.arbiter import Priority
from edge_agent.holds import KEY, Holds, hold_of
from edge_agent.notes import Notebook
from edge_agent.store.store import Store
from tests.agent.conftest import Disk

HOUR = timedelta(hours=1)


async def test_a_hold_is_a_manual_claim_until_it_ends(store: Store) -> None:
    holds = Holds(Notebook(store))
    assert await holds.put(hold_of("fcu.setpoint", HOUR, "porter", "cold", NOW))
    (claim,) = holds.claims(NOW)
    assert (claim.point, claim.value, claim.priority) == ("fcu.setpoint", None, Priority.MANUAL)
    assert (claim.owner, claim.reason, claim.expires) == ("porter", "cold", NOW + HOUR)
    assert holds.claims(NOW + HOUR) == []


async def test_it_survives_a_restart_while_it_lasts(store: Store) -> None:
    holds = Holds(Notebook(store))
    await holds.put(hold_of("fcu.setpoint", HOUR, "porter", "cold", NOW))
    await holds.put(hold_of("bat.setpoint", 2 * HOUR, "porter", "noise", NOW))
    await holds.put(hold_of("bat.setpoint", 3 * HOUR, "owner", "noise", NOW))
    reborn = Holds(Notebook(store))
    await reborn.load(NOW + HOUR)
    assert [(claim.point, claim.owner) for claim in reborn.claims(NOW + HOUR)] == [
        ("bat.setpoint", "owner")
    ]


async def test_nothing_kept_or_nothing_readable_is_no_hold(store: Store) -> None:
    holds = Holds(Notebook(store))
    await holds.load(NOW)
    await store.state_put(KEY, "[{")
    await holds.load(NOW)
    assert holds.claims(NOW) == []


async def test_a_full_disk_does_not_stop_a_person(store: Store, disk: Disk) -> None:
    notes = Notebook(store)
    holds = Holds(notes)
    disk.full = True
    assert not await holds.put(hold_of("fcu.setpoint", HOUR, "porter", "cold", NOW))
    assert len(holds.claims(NOW)) == 1
    assert notes.refused == 1
