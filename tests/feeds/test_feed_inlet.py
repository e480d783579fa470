"""Prices that come by themselves, over a real broker, up to the plan that rests on them."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
import sights
from hand_broker import hand_broker
from measured_days import FURNISHED, measure
from paho.mqtt.enums import CallbackAPIVersion
from small_house import free_tcp_port, furnished, write_site
from worker_scripts import request

from drivers.simulated.broker import EmbeddedBroker
from edge_agent.alarms.desk import AlarmDesk
from edge_agent.clock import ManualClock, SystemClock
from edge_agent.cloud.endpoint import Endpoint
from edge_agent.cloud.mqtt5 import Mqtt5Transport
from edge_agent.cloud.shadows import Accepted, Shadows
from edge_agent.cloud_link import build_cloud
from edge_agent.demo.iot_core import LocalIotCore
from edge_agent.feeds.view import FeedView
from edge_agent.foresight import Foresight
from edge_agent.notes import Notebook
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store
from edge_agent.supervise import Supervisor
from edge_agent.worker_answers import Worker
from models.types import BatteryState, Plan

THING = "small-house"
Change = Callable[[dict[str, Any]], None]


def money_per_mwh(at: datetime) -> float:
    return round(80 + 30 * math.sin(at.timestamp() / 7000), 2)


def document(first: datetime, hours: int = 48) -> dict[str, Any]:
    values = [money_per_mwh(first + timedelta(hours=hour)) for hour in range(hours)]
    return {"unit": "EUR/MWh", "start": f"{first:%Y-%m-%dT%H:%M:%SZ}", "step_min": 60} | {
        "values": values
    }


def priced_site(folder: Path, feed: dict[str, Any], change: Change) -> LoadedSite:
    def priced(site: dict[str, Any]) -> None:
        furnished(site)
        site["assets"]["hvac"]["zones"] = []
        site["feeds"] = {"price": feed}
        change(site)

    path = write_site(folder, change=priced)
    (folder / "tariff.yaml").write_text("{kind: real_time, export_per_kwh: 0.0}")
    return load_site(path)


class Place:
    """A gateway's feeds and its planning worker over one state directory."""

    def __init__(self, loaded: LoadedSite, state: Path, foresight: Foresight, at: datetime) -> None:
        self.foresight = foresight
        self.at = at
        self._worker = Worker(loaded, state / DATABASE, state / "compiled")

    def plan(self) -> Plan | str:
        """What the worker makes of the books now."""
        asked = request(self.at)
        half = (BatteryState(id="bat", soc_kwh=50.0),)
        answer = self._worker.answer(replace(asked, reality=replace(asked.reality, batteries=half)))
        return answer.refusal if answer.plan is None else answer.plan

    async def until(self, met: Callable[[FeedView], bool]) -> FeedView:
        """The price feed once it stands as wanted."""
        async with asyncio.timeout(20):
            while not met(self.foresight.feeds[0]):  # noqa: ASYNC110 - a broker is waited for
                await asyncio.sleep(0.01)
        return self.foresight.feeds[0]


@asynccontextmanager
async def running(loaded: LoadedSite, folder: Path) -> AsyncIterator[Place]:
    """Two measured days, then the feeds going, and the cloud where the site has one."""
    state = folder / "state"
    state.mkdir()
    at = await measure(state / DATABASE, FURNISHED)
    clock = ManualClock(at)
    store = await Store.open(state / DATABASE, clock)
    cloud = build_cloud(loaded.site, store, SystemClock())
    supervisor = Supervisor(clock)
    foresight = Foresight(loaded, state, Notebook(store), clock, cloud)
    await foresight.start(supervisor)
    supervisor.start("cloud", cloud.run)
    try:
        yield Place(loaded, state, foresight, at)
    finally:
        await supervisor.stop_all()
        await cloud.close(0.1)
        await store.close()


def assert_paid_as_told(plan: Plan | str) -> None:
    """The plan's money is its import at the document's prices, and nothing of it was assumed."""
    assert isinstance(plan, Plan), plan
    assert not [reason for reason in plan.reasons if reason.text.startswith("price")]
    bought = sum(
        max(0.0, kw) * step_s / 3600 * money_per_mwh(start.replace(minute=0)) / 1000
        for kw, start, step_s in zip(plan.grid_kw, plan.grid.starts, plan.grid.step_s, strict=True)
    )
    assert plan.cost.energy == pytest.approx(bought, rel=1e-6)
    assert bought > 1.0


async def test_a_price_message_on_the_site_bus_reaches_the_next_plan(tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    await broker.start()

    def bus(site: dict[str, Any]) -> None:
        site["links"]["site_bus"] = {"protocol": "mqtt", "url": broker.url}

    try:
        feed = {"format": "mqtt", "topic": "market/prices"}
        async with running(priced_site(tmp_path, feed, bus), tmp_path) as place:
            refused = place.plan()
            assert isinstance(refused, str)
            assert "the feed has no price" in refused
            text = json.dumps(document(place.at - timedelta(hours=5)))
            await asyncio.to_thread(publish_retained, broker.port, "market/prices", text)
            known = await place.until(lambda feed: (feed.ahead_h or 0.0) >= 43.0)
            assert known.source == "mqtt market/prices"
            assert_paid_as_told(place.plan())
            await asyncio.to_thread(publish_retained, broker.port, "market/prices", "<html>")
            refused_feed = await place.until(lambda feed: bool(feed.error))
            assert refused_feed.sha256 == known.sha256
            assert_paid_as_told(place.plan())
    finally:
        await broker.stop()


async def test_a_message_that_is_too_long_is_refused_whole_until_a_shorter_one_comes(
    tmp_path: Path,
) -> None:
    def refusals(place: Place) -> list[tuple[str, str]]:
        sight = sights.beside(feeds=place.foresight.sights)
        found = AlarmDesk().look(sights.at(sight, 0))
        return [(one.subject, one.text) for one in found if one.code == "feed_refused"]

    async with hand_broker(b"market/prices") as (broker, url):

        def bus(site: dict[str, Any]) -> None:
            site["links"]["site_bus"] = {"protocol": "mqtt", "url": url}

        feed = {"format": "mqtt", "topic": "market/prices"}
        async with running(priced_site(tmp_path, feed, bus), tmp_path) as place:
            async with asyncio.timeout(20):
                while not broker.listened_to:  # noqa: ASYNC110 - a client is waited for
                    await asyncio.sleep(0.01)
            # Its first 65,536 bytes are a whole document.
            text = json.dumps(document(place.at - timedelta(hours=5))).ljust(70_000).encode()
            await broker.say(text)
            view = await place.until(lambda feed: bool(feed.error))
            assert view.ahead_h is None
            assert refusals(place) == [("price", view.error)]
            assert "70000 bytes" in view.error
            assert "65536" in view.error
            assert "send fewer days at once" in view.error
            await broker.say(text[:65_536])
            await place.until(lambda feed: (feed.ahead_h or 0.0) >= 43.0)
            assert refusals(place) == []


def publish_retained(port: int, topic: str, text: str) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish(topic, text, qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


async def test_prices_in_the_clouds_shadow_reach_the_next_plan(tmp_path: Path) -> None:
    core = LocalIotCore(tmp_path / "iot", free_tcp_port(), thing=THING)
    await core.start()

    def cloudy(site: dict[str, Any]) -> None:
        site["cloud"] = {"transport": "mqtt", "endpoint": "127.0.0.1", "port": core.port} | {
            "thing": THING,
            "reconnect_max_s": 1,
        }

    loaded = priced_site(tmp_path, {"format": "shadow"}, cloudy)
    operator = Mqtt5Transport(Endpoint(host="127.0.0.1", port=core.port, client_id="operator"))
    await operator.connect()
    shadows = Shadows(operator, THING)
    await shadows.start(("config",))
    async with asyncio.timeout(20):
        while not operator.connected:  # noqa: ASYNC110 - a broker is waited for
            await asyncio.sleep(0.01)
    try:
        async with running(loaded, tmp_path) as place:
            wish = {"feeds": {"price": document(place.at - timedelta(hours=5), hours=36)}}
            assert isinstance(await shadows.update("config", desired=wish), Accepted)
            known = await place.until(lambda feed: (feed.ahead_h or 0.0) >= 31.0)
            assert known.source == "shadow"
            assert_paid_as_told(place.plan())
    finally:
        await shadows.stop()
        await operator.close()
        await core.stop()
