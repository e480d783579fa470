"""What comes by MQTT or in the cloud's shadow, on its way to the keeper of the feeds."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from drivers.mqtt_payload import MAX_BYTES
from edge_agent.cloud.shadow_document import section_of
from edge_agent.cloud.shadows import Desired
from edge_agent.feeds.keeper import MAX_FILE_BYTES, FeedKeeper
from edge_agent.feeds.source import Format, Source

if TYPE_CHECKING:
    from drivers.mqtt import Message, MqttLink

log = logging.getLogger(__name__)

SHADOW, SECTION = "config", "feeds"
"""The shadow, and the key under which it has a document for each source, by its name."""
MOST_WAITING = 32
"""Documents that wait to be judged; beyond, the oldest goes."""
OpenWires = Callable[[], Iterable["MqttLink"]]
"""Makes a connection to every broker of the site."""


@dataclass(frozen=True, slots=True)
class _Arrived:
    name: str
    payload: bytes
    repeated: bool
    """It may be one that came before: retained by a broker, or read again from the shadow."""
    refusal: str = ""
    """Why it is not even looked at."""


class FeedInlet:
    """Listens where the sources say; `run` as a supervised task hands over what comes."""

    def __init__(self, sources: Iterable[Source], keeper: FeedKeeper, wires: OpenWires) -> None:
        sources = tuple(sources)
        self._keeper = keeper
        self._wires = wires
        self._topics = {one.topic: one.name for one in sources if one.format is Format.MQTT}
        self._shadowed = tuple(one.name for one in sources if one.format is Format.SHADOW)
        self._waiting: deque[_Arrived] = deque(maxlen=MOST_WAITING)
        self._arrived = asyncio.Event()

    @property
    def shadowed(self) -> bool:
        """Whether a source comes in the cloud's shadow."""
        return bool(self._shadowed)

    def desired(self, wish: Desired) -> None:
        """The cloud's shadow has changed, or was read anew."""
        documents = section_of(wish.state, SECTION)
        for name in self._shadowed:
            if name in documents:
                text = json.dumps(documents[name], sort_keys=True, separators=(",", ":")).encode()
                long = too_long(len(text), MAX_FILE_BYTES) if len(text) > MAX_FILE_BYTES else ""
                self._take(_Arrived(name, b"" if long else text, repeated=True, refusal=long))

    async def run(self) -> None:
        """Listen and hand over, for ever."""
        wires = tuple(self._wires()) if self._topics else ()
        try:
            for wire in wires:
                await wire.open()
                for topic, name in self._topics.items():
                    wire.subscribe(topic, partial(self._heard, name))
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                await self._hand_over()
        finally:
            for wire in wires:
                await wire.close()

    def _heard(self, name: str, message: Message) -> None:
        size = len(message.payload) + message.left_out_bytes
        if size > MAX_BYTES:
            self._take(_Arrived(name, b"", repeated=False, refusal=too_long(size, MAX_BYTES)))
            return
        self._take(_Arrived(name, message.payload, repeated=message.retained or message.again))

    def _take(self, arrived: _Arrived) -> None:
        if len(self._waiting) == MOST_WAITING:
            log.warning("feed %s: too many documents at once", arrived.name)
        self._waiting.append(arrived)
        self._arrived.set()

    async def _hand_over(self) -> None:
        while self._waiting:
            one = self._waiting.popleft()
            if one.refusal:
                await self._keeper.refuse(one.name, one.refusal)
            else:
                await self._keeper.offer(one.name, one.payload, repeated=one.repeated)


def too_long(size: int, limit: int) -> str:
    """Why a document of so many bytes is refused, and what helps."""
    return (
        f"the document of {size} bytes is longer than the {limit} that are taken, and nothing of "
        "it is used: send fewer days at once, or longer steps"
    )
