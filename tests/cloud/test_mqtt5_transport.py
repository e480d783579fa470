from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edge_agent.cloud.endpoint import Endpoint, is_loopback
from edge_agent.cloud.opening import open_transport
from edge_agent.cloud.transport import (
    CloudConfigError,
    CloudLimitError,
    Delivered,
    Down,
    LinkEvent,
    Message,
    NotSent,
    NullTransport,
    TakenOver,
    Up,
)

if TYPE_CHECKING:
    from pathlib import Path

    from edge_agent.cloud.mqtt5 import Mqtt5Transport
    from edge_agent.demo.iot_core import LocalIotCore
    from tests.cloud.conftest import OpenLink, Until


async def test_a_publish_is_acknowledged_and_arrives(
    shared_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    link = await open_link(shared_cloud.port, "one")
    got: list[Message] = []
    assert await link.subscribe(["devices/+/test"], got.append) == Delivered()
    large = bytes(range(256)) * 500
    assert await link.publish("devices/a/test", b"hello") == Delivered(0)
    assert await link.publish("devices/b/test", large, expiry_s=60) == Delivered(0)
    await until(lambda: len(got) == 2)
    assert [(m.topic, m.payload) for m in got] == [
        ("devices/a/test", b"hello"),
        ("devices/b/test", large),
    ]


async def test_reserved_topics_keep_their_name_for_us(
    shared_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    link = await open_link(shared_cloud.port, "two")
    got: list[Message] = []
    await link.subscribe(["$aws/things/other/#"], got.append)
    await link.publish("$aws/things/other/shadow/get", b"")
    await until(lambda: bool(got))
    assert got[0].topic == "$aws/things/other/shadow/get"


async def test_offline_nothing_is_queued_in_memory(free_port: int, open_link: OpenLink) -> None:
    link = await open_link(free_port, "three", wait=False)
    assert isinstance(await link.publish("devices/a/test", b"x"), NotSent)
    assert isinstance(await link.subscribe(["devices/#"], lambda _: None), NotSent)


async def test_subscriptions_come_back_after_a_lost_session(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    link = await open_link(own_cloud.port)
    events: list[LinkEvent] = []
    got: list[Message] = []
    link.listen(events.append)
    await link.subscribe([f"commands/{n}" for n in range(20)], got.append)
    await own_cloud.pull_plug()
    await until(lambda: not link.connected)
    assert isinstance(await link.publish("devices/a/test", b"x"), NotSent)
    await own_cloud.plug_in()
    await until(lambda: Up(rejoined=False) in events)
    assert any(isinstance(event, Down) for event in events)
    sender = await open_link(own_cloud.port, "sender")
    for number in (0, 19):
        await sender.publish(f"commands/{number}", b"go")
    await until(lambda: len(got) == 2)


async def test_an_unacknowledged_command_comes_again_and_an_acknowledged_one_does_not(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    got: list[Message] = []

    async def gateway() -> Mqtt5Transport:
        link = await open_link(own_cloud.port, wait=False)
        events: list[LinkEvent] = []
        link.listen(events.append)
        await link.subscribe(["commands/gw"], got.append, manual_ack=True)
        await until(lambda: any(isinstance(event, Up) for event in events))
        return link

    sender = await open_link(own_cloud.port, "sender")
    crashing = await gateway()
    await sender.publish("commands/gw", b"start")
    await until(lambda: len(got) == 1)
    await crashing.close()
    committing = await gateway()
    await until(lambda: len(got) == 2)
    got[-1].acknowledge()
    await committing.publish("devices/gw/done", b"")
    await committing.close()
    await gateway()
    await sender.publish("commands/gw", b"next")
    await until(lambda: got[-1].payload == b"next")
    assert [message.payload for message in got] == [b"start", b"start", b"next"]


async def test_a_publish_under_way_when_the_broker_dies_is_not_sent(
    own_cloud: LocalIotCore, open_link: OpenLink
) -> None:
    link = await open_link(own_cloud.port, deadline_s=60.0)
    own_cloud.freeze()
    sending = [asyncio.ensure_future(link.publish("devices/a/t", b"x")) for _ in range(30)]
    await asyncio.sleep(0.05)
    await own_cloud.pull_plug()
    async with asyncio.timeout(5.0):
        receipts = await asyncio.gather(*sending)
    assert {type(receipt) for receipt in receipts} == {NotSent}


async def test_two_gateways_with_one_client_id_raise_the_alarm(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until
) -> None:
    first = await open_link(own_cloud.port, "twin")
    events: list[LinkEvent] = []
    first.listen(events.append)
    await open_link(own_cloud.port, "twin")
    await until(lambda: any(isinstance(event, TakenOver) for event in events))


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("a/" * 8 + "b", b""), ("x" * 257, b""), ("devices/+/x", b""), ("ok", bytes(131_073))],
)
async def test_beyond_the_limits_nothing_leaves(
    shared_cloud: LocalIotCore, open_link: OpenLink, topic: str, payload: bytes
) -> None:
    link = await open_link(shared_cloud.port, "four")
    with pytest.raises(CloudLimitError):
        await link.publish(topic, payload)


@pytest.mark.parametrize("host", ["192.168.1.9", "10.0.0.1", "broker.example", "localhost", "::2"])
def test_plain_tcp_leads_to_this_machine_only(host: str) -> None:
    with pytest.raises(CloudConfigError, match="loopback"):
        Endpoint(host=host, port=1883, client_id="gw")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1"])
def test_loopback_is_taken(host: str) -> None:
    assert is_loopback(host)
    assert not Endpoint(host=host, port=1883, client_id="gw").tls


def test_half_a_certificate_is_a_mistake() -> None:
    with pytest.raises(CloudConfigError, match="belong together"):
        Endpoint(host="127.0.0.1", port=8883, client_id="gw", cert_file="cert.pem")


async def test_files_that_are_no_certificates_are_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "device.pem"
    file.write_text("not a certificate")
    endpoint = Endpoint(
        host="127.0.0.1", port=8883, client_id="gw", cert_file=str(file), key_file=str(file)
    )
    with pytest.raises(CloudConfigError, match="certificate files"):
        await open_transport(endpoint).connect()


async def test_no_cloud_is_a_transport_too() -> None:
    link = open_transport(None)
    assert isinstance(link, NullTransport)
    await link.connect()
    assert isinstance(await link.publish("a", b""), NotSent)
    assert not link.connected
    await link.close()


def test_without_a_cloud_the_sdk_is_not_loaded() -> None:
    program = (
        "import sys; from edge_agent.cloud import opening, sync, shadows, status\n"
        "opening.open_transport(None); sys.exit('awscrt' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-I", "-c", program], check=False).returncode == 0
