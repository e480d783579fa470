"""The site's MQTT link against Debian's mosquitto: TLS, user and password, versions 3.1.1 and 5."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from drivers.mqtt import MqttDevice, MqttLink, MqttPoint
from drivers.types import Quality, Reading
from edge_agent.clock import SystemClock

pytestmark = pytest.mark.referee

USER, PASSWORD = "site", "sixteen candles"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
ACCESS = f"user {USER}\ntopic read tele/#\nuser talker\ntopic readwrite #\n"


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert found is not None, f"{name} is missing: run tests/referees/packages.sh"
    return found


def run(folder: Path, name: str, *arguments: str) -> None:
    command = [program(name), *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


def authority(folder: Path, name: str) -> None:
    files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
    run(folder, "openssl", "req", "-x509", *KEY, *files, "-subj", f"/CN={name}", "-days", "2")


def certificate(folder: Path) -> None:
    files = ("-keyout", "server.key", "-out", "server.csr")
    run(folder, "openssl", "req", "-new", *KEY, *files, "-subj", "/CN=127.0.0.1")
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    result = ("-in", "server.csr", "-out", "server.pem", "-extfile", "server.ext")
    run(folder, "openssl", "x509", "-req", *signer, *result)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Broker:
    """A mosquitto that can be killed and started again on the same ports."""

    folder: Path
    port: int = field(default_factory=unused_port)
    plain_port: int = field(default_factory=unused_port)
    running: subprocess.Popen[bytes] | None = None

    def configure(self) -> None:
        authority(self.folder, "ca")
        authority(self.folder, "strange")
        certificate(self.folder)
        run(self.folder, "mosquitto_passwd", "-c", "-b", "passwords", USER, PASSWORD)
        run(self.folder, "mosquitto_passwd", "-b", "passwords", "talker", "talk")
        (self.folder / "access").write_text(ACCESS)
        (self.folder / "mosquitto.conf").write_text(
            f"user root\nlog_dest file {self.folder}/log\nlog_type all\n"
            f"allow_anonymous false\npassword_file {self.folder}/passwords\n"
            f"acl_file {self.folder}/access\n"
            f"listener {self.port} 127.0.0.1\ncafile {self.folder}/ca.pem\n"
            f"certfile {self.folder}/server.pem\nkeyfile {self.folder}/server.key\n"
            f"listener {self.plain_port} 127.0.0.1\n"
        )

    async def start(self) -> None:
        """Serve, with an empty log."""
        (self.folder / "log").unlink(missing_ok=True)
        self.running = await asyncio.to_thread(self._spawned)
        await until(lambda: accepts(self.port) and accepts(self.plain_port))

    def _spawned(self) -> subprocess.Popen[bytes]:
        command = [program("mosquitto"), "-c", str(self.folder / "mosquitto.conf")]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.running is not None:
            self.running.kill()
            self.running.wait(10)
            self.running = None

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def link(self, version: str, password: str = PASSWORD, ca: str = "ca") -> MqttLink:
        return MqttLink(
            f"mqtts://127.0.0.1:{self.port}?version={version}",
            username=USER,
            password=password,
            ca_file=str(self.folder / f"{ca}.pem"),
            timeout_s=0.5,
            clock=SystemClock(),
        )

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish as another device of the site does, and return once the broker has it."""
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        client.username_pw_set("talker", "talk")
        client.connect("127.0.0.1", self.plain_port)
        client.loop_start()
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(condition: Callable[[], bool], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("mosquitto_site"))
    broker.configure()
    yield broker
    broker.kill()


@pytest.fixture
async def broker(settled: Broker) -> AsyncIterator[Broker]:
    await settled.start()
    yield settled
    settled.kill()


@pytest.fixture(params=["3.1.1", "5"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def meter(link: MqttLink, topic: str = "tele/meter", ttl_s: float = 300.0) -> MqttDevice:
    points = (MqttPoint(name="power", unit="kW", topic=topic, path="power"),)
    return MqttDevice("meter", link, points, SystemClock(), retained_ttl_s=ttl_s)


async def reads(driver: MqttDevice, accepted: Callable[[Reading], bool]) -> Reading:
    """The first reading that is accepted, within 15 s."""
    async with asyncio.timeout(15.0):
        while True:
            (reading,) = await driver.read()
            if accepted(reading):
                return reading
            await asyncio.sleep(0.02)


async def test_values_come_over_tls_in_the_version_asked_for(broker: Broker, version: str) -> None:
    link = broker.link(version)
    driver = meter(link)
    await driver.open()
    await until(lambda: link.connected)
    await until(lambda: "tele/meter (QoS 1)" in broker.log())
    await asyncio.to_thread(broker.say, "tele/meter", b'{"power": 4.5}')
    reading = await reads(driver, lambda reading: reading.value is not None)
    assert (reading.value, reading.quality) == (4.5, Quality.GOOD)
    shown = "p5" if version == "5" else "p2"
    assert any(f"({shown}, " in line and f"u'{USER}'" in line for line in broker.log().splitlines())
    await driver.close()


async def test_a_wrong_password_is_missing_with_the_reason(broker: Broker, version: str) -> None:
    link = broker.link(version, password="wrong")  # noqa: S106  # is meant to be
    driver = meter(link)
    await driver.open()
    reading = await reads(driver, lambda reading: "efused" in reading.reason)
    assert reading.quality is Quality.MISSING
    assert "uthori" in reading.reason
    assert not link.connected
    await driver.close()


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_signed_by_a_stranger_gets_no_password(broker: Broker) -> None:
    link = broker.link("5", ca="strange")
    driver = meter(link)
    await driver.open()
    reading = await reads(driver, lambda reading: "cannot connect" in reading.reason)
    assert reading.quality is Quality.MISSING
    await until(lambda: "alert unknown ca" in broker.log())
    assert "u'site'" not in broker.log().split("alert unknown ca")[-1]
    await driver.close()


async def test_a_killed_broker_is_found_again(broker: Broker, version: str) -> None:
    link = broker.link(version)
    driver = meter(link)
    await driver.open()
    await until(lambda: link.connected)
    broker.kill()
    gone = await reads(driver, lambda reading: str(broker.port) in reading.reason)
    assert gone.quality is Quality.MISSING
    await broker.start()
    await until(lambda: "tele/meter (QoS 1)" in broker.log())
    await asyncio.to_thread(broker.say, "tele/meter", b'{"power": 7}')
    assert (await reads(driver, lambda reading: reading.value is not None)).value == 7.0
    await driver.close()


@pytest.mark.parametrize(("ttl_s", "value"), [(60.0, None), (600.0, 3.0)])
async def test_retained_messages_count_within_the_device_s_ttl(
    broker: Broker, version: str, ttl_s: float, value: float | None
) -> None:
    stamp = (SystemClock().now() - timedelta(seconds=120)).isoformat()
    body = json.dumps({"power": 3.0, "timestamp": stamp}).encode()
    await asyncio.to_thread(broker.say, "tele/kept", body, retain=True)
    driver = meter(broker.link(version), "tele/kept", ttl_s)
    await driver.open()
    await until(lambda: driver.health.requests >= 1, within_s=60.0)
    (reading,) = await driver.read()
    assert reading.value == value
    assert value is not None or "120 s old" in reading.reason
    await driver.close()


async def test_of_a_huge_payload_little_is_kept(broker: Broker, version: str) -> None:
    sizes: list[int] = []
    link = broker.link(version)
    await link.open()
    link.subscribe("tele/huge", lambda message: sizes.append(len(message.payload)))
    await until(lambda: "tele/huge (QoS 1)" in broker.log())
    await asyncio.to_thread(broker.say, "tele/huge", b"x" * 500_000)
    await until(lambda: bool(sizes))
    assert sizes == [65_537]
    await link.close()
