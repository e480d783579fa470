from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drivers.types import Reading
from edge_agent.clock import ManualClock
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseRow, LeaseState, OverrideRow, StoreUnavailableError

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]

SINCE = datetime(2026, 1, 15, 12, 0, 0, 123457, tzinfo=UTC)
LEASE = LeaseRow(
    device="battery",
    point="power_setpoint",
    value=-12.75,
    prior=None,
    owner="plan",
    reason="evening peak",
    command_id="c-1",
    since=SINCE,
    expires=SINCE + timedelta(seconds=90),
    state=LeaseState.INTENDED,
)
OVERRIDE = OverrideRow(
    point="fcu_101.setpoint",
    value=22.5,
    owner="reception",
    reason="guest asked",
    since=SINCE,
    expires=SINCE + timedelta(hours=2),
)


async def test_leases_survive_without_a_close(open_store: OpenStore) -> None:
    store = await open_store()
    await store.lease_put(LEASE)
    active = replace(LEASE, state=LeaseState.ACTIVE, prior=3.5)
    await store.lease_put(active)
    other = replace(LEASE, device="another")
    await store.lease_put(other)
    second = await open_store()
    assert await second.leases() == [other, active]
    await second.lease_remove("battery", "power_setpoint")
    await second.lease_remove("battery", "never_there")
    assert await store.leases() == [other]


async def test_overrides_are_one_per_point(open_store: OpenStore) -> None:
    store = await open_store()
    await store.override_put(OVERRIDE)
    later = replace(OVERRIDE, value=20.0)
    await store.override_put(later)
    assert await store.overrides() == [later]
    await store.override_remove(later.point)
    assert await store.overrides() == []


async def test_the_audit_tail_is_the_newest_in_order(open_store: OpenStore) -> None:
    store = await open_store()
    for number in range(5):
        await store.audit("write", f"line {number}", SINCE, f'{{"n": {number}}}')
    tail = await store.audit_tail(2)
    assert [row.text for row in tail] == ["line 3", "line 4"]
    assert (tail[0].at, tail[0].kind, tail[0].detail_json) == (SINCE, "write", '{"n": 3}')
    assert tail[0].id < tail[1].id


async def test_plans_are_counted_by_source_from_a_time_on(open_store: OpenStore) -> None:
    store = await open_store()
    assert await store.plan_latest() is None
    for minute, source in enumerate(["rules", "solver", "rounded", "solver"]):
        made_at = SINCE + timedelta(minutes=minute)
        await store.plan_put(made_at, source, f'"{minute}"', degraded=source == "rules")
    assert await store.plan_latest() == '"3"'
    assert await store.plan_counts(SINCE + timedelta(minutes=1)) == (("rounded", 1), ("solver", 2))


async def test_peaks_are_kept_by_charge_and_period(open_store: OpenStore) -> None:
    store = await open_store()
    month = datetime(2026, 1, 1, tzinfo=UTC)
    await store.peak_put("demand", month, 400.0)
    await store.peak_put("demand", month, 412.5)
    assert await store.peak("demand", month) == 412.5
    assert await store.peak("demand", month + timedelta(days=31)) is None


async def test_small_values_are_kept_by_name(open_store: OpenStore) -> None:
    store = await open_store()
    assert await store.state_get("holes") is None
    await store.state_put("holes", "[1, 2]")
    await store.state_put("holes", "[3]")
    assert await store.state_get("holes") == "[3]"


async def test_a_lease_the_disk_refuses_is_an_error_and_not_half_there(
    open_store: OpenStore,
) -> None:
    full = False

    def disk(_db: sqlite3.Connection) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")

    store = await open_store(before_write=disk)
    full = True
    with pytest.raises(StoreUnavailableError, match="full"):
        await store.lease_put(LEASE)
    full = False
    assert await store.leases() == []
    await store.lease_put(LEASE)
    assert await store.leases() == [LEASE]


async def use_everything(store: Store, clock: ManualClock, sweep: Sweep) -> None:
    now = clock.now()
    store.append(sweep(0))
    await store.commit()
    seq = await store.last_seq()
    await store.commits_after(0, 2)
    await store.recent("meter.power", now)
    await store.mark_sent(max(seq, await store.sent_seq()))
    await store.mark_acked(max(seq, await store.acked_seq()))
    await store.lease_put(LEASE)
    await store.lease_remove(*(await store.leases())[0:1] and ("battery", "power_setpoint"))
    await store.override_put(OVERRIDE)
    await store.overrides()
    await store.override_remove(OVERRIDE.point)
    await store.audit("test", "text", now)
    await store.audit_tail(1)
    await store.plan_put(now, "solver", "{}", degraded=False)
    await store.plan_latest()
    await store.plan_counts(now)
    await store.peak_put("demand", now, 1.0)
    await store.peak("demand", now)
    await store.state_put("key", "1")
    await store.state_get("key")


async def test_every_call_from_any_task_runs_on_one_thread(
    open_store: OpenStore, clock: ManualClock, sweep: Sweep
) -> None:
    threads = set()
    store = await open_store(before_write=lambda _db: threads.add(threading.get_ident()))
    await asyncio.gather(*(use_everything(store, clock, sweep) for _ in range(3)))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_cancelled_caller_does_not_lose_the_readings(
    open_store: OpenStore, sweep: Sweep
) -> None:
    store = await open_store()
    store.append(sweep(0))
    task = asyncio.create_task(store.commit())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [commit] = await store.commits_after(0, 10)
    assert commit.count == 3
