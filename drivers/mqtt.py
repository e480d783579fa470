"""One connection to a broker on the site's own network, shared by the devices behind it."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from drivers.mqtt_device import Form, Listener, Message, MqttDevice, MqttPoint, seed_points
from drivers.mqtt_payload import MAX_BYTES
from drivers.types import Clock, SetupError

__all__ = ["Form", "Message", "MqttDevice", "MqttLink", "MqttPoint", "seed_points"]

_KEEPALIVE_S = 20
_RECONNECT_S = (1, 30)
_MAX_WAITING = 1000
_SCHEMES = {"mqtt": 1883, "mqtts": 8883}
_VERSIONS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}


class MqttLink:
    """A broker at `mqtt(s)://host:port[?version=5]`, reconnected and resubscribed by itself.

    The version is 3.1.1 unless the URL says 5. At most 1000 messages wait for the event loop, the
    oldest are dropped first; of a payload no more is kept than tells that it is too long.
    `timeout_s` (wall) bounds a connect, and is how long a lost broker is forgiven before its
    devices' values count as missing. `open` and `close` count their callers.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        ca_file: str = "",
        timeout_s: float = 5.0,
        clock: Clock,
    ) -> None:
        self._host, self._port, self._tls, self._version = _parse(url)
        self._credentials = (username, password)
        self._ca_file = ca_file
        self._timeout_s = timeout_s
        self._clock = clock
        self._listeners: dict[str, tuple[Listener, ...]] = {}
        self._client: paho.Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users = 0
        self._opening = asyncio.Lock()
        self._waiting: deque[Message] = deque(maxlen=_MAX_WAITING)
        self._handing_out = False
        self._down_since_s: float | None = None
        self._why = ""
        self._asked: dict[int, str] = {}
        self._refused: dict[str, str] = {}
        self.dropped = 0
        """Messages that nobody had time for."""

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and not gone since."""
        return self._client is not None and self._down_since_s is None

    def down_reason(self) -> str:
        """Why nothing can arrive; empty while connected or away for less than `timeout_s`."""
        if self._loop is None or self._client is None:
            return "the link is closed"
        if self._down_since_s is None or self._loop.time() - self._down_since_s < self._timeout_s:
            return ""
        return f"no broker at {self._host}:{self._port}: {self._why}"

    async def open(self) -> None:
        """Start connecting; a broker that is away is no error, an unreadable CA file is one."""
        async with self._opening:
            if self._client is not None:
                self._users += 1
                return
            client = self._new_client()
            self._loop = asyncio.get_running_loop()
            self._why = "not connected yet"
            # Never connected is no interruption: nothing is forgiven.
            self._down_since_s = float("-inf")
            client.connect_async(self._host, self._port, keepalive=_KEEPALIVE_S)
            client.loop_start()
            self._client = client
            self._users += 1

    async def close(self) -> None:
        """Disconnect once as many have closed as have opened."""
        async with self._opening:
            self._users = max(0, self._users - 1)
            if self._users or self._client is None:
                return
            client, self._client = self._client, None
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Have each message of `topic` handed to `listener` on the event loop, from now on."""
        self._listeners[topic] = (*self._listeners.get(topic, ()), listener)
        if self._client is not None:
            _, mid = self._client.subscribe(topic, qos=1)
            self._ask(mid, topic)

    def refused(self, topic: str) -> str:
        """Why the broker will not deliver `topic`, empty as far as it does."""
        return self._refused.get(topic, "")

    def unsubscribe(self, topic: str, listener: Listener) -> None:
        """End that; the last listener gone ends the subscription."""
        rest = tuple(known for known in self._listeners.get(topic, ()) if known != listener)
        if rest:
            self._listeners[topic] = rest
            return
        self._listeners.pop(topic, None)
        if self._client is not None:
            self._client.unsubscribe(topic)

    def _new_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"semdr-edge-{secrets.token_hex(6)}",
            protocol=self._version,
        )
        client.connect_timeout = self._timeout_s
        client.reconnect_delay_set(*_RECONNECT_S)
        if self._credentials[0]:
            client.username_pw_set(*self._credentials)
        if self._tls:
            self._secure(client)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _secure(self, client: paho.Client) -> None:
        try:
            client.tls_set(ca_certs=self._ca_file or None)
        except (OSError, ValueError) as error:
            msg = f"CA file {self._ca_file!r} of {self._host} cannot be used: {error}"
            raise SetupError(msg) from error

    # The callbacks run on paho's network thread and touch nothing of the loop's.

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: Any,  # noqa: ANN401  # paho's signature
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._post(lambda: self._lost(f"refused: {reason}"))
            return
        self._post(self._found)
        for topic in tuple(self._listeners):
            _, mid = client.subscribe(topic, qos=1)
            self._post(partial(self._ask, mid, topic))

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: Any,  # noqa: ANN401  # paho's signature
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        why = next((str(reason) for reason in reasons if reason.is_failure), "")
        self._post(partial(self._answered, mid, why))

    def _on_connect_fail(self, _client: paho.Client, _userdata: Any) -> None:  # noqa: ANN401
        self._post(lambda: self._lost("cannot connect"))

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,  # noqa: ANN401  # paho's signature
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        # After a refusal paho reports the end of that connection too: the refusal says more.
        self._post(lambda: self._lost(self._why or f"disconnected: {reason}"))

    def _on_message(
        self,
        _client: paho.Client,
        _userdata: Any,  # noqa: ANN401  # paho's signature
        message: paho.MQTTMessage,
    ) -> None:
        now = self._clock.now()
        payload = bytes(message.payload[: MAX_BYTES + 1])
        left_out = len(message.payload) - len(payload)
        self.dropped += len(self._waiting) == _MAX_WAITING
        self._waiting.append(
            Message(message.topic, payload, message.retain, now, message.dup, left_out)
        )
        # Appended before the flag is looked at, cleared before the queue is: none is left behind.
        if not self._handing_out:
            self._handing_out = True
            self._post(self._hand_out)

    def _post(self, action: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(action)

    # From here on: on the event loop.

    def _found(self) -> None:
        self._down_since_s = None
        self._why = ""
        self._asked.clear()
        self._refused.clear()

    def _ask(self, mid: int | None, topic: str) -> None:
        if mid is not None:
            self._asked[mid] = topic

    def _answered(self, mid: int, why: str) -> None:
        topic = self._asked.pop(mid, None)
        if why and topic is not None:
            self._refused[topic] = f"the broker refuses {topic}: {why}"

    def _lost(self, why: str) -> None:
        self._why = why
        if self._down_since_s is None and self._loop is not None:
            self._down_since_s = self._loop.time()

    def _hand_out(self) -> None:
        self._handing_out = False
        while self._waiting:
            message = self._waiting.popleft()
            for listener in self._listeners.get(message.topic, ()):
                listener(message)


def _parse(url: str) -> tuple[str, int, bool, MQTTProtocolVersion]:
    """Host, port, whether TLS is wanted, version; SetupError when the URL is none of ours."""
    try:
        parts = urlsplit(url)
        port = parts.port or _SCHEMES[parts.scheme]
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        (version,) = options.pop("version", ["3.1.1"])
        if parts.scheme in _SCHEMES and parts.hostname and not options:
            return parts.hostname, port, parts.scheme == "mqtts", _VERSIONS[version]
    except (ValueError, KeyError):
        pass
    msg = f"{url!r} is not mqtt(s)://host:port[?version=3.1.1|5]"
    raise SetupError(msg)
