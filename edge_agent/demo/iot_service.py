"""A service process for the local stand-in: named shadows of one thing, and telemetry ingest.

It is an ordinary client of the broker. Everything is on disk before it is confirmed, and after a
lost link it connects and subscribes again within a moment.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from drivers.types import Clock
from edge_agent.clock import SystemClock
from edge_agent.cloud.messages import BadMessageError, decode
from edge_agent.cloud.shadow_document import NAME
from edge_agent.demo.iot_files import write_atomically
from edge_agent.demo.iot_ingest import Ingest
from edge_agent.demo.iot_shadow_store import ShadowStore
from edge_agent.demo.iot_tether import exit_with_parent

RETRY_S = 0.1
VERBS = ("get", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Which broker and thing; `reserved` is how the broker spells the reserved `$aws`."""

    port: int
    thing: str
    folder: Path
    reserved: str = "aws"


class IotService:
    """Answers shadow requests and takes telemetry, one message after the other."""

    def __init__(self, settings: ServiceSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._shadows = ShadowStore(settings.folder / "shadows.json")
        self._ingest = Ingest(settings.folder)
        self._root = f"{settings.reserved}/things/{settings.thing}/shadow/name/"
        self._connects = 0
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"service-{settings.thing}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def serve(self, pause: Callable[[float], None]) -> None:
        """Serve for ever, whatever the broker does."""
        while True:
            try:
                self._client.connect("127.0.0.1", self._settings.port, keepalive=30)
                while self._client.loop(timeout=1.0) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                    pass
            except OSError:
                pass
            pause(RETRY_S)

    def _on_connect(
        self,
        client: Client,
        userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            return
        measurements = [f"devices/+/{lane}/measurement" for lane in ("batch", "backfill")]
        filters = [f"{self._root}+/{verb}" for verb in VERBS]
        filters += measurements
        filters += [f"{self._settings.reserved}/rules/+/{topic}" for topic in measurements]
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in filters])

    def _on_subscribe(
        self,
        client: Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        """Ready only when every filter was granted: whoever started us waits for the count."""
        if any(reason.is_failure for reason in reasons):
            return
        self._connects += 1
        ready = {"connects": self._connects, "thing": self._settings.thing}
        write_atomically(self._settings.folder / "ready.json", json.dumps(ready))

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        if message.topic.startswith(self._root):
            name, _, verb = message.topic.removeprefix(self._root).rpartition("/")
            self._answer(name, verb, bytes(message.payload))
        else:
            self._take(message)

    def _answer(self, name: str, verb: str, payload: bytes) -> None:
        if not NAME.fullmatch(name) or verb not in VERBS:
            return
        now_s = int(self._clock.now().timestamp())
        for event in self._shadows.handle(name, verb, payload, now_s):
            body = json.dumps(event.body, separators=(",", ":"))
            self._client.publish(f"{self._root}{name}/{event.suffix}", body, qos=1)

    def _take(self, message: MQTTMessage) -> None:
        """Store first, then confirm through the `sync` shadow of the gateway that is our thing."""
        gateway = message.topic.split("/")[-3]
        try:
            telemetry = decode(bytes(message.payload))
        except BadMessageError:
            self._ingest.reject()
            return
        if telemetry.gateway != gateway:
            self._ingest.reject()
            return
        watermark = self._ingest.take(telemetry)
        if gateway == self._settings.thing:
            word = {"acked_seq": watermark, "top_seq": self._ingest.top(gateway)}
            desired = {"state": {"desired": word}}
            self._answer("sync", "update", json.dumps(desired).encode())


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="iot_service", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--thing", required=True)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--reserved", default="aws", help="what the broker calls $aws")
    parser.add_argument("--tied", action="store_true", help="end when standard input closes")
    arguments = parser.parse_args()
    if arguments.tied:
        exit_with_parent()
    arguments.dir.mkdir(parents=True, exist_ok=True)
    settings = ServiceSettings(
        port=arguments.port,
        thing=arguments.thing,
        folder=arguments.dir,
        reserved=arguments.reserved,
    )
    IotService(settings, SystemClock()).serve(time.sleep)


if __name__ == "__main__":
    main()
