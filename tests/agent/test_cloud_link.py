"""The store's commits as the cloud room wants them, and the status shadow beside them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from field_images import NOW, reading
from small_house import free_tcp_port, write_site
from status_pictures import device, picture

from drivers.types import Quality
from edge_agent.clock import ManualClock, SystemClock
from edge_agent.cloud.messages import Row
from edge_agent.cloud.mqtt5 import Mqtt5Transport
from edge_agent.cloud.shadow_document import JsonObject
from edge_agent.cloud.shadows import Accepted, Shadows
from edge_agent.cloud.transport import CloudConfigError
from edge_agent.cloud_link import CloudLink, StoreOutbox, as_row, build_cloud, shadow_of
from edge_agent.demo.iot_core import LocalIotCore
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.status import AlertView
from edge_agent.store.store import Store
from tests.agent.conftest import Until

THING = "small-house"


async def commit(store: Store, count: int) -> int:
    """So many commits with a good and a missing reading each; the last one's number."""
    for power_kw in range(count):
        gone = reading("room.temperature", None, unit="degC", quality=Quality.MISSING)
        store.append([reading("meter.power", float(power_kw)), gone])
        await store.commit()
    return await store.last_seq()


async def test_the_outbox_is_the_store(store: Store) -> None:
    outbox = StoreOutbox(store)
    last = await commit(store, 3)
    assert (await outbox.first_seq(), await outbox.last_seq()) == (last - 2, last)
    commits = await outbox.commits_after(last - 2, 10)
    assert [one.seq for one in commits] == [last - 1, last]
    assert commits[-1].boot == store.boot
    assert commits[-1].readings == (
        as_row(reading("meter.power", 2.0)),
        as_row(reading("room.temperature", None, unit="degC", quality=Quality.MISSING)),
    )
    assert len(await outbox.commits_after(last - 3, 2)) == 2
    await outbox.mark_sent(last)
    await outbox.mark_acked(last - 1)
    assert (await outbox.sent_seq(), await outbox.acked_seq()) == (last, last - 1)
    assert (await store.sent_seq(), await store.acked_seq()) == (last, last - 1)


def test_a_missing_value_stays_missing() -> None:
    row = as_row(reading("meter.power", None, quality=Quality.STALE))
    assert row == Row(
        device="meter",
        point="power",
        at_ms=round(NOW.timestamp() * 1000),
        value=None,
        quality="stale",
        unit="kW",
    )


def test_the_status_shadow_is_small_and_flat_whatever_the_site() -> None:
    alert = AlertView(code="device_offline", subject="m1", text="x" * 500, since=NOW, cleared=None)
    many = tuple(device(f"meter_{n}", "good" if n % 2 else "missing") for n in range(500))
    status = replace(picture(many), alerts=(alert, replace(alert, cleared=NOW)))
    shadow = shadow_of(status)
    assert (shadow["devices"], shadow["devices_good"], shadow["alarms"]) == (500, 250, 1)
    assert (shadow["plan_source"], shadow["healthy"]) == ("solver", True)
    text = json.dumps(shadow)
    assert len(text) < 1024
    assert all(isinstance(value, str | int | float | bool) for value in shadow.values())


async def test_without_a_cloud_nothing_ever_leaves(
    paper: LoadedSite, store: Store, clock: ManualClock
) -> None:
    link = build_cloud(paper.site, store, clock)
    task = asyncio.create_task(link.run())
    link.report(picture())
    await commit(store, 1)
    await asyncio.sleep(0.02)
    assert not task.done()
    view = link.view()
    assert (view.transport, view.connected, view.acked_seq) == ("none", False, None)
    assert not await link.close(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def with_cloud(folder: Path, port: int, **more: str) -> LoadedSite:
    def cloudy(site: dict[str, Any]) -> None:
        site["cloud"] = {
            "transport": "mqtt",
            "endpoint": "127.0.0.1",
            "port": port,
            "thing": THING,
            "live_every_s": 10,
            "reconnect_max_s": 1,
        } | more

    return load_site(write_site(folder, change=cloudy))


def test_a_cloud_that_can_never_work_is_refused_at_once(
    paper: LoadedSite, store: Store, clock: ManualClock
) -> None:
    far = paper.site.cloud.model_copy(
        update={"transport": "mqtt", "endpoint": "example-ats.iot.eu-central-1.amazonaws.com"}
    )
    with pytest.raises(CloudConfigError, match="cert_file"):
        build_cloud(paper.site.model_copy(update={"cloud": far}), store, clock)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[LocalIotCore]:
    made = LocalIotCore(tmp_path / "iot", free_tcp_port(), thing=THING)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def link(core: LocalIotCore, store: Store, tmp_path: Path) -> AsyncIterator[CloudLink]:
    made = build_cloud(with_cloud(tmp_path, core.port).site, store, SystemClock())
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.close(0.5)


async def reported(core: LocalIotCore, port: int) -> JsonObject:
    """What the cloud knows of our status, asked by somebody else."""
    from edge_agent.cloud.endpoint import Endpoint

    transport = Mqtt5Transport(Endpoint(host="127.0.0.1", port=port, client_id="operator"))
    await transport.connect()
    shadows = Shadows(transport, core.thing)
    await shadows.start()
    async with asyncio.timeout(10):
        while not transport.connected:  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.01)
    answer = await shadows.get("status")
    await shadows.stop()
    await transport.close()
    assert isinstance(answer, Accepted)
    found = answer.state["reported"]
    assert isinstance(found, dict)
    return found


async def test_commits_and_status_reach_the_cloud(
    link: CloudLink, core: LocalIotCore, store: Store, until: Until
) -> None:
    await until(lambda: link.view().connected)
    last = await commit(store, 3)
    link.report(picture((device("meter"),)))
    link.report(picture((device("meter"),)))
    assert await link.close(5.0)
    await until(lambda: len(core.received()) == 3)
    assert [one.seq for one in core.received()] == [last - 2, last - 1, last]
    assert {one.gateway for one in core.received()} == {THING}
    assert link.view().sent_seq == last
    link.report(picture())


async def test_the_status_shadow_says_how_we_are(
    link: CloudLink, core: LocalIotCore, until: Until
) -> None:
    await until(lambda: link.view().connected)
    link.report(picture((device("meter"),)))
    async with asyncio.timeout(10):
        while link._reporting is None or not link._reporting.done():  # noqa: ASYNC110 - its end
            await asyncio.sleep(0.01)
    found = await reported(core, core.port)
    assert (found["plan_source"], found["devices_good"], found["healthy"]) == ("solver", 1, True)
