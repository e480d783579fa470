from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from edge_agent.clock import ManualClock, SystemClock
from edge_agent.cloud.shadow_document import JsonObject
from edge_agent.cloud.shadows import Accepted, Desired, NoAnswer, Rejected, Shadows
from edge_agent.cloud.status import StatusReporter
from edge_agent.cloud.transport import CloudLimitError, NullTransport

if TYPE_CHECKING:
    from edge_agent.cloud.mqtt5 import Mqtt5Transport
    from edge_agent.demo.iot_core import LocalIotCore
    from tests.cloud.conftest import OpenLink, Until

THING = "gw_1"
ROOT = f"$aws/things/{THING}/shadow/name"


async def opened(link: Mqtt5Transport, **limits: float) -> Shadows:
    shadows = Shadows(link, THING, deadline_s=limits.get("deadline_s", 5.0))
    await shadows.start()
    return shadows


async def from_the_cloud(link: Mqtt5Transport, name: str, desired: JsonObject | None) -> None:
    body = json.dumps({"state": {"desired": desired}}).encode()
    await link.publish(f"{ROOT}/{name}/update", body)


async def test_update_get_and_conflict(shared_cloud: LocalIotCore, open_link: OpenLink) -> None:
    shadows = await opened(await open_link(shared_cloud.port, "shadow-1"))
    missing = await shadows.get("status")
    assert isinstance(missing, Rejected)
    assert missing.code == 404
    updated = await shadows.update("status", reported={"mode": "plan"})
    assert isinstance(updated, Accepted)
    assert updated.state == {"reported": {"mode": "plan"}}
    whole = await shadows.get("status")
    assert isinstance(whole, Accepted)
    assert whole.state == {"reported": {"mode": "plan"}}
    assert whole.version == updated.version
    assert whole.metadata == {"reported": {"mode": {"timestamp": updated.timestamp}}}
    conflict = await shadows.update("status", reported={"mode": "x"}, version=updated.version + 7)
    assert conflict == Rejected(409, "Version conflict")


async def test_the_desired_state_comes_after_a_connect_and_then_by_delta(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    operator = await open_link(own_cloud.port, "operator")
    await from_the_cloud(operator, "config", {"revision": "a"})
    seen: list[Desired] = []
    link = await open_link(own_cloud.port, THING)
    shadows = await opened(link)
    shadows.watch("config", seen.append)
    # A lost session: everything is asked for again.
    await own_cloud.pull_plug()
    await until(lambda: not link.connected)
    seen.clear()
    await own_cloud.plug_in()
    # The delta of the operator's own update may still come as well.
    await until(lambda: any(desired.whole for desired in seen))
    first = next(desired for desired in seen if desired.whole)
    assert first.state == {"revision": "a"}
    await until(lambda: operator.connected)
    await from_the_cloud(operator, "config", {"revision": "b"})
    await until(lambda: seen[-1].state == {"revision": "b"})
    assert not seen[-1].whole
    assert seen[-1].version == first.version + 1


async def test_old_and_doubled_deltas_are_ignored(
    shared_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    operator = await open_link(shared_cloud.port, "operator-2")
    shadows = await opened(await open_link(shared_cloud.port, "shadow-2"))
    seen: list[Desired] = []
    shadows.watch("dr", seen.append)
    topic = f"{ROOT}/dr/update/delta"
    for version, value in ((5, "new"), (5, "doubled"), (4, "old"), (6, "newer")):
        body = {"version": version, "state": {"event": value}, "timestamp": 1}
        await operator.publish(topic, json.dumps(body).encode())
    await until(lambda: len(seen) == 2)
    assert [desired.state["event"] for desired in seen] == ["new", "newer"]


async def test_answers_to_somebody_else_change_nothing(
    shared_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    operator = await open_link(shared_cloud.port, "operator-3")
    shadows = await opened(await open_link(shared_cloud.port, "shadow-3"))
    for payload in (b'{"clientToken":"old","version":99,"state":{}}', b"{", b"[]"):
        await operator.publish(f"{ROOT}/status/update/accepted", payload)
    await until(lambda: shadows.foreign_answers == 1)
    answer = await shadows.update("status", reported={"uptime_s": 1})
    assert isinstance(answer, Accepted)
    assert answer.version != 99


async def test_without_a_shadow_service_there_is_no_answer(
    own_cloud: LocalIotCore, open_link: OpenLink
) -> None:
    shadows = await opened(await open_link(own_cloud.port), deadline_s=0.1)
    await own_cloud.stop_service()
    assert isinstance(await shadows.get("status"), NoAnswer)
    offline = Shadows(NullTransport(), THING)
    assert isinstance(await offline.get("status"), NoAnswer)


async def test_requests_side_by_side_get_their_own_answers(
    shared_cloud: LocalIotCore, open_link: OpenLink
) -> None:
    shadows = await opened(await open_link(shared_cloud.port, "shadow-4"))
    answers = await asyncio.gather(
        *(shadows.update("status", reported={"n": number}) for number in range(20))
    )
    assert [a.state for a in answers if isinstance(a, Accepted)] == [
        {"reported": {"n": number}} for number in range(20)
    ]


@pytest.mark.parametrize(
    "state", [{"text": "x" * 1200}, {"1": {"2": {"3": {"4": {"5": {"6": 1}}}}}}]
)
async def test_a_shadow_stays_small_and_flat(state: JsonObject) -> None:
    with pytest.raises(CloudLimitError):
        await Shadows(NullTransport(), THING).update("status", reported=state)


async def test_the_status_is_reported_on_change_and_not_too_often(
    shared_cloud: LocalIotCore, open_link: OpenLink
) -> None:
    shadows = await opened(await open_link(shared_cloud.port, "shadow-5"))
    clock = ManualClock(SystemClock().now())
    reporter = StatusReporter(shadows, clock, urgent=frozenset({"mode"}))
    first = await reporter.report({"mode": "plan", "uptime_s": 1, "note": "x"})
    assert isinstance(first, Accepted)
    assert await reporter.report({"mode": "plan", "uptime_s": 2, "note": "x"}) is None
    await clock.advance(11.0)
    assert await reporter.report({"mode": "plan", "uptime_s": 12, "note": "x"}) is None
    urgent = await reporter.report({"mode": "rules", "uptime_s": 12})
    assert isinstance(urgent, Accepted)
    assert urgent.state == {"reported": {"mode": "rules", "uptime_s": 12, "note": None}}
    await clock.advance(301.0)
    assert await reporter.report({"mode": "rules", "uptime_s": 12}) is None
    assert isinstance(await reporter.report({"mode": "rules", "uptime_s": 313}), Accepted)
