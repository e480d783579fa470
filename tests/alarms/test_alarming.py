"""The alarms of a gateway over beats and restarts, with a real store and a real web server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hook_server import HookServer
from status_pictures import device, picture
from waiting import until

from edge_agent.alarming import Alarming
from edge_agent.alarms.sight import FeedSight
from edge_agent.clock import ManualClock
from edge_agent.health import TAKE_UP, Alert
from edge_agent.notes import Notebook
from edge_agent.notify.notifier import channels_of
from edge_agent.notify.settings import NotifySettings, WebhookSettings
from edge_agent.site.load import LoadedSite
from edge_agent.store.store import Store
from edge_agent.store.types import StoreUnavailableError

SETTINGS = NotifySettings(site="small_house")
METER = device("meter", age_s=1.0)
OFFLINE = device("meter", "missing", 301.0)


class Rig:
    """A gateway's alarms; `restart` begins anew over the same store."""

    def __init__(self, paper: LoadedSite, clock: ManualClock, store: Store) -> None:
        self.paper = paper
        self.clock = clock
        self.store = store
        self.settings = SETTINGS
        self.alarming = self._fresh()

    def _fresh(self) -> Alarming:
        channels = channels_of(self.settings)
        notes = Notebook(self.store)
        return Alarming(self.paper.site, self.clock, notes, self.settings, channels)

    async def restart(self) -> None:
        self.alarming = self._fresh()
        await self.alarming.start()

    async def beat(self, *, offline: bool, seconds: float = 10.0) -> list[Alert]:
        await self.clock.advance(seconds)
        now = self.clock.now()
        status = replace(picture((OFFLINE if offline else METER,)), now=now)
        status = replace(status, plan=replace(status.plan, ends_at=now + timedelta(hours=1)))
        feeds = (FeedSight(name="price", ahead_h=20.0),)
        return await self.alarming.beat(status, worker_faults=0, store_error="", feeds=feeds)

    def standing(self) -> list[str]:
        return [f"{one.code} {one.subject}" for one in self.alarming.book.standing]

    async def audit(self) -> list[str]:
        return [row.text for row in await self.store.audit_tail(100)]


@pytest.fixture
def rig(paper: LoadedSite, clock: ManualClock, store: Store) -> Rig:
    return Rig(paper, clock, store)


OFFLINE_AND_SILENT = ["device_offline meter", "meter_silent meter.power"]


async def test_alarms_come_with_cause_and_remedy_go_and_are_noted(rig: Rig) -> None:
    assert await rig.beat(offline=False) == []
    raised = await rig.beat(offline=True)
    assert sorted(rig.standing()) == OFFLINE_AND_SILENT
    assert all(one.cause and one.remedy and one.since == rig.clock.now() for one in raised)
    await rig.beat(offline=False)
    await rig.beat(offline=False, seconds=60)
    assert rig.standing() == []
    text = "no usable reading for more than 300 s"
    assert f"device_offline meter raised: {text}" in await rig.audit()
    assert f"device_offline meter cleared: {text}" in await rig.audit()


async def test_an_acknowledgement_has_a_name_and_survives_a_restart(rig: Rig) -> None:
    await rig.beat(offline=True)
    since = rig.alarming.book.standing[0].since
    await rig.alarming.acknowledge("device_offline", "meter", " Anna  Muster ", "on my way")
    assert "device_offline meter acknowledged by Anna Muster: on my way" in await rig.audit()
    await rig.restart()
    assert rig.standing() == []
    assert await rig.beat(offline=True, seconds=TAKE_UP.total_seconds() - 1) == []
    kept = {one.code: one for one in rig.alarming.book.standing}["device_offline"]
    assert kept.since == since
    assert kept.acknowledged is not None
    assert (kept.acknowledged.person, kept.acknowledged.note) == ("Anna Muster", "on my way")


async def test_an_alarm_that_ended_while_nobody_looked_is_cleared_later(rig: Rig) -> None:
    await rig.beat(offline=True)
    await rig.restart()
    assert await rig.beat(offline=False) == []
    cleared = await rig.beat(offline=False, seconds=TAKE_UP.total_seconds())
    assert sorted(f"{one.code} {one.subject}" for one in cleared) == OFFLINE_AND_SILENT
    assert all(one.cleared == rig.clock.now() for one in cleared)


@pytest.mark.parametrize(("code", "person"), [("no_such_code", "Anna"), ("device_offline", "  ")])
async def test_nobody_and_nothing_are_not_acknowledged(rig: Rig, code: str, person: str) -> None:
    await rig.beat(offline=True)
    with pytest.raises(KeyError if person.strip() else ValueError):
        await rig.alarming.acknowledge(code, "meter", person)
    assert all(one.acknowledged is None for one in rig.alarming.book.standing)


async def test_a_damaged_note_is_left_out(rig: Rig, store: Store) -> None:
    await store.state_put("alarms", '{"standing": 3}')
    await store.state_put("alarms_told", "[7]")
    await rig.restart()
    await rig.beat(offline=True)
    assert sorted(rig.standing()) == OFFLINE_AND_SILENT


class NoDisk(Notebook):
    """Notes over a disk that can neither be read nor written, until it is mended."""

    broken = True

    async def state(self, key: str) -> str | None:
        raise StoreUnavailableError(key)

    async def state_put(self, key: str, json_text: str) -> bool:
        return not self.broken and await super().state_put(key, json_text)


async def test_without_a_disk_alarms_are_raised_and_kept_later(rig: Rig) -> None:
    notes = NoDisk(rig.store)
    rig.alarming = Alarming(rig.paper.site, rig.clock, notes, rig.settings)
    await rig.alarming.start()
    await rig.beat(offline=True)
    assert sorted(rig.standing()) == OFFLINE_AND_SILENT
    assert await rig.store.state_get("alarms") is None
    notes.broken = False
    await rig.beat(offline=True)
    assert "device_offline" in (await rig.store.state_get("alarms") or "")


async def test_standing_alarms_write_nothing_to_the_disk(rig: Rig) -> None:
    for _ in range(6):
        await rig.beat(offline=True)
    before = await rig.audit(), await rig.store.state_get("alarms")
    for _ in range(20):
        await rig.beat(offline=True)
    assert (await rig.audit(), await rig.store.state_get("alarms")) == before


async def test_people_are_told_once_over_a_restart_too(rig: Rig) -> None:
    async with HookServer() as hook:
        rig.settings = replace(SETTINGS, webhook=WebhookSettings(url=hook.url))
        await rig.restart()
        task = asyncio.create_task(rig.alarming.run())
        for _ in range(5):
            await rig.beat(offline=True)
        await until(lambda: len(hook.posts) == 1)
        assert {one["code"] for one in hook.posts[0].document["alarms"]} == {
            "device_offline",
            "meter_silent",
        }
        assert hook.posts[0].document["standing"] == 2
        await until_async(rig)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await rig.restart()
        task = asyncio.create_task(rig.alarming.run())
        for _ in range(50):
            await rig.beat(offline=True)
        for _ in range(50):
            await rig.beat(offline=False)
        await until(lambda: len(hook.posts) == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert {one["word"] for one in hook.posts[1].document["alarms"]} == {"cleared"}


async def until_async(rig: Rig) -> None:
    """Wait until the disk knows who was told."""
    async with asyncio.timeout(20):
        while "meter" not in (await rig.store.state_get("alarms_told") or ""):
            await rig.beat(offline=True, seconds=0.0)
            await asyncio.sleep(0.01)
