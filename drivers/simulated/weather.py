"""A weather station that publishes the seed's JSON from a plant, with birth and last will."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from drivers.simulated.plant import Plant
from drivers.types import Clock

_FIELDS = {
    "solar_irradiance": "weather.irradiance_w_m2",
    "temperature": "weather.temperature_c",
    "humidity": "weather.humidity_percent",
    "wind_speed": "weather.wind_m_s",
}
_KEEPALIVE_S = 20
_GOODBYE_S = 2.0


class WeatherPublisher:
    """Publishes `devices/{id}/weather/measurement` each `period_s` of plant time."""

    def __init__(
        self, url: str, device_id: str, plant: Plant, clock: Clock, period_s: float
    ) -> None:
        self._url = urlsplit(url)
        self._device_id = device_id
        self._plant = plant
        self._clock = clock
        self._period_s = period_s
        self._client: paho.Client | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def status_topic(self) -> str:
        """Where `online` and `offline` are retained."""
        return f"devices/{self._device_id}/status"

    @property
    def topic(self) -> str:
        """Where the measurements go."""
        return f"devices/{self._device_id}/weather/measurement"

    async def start(self) -> None:
        """Connect (and keep trying) and publish until stopped."""
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{self._device_id}-simulated",
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.will_set(self.status_topic, "offline", qos=1, retain=True)
        client.reconnect_delay_set(1, 5)
        client.on_connect = self._birth
        client.connect_async(self._url.hostname or "", self._url.port or 1883, _KEEPALIVE_S)
        client.loop_start()
        self._client = client
        self._task = asyncio.create_task(self._publish(client))

    def _birth(
        self,
        client: paho.Client,
        _userdata: Any,  # noqa: ANN401  # paho's signature
        _flags: paho.ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.publish(self.status_topic, "online", qos=1, retain=True)

    async def stop(self) -> None:
        """Say goodbye as the last will would, and disconnect."""
        if self._client is None or self._task is None:
            return
        client, task = self._client, self._task
        self._client = self._task = None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(self._leave, client)

    def _leave(self, client: paho.Client) -> None:
        goodbye = client.publish(self.status_topic, "offline", 1, retain=True)
        # Without a broker this raises; its last will says the same.
        with contextlib.suppress(RuntimeError, ValueError):
            goodbye.wait_for_publish(_GOODBYE_S)
        client.disconnect()
        client.loop_stop()

    async def _publish(self, client: paho.Client) -> None:
        while True:
            if client.is_connected():
                client.publish(self.topic, self.payload(), qos=1)
            await self._clock.sleep(self._period_s)

    def payload(self) -> str:
        """What the station measures now."""
        return json.dumps(
            {
                "device_id": self._device_id,
                "timestamp": self._clock.now().isoformat(),
                "measurements": {name: self._plant.get(key) for name, key in _FIELDS.items()},
                "data_format": "semdr_v1",
            }
        )
