"""The transport against Debian's mosquitto with mutual TLS and an access list like AWS's policy."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.cloud.endpoint import Endpoint
from edge_agent.cloud.mqtt5 import Mqtt5Transport
from edge_agent.cloud.outbox import SyncSettings
from edge_agent.cloud.shadows import Accepted, Shadows
from edge_agent.cloud.sync import Sync
from edge_agent.cloud.transport import (
    Delivered,
    Down,
    LinkEvent,
    Message,
    Refused,
    TakenOver,
    Up,
)
from edge_agent.demo.iot_core import received
from tests.cloud.conftest import ListOutbox

pytestmark = pytest.mark.referee

THING = "gw_1"
TLS_VERDICT_S = 60.0
"""The SDK's TLS library keeps silent for 10 to 30 s after a failed handshake, on purpose."""
ACCESS = """
pattern readwrite devices/%u/#
pattern write $aws/rules/+/devices/%u/#
pattern readwrite $aws/things/%u/#
pattern read semdr/control/%u/#
"""


@dataclass(frozen=True, slots=True)
class Broker:
    """A running mosquitto: its TLS port, the plain one of the cloud's own service, its files."""

    port: int
    service_port: int
    folder: Path

    def endpoint(self, client_id: str = THING, *, certificate: str = "device") -> Endpoint:
        return Endpoint(
            host="127.0.0.1",
            port=self.port,
            client_id=client_id,
            cert_file=str(self.folder / f"{certificate}.pem"),
            key_file=str(self.folder / f"{certificate}.key"),
            ca_file=str(self.folder / "ca.pem"),
            reconnect_min_s=0.05,
            reconnect_max_s=0.2,
            deadline_s=5.0,
        )


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert found is not None, f"{name} is missing: run tests/referees/packages.sh"
    return found


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(
        [program("openssl"), *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    )


def make_authority(folder: Path, name: str) -> None:
    subject = ("-subj", f"/CN=test {name}", "-days", "2")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl(folder, "req", "-x509", *key, *files, *subject)


def make_certificate(folder: Path, name: str, common_name: str, authority: str) -> None:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    files = ("-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "req", "-new", *key, *files, "-subj", f"/CN={common_name}")
    (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    signer = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial")
    result = ("-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", f"{name}.ext")
    openssl(folder, "x509", "-req", "-days", "2", *signer, *result)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(folder: Path, port: int, service_port: int) -> Path:
    (folder / "access").write_text(ACCESS)
    config = folder / "mosquitto.conf"
    config.write_text(
        "per_listener_settings true\nuser root\n"
        f"listener {port} 127.0.0.1\n"
        f"cafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
        "require_certificate true\nuse_identity_as_username true\nallow_anonymous false\n"
        f"acl_file {folder}/access\n"
        f"listener {service_port} 127.0.0.1\nallow_anonymous true\n"
    )
    return config


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.kill()
        running.wait(10)
        if running.stdin is not None:
            running.stdin.close()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(condition: Callable[[], bool], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("mosquitto")
    make_authority(folder, "ca")
    make_authority(folder, "strange_ca")
    make_certificate(folder, "server", "127.0.0.1", "ca")
    make_certificate(folder, "device", THING, "ca")
    make_certificate(folder, "stranger", THING, "strange_ca")
    port, service_port = unused_port(), unused_port()
    config = configure(folder, port, service_port)
    with process(program("mosquitto"), "-c", str(config)):
        asyncio.run(until(lambda: listening(port) and listening(service_port)))
        yield Broker(port, service_port, folder)


OpenLink = Callable[[Endpoint], Awaitable[tuple[Mqtt5Transport, list[LinkEvent]]]]


@pytest.fixture
async def open_link() -> AsyncIterator[OpenLink]:
    opened: list[Mqtt5Transport] = []

    async def connect(endpoint: Endpoint) -> tuple[Mqtt5Transport, list[LinkEvent]]:
        link = Mqtt5Transport(endpoint)
        events: list[LinkEvent] = []
        link.listen(events.append)
        opened.append(link)
        await link.connect()
        await until(lambda: bool(events), TLS_VERDICT_S)
        return link, events

    yield connect
    for link in opened:
        await link.close()


async def test_our_certificate_is_let_in_and_the_access_list_holds(
    broker: Broker, open_link: OpenLink
) -> None:
    link, events = await open_link(broker.endpoint())
    assert isinstance(events[0], Up)
    assert await link.publish(f"devices/{THING}/batch/measurement", b"x" * 120_000) in (
        Delivered(0),
        Delivered(16),
    )
    ingest = await link.publish(f"$aws/rules/semdr/devices/{THING}/batch/measurement", b"x")
    assert isinstance(ingest, Delivered)
    forbidden = await link.publish("devices/other/batch/measurement", b"x")
    assert isinstance(forbidden, Refused)
    assert forbidden.reason_code == 135
    assert link.connected


async def test_a_stranger_s_certificate_is_not_let_in(broker: Broker, open_link: OpenLink) -> None:
    link, events = await open_link(broker.endpoint(certificate="stranger"))
    assert isinstance(events[0], Down)
    assert not link.connected
    assert not any(isinstance(event, Up) for event in events)


async def test_a_server_we_do_not_trust_gets_nothing(broker: Broker, open_link: OpenLink) -> None:
    endpoint = replace(broker.endpoint(), ca_file=str(broker.folder / "strange_ca.pem"))
    _, events = await open_link(endpoint)
    assert isinstance(events[0], Down)
    assert "TLS" in events[0].reason, events


async def test_a_command_sent_while_we_were_away_arrives_in_the_old_session(
    broker: Broker, open_link: OpenLink
) -> None:
    first, _ = await open_link(broker.endpoint())
    await first.subscribe([f"devices/{THING}/command"], lambda _: None)
    await first.close()
    sender, _ = await open_link(broker.endpoint("sender"))
    await sender.publish(f"devices/{THING}/command", b"go", expiry_s=60)
    got: list[Message] = []
    again = Mqtt5Transport(broker.endpoint())
    events: list[LinkEvent] = []
    again.listen(events.append)
    await again.subscribe([f"devices/{THING}/command"], got.append)
    await again.connect()
    await until(lambda: bool(got))
    assert got[0].payload == b"go"
    await until(lambda: Up(rejoined=True) in events)
    await again.close()


async def test_two_gateways_with_one_client_id(broker: Broker, open_link: OpenLink) -> None:
    _, events = await open_link(broker.endpoint("twin"))
    await open_link(broker.endpoint("twin"))
    await until(lambda: any(isinstance(event, TakenOver) for event in events))


def commits(count: int) -> ListOutbox:
    """A few commits in a list."""
    outbox = ListOutbox()
    outbox.add(count)
    return outbox


async def test_shadows_and_telemetry_under_their_real_names(broker: Broker, tmp_path: Path) -> None:
    module = ("-I", "-m", "edge_agent.demo.iot_service", "--tied", "--reserved", "$aws")
    where = ("--port", str(broker.service_port), "--thing", THING, "--dir", str(tmp_path))
    with process(sys.executable, *module, *where):
        await until((tmp_path / "ready.json").exists)
        link = Mqtt5Transport(broker.endpoint())
        shadows = Shadows(link, THING)
        outbox = commits(25)
        sync = Sync(
            outbox=outbox,
            transport=link,
            clock=SystemClock(),
            settings=SyncSettings(gateway=THING, rule="semdr"),
            shadows=shadows,
        )
        await shadows.start()
        await link.connect()
        await until(lambda: link.connected)
        answer = await shadows.update("status", reported={"mode": "plan"})
        assert isinstance(answer, Accepted)
        assert await sync.drain(20.0)
        await until(lambda: len(received(tmp_path)) == 25)
        await until(lambda: confirmed(tmp_path) == 25)
        await shadows.stop()
        await link.close()


async def test_refused_telemetry_stays_in_the_store(broker: Broker, open_link: OpenLink) -> None:
    link, _ = await open_link(broker.endpoint())
    outbox = commits(3)
    settings = SyncSettings(gateway="other", retry_wall_s=0.1)
    sync = Sync(outbox=outbox, transport=link, clock=SystemClock(), settings=settings)
    assert not await sync.drain(0.5)
    assert outbox.sent == 0
    assert "reason_code=135" in sync.status.last_error


def confirmed(folder: Path) -> int:
    shadows = json.loads((folder / "shadows.json").read_text())
    return int(shadows["sync"]["state"]["desired"]["acked_seq"]) if "sync" in shadows else 0
