"""A device that publishes: the latest value of each point, with the reason when there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from drivers.mqtt_payload import (
    SEED_UNITS,
    Absent,
    Document,
    Malformed,
    number,
    parse,
    parse_seed,
)
from drivers.types import (
    Clock,
    Health,
    Identity,
    Point,
    Quality,
    Reading,
    SetupError,
    WriteOutcome,
    WriteRequest,
    WriteResult,
)

_SEED_PARTS = 4


class Form(StrEnum):
    """How a payload is laid out."""

    SEED = "semdr_v1"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttPoint:
    """One number on a topic: at dotted `path`, times `scale`, in `unit`."""

    name: str
    unit: str
    topic: str
    path: str = ""
    scale: float = 1.0
    form: Form = Form.JSON
    ttl_s: float | None = None
    """A message longer ago (plant time) says nothing about now; None: the last one always does."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came in, `at` in plant time."""

    topic: str
    payload: bytes
    retained: bool
    at: datetime
    again: bool = False
    """The broker says that it may have delivered this one before."""
    left_out_bytes: int = 0
    """What is missing at the end of a payload that is longer than the link keeps."""


Listener = Callable[[Message], None]


class Subscriptions(Protocol):
    """The link a device listens on."""

    async def open(self) -> None:
        """Take part; a broker that is away is no error."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Have every message of `topic` handed to `listener` on the event loop."""
        ...

    def unsubscribe(self, topic: str, listener: Listener) -> None:
        """End that."""
        ...

    def refused(self, topic: str) -> str:
        """Why the broker will not deliver `topic`, empty as far as it does."""
        ...

    def down_reason(self) -> str:
        """Why nothing can arrive, empty while the broker is there."""
        ...


def seed_points(topic: str) -> tuple[MqttPoint, ...]:
    """The seed's measurements on `devices/{id}/{segment}/measurement`, in the seed's units."""
    parts = topic.split("/")
    if len(parts) != _SEED_PARTS or parts[0] != "devices" or parts[2] not in SEED_UNITS:
        msg = f"{topic!r} is not devices/ID/SEGMENT/measurement with one of {sorted(SEED_UNITS)}"
        raise SetupError(msg)
    return tuple(
        MqttPoint(name=name, unit=unit, topic=topic, path=f"measurements.{name}", form=Form.SEED)
        for name, unit in SEED_UNITS[parts[2]].items()
    )


@dataclass(frozen=True, slots=True)
class _Last:
    """What is known of a point."""

    value: float | None
    at: datetime
    reason: str = ""


class MqttDevice:
    """A publishing device; implements `drivers.types.Driver`. One value per point is kept.

    `status_topic` carries `online` and, as last will, `offline`. A retained message counts only
    with a timestamp of its own, at most `retained_ttl_s` (plant time) away from now. A message
    stamped up to `retained_ttl_s` before one that came earlier is a late duplicate and ignored, and
    so is one that the broker delivers again.
    """

    def __init__(
        self,
        device_id: str,
        link: Subscriptions,
        points: tuple[MqttPoint, ...],
        clock: Clock,
        *,
        retained_ttl_s: float = 300.0,
        status_topic: str | None = None,
    ) -> None:
        topics = [point.topic for point in points] + [status_topic or "-"]
        wild = [topic for topic in topics if not topic or set("+#") & set(topic)]
        if wild:
            msg = f"{device_id}: {wild[0]!r} is not the topic of one device"
            raise SetupError(msg)
        self._device_id = device_id
        self._link = link
        self._points = {point.name: point for point in points}
        self._clock = clock
        self._retained_ttl_s = retained_ttl_s
        self._status_topic = status_topic
        self._last: dict[str, _Last] = {}
        self._ignored: dict[str, str] = {}
        self._newest: dict[str, datetime] = {}
        self._payloads: dict[str, bytes] = {}
        self._offline_at: datetime | None = None
        self._health = Health()
        self._open = False

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point; none is writable."""
        return tuple(self._point(point) for point in self._points.values())

    @property
    def health(self) -> Health:
        """`requests` counts messages, `failures` the malformed ones."""
        return self._health

    async def open(self) -> None:
        """Subscribe; a broker that is away is no error."""
        if self._open:
            return
        await self._link.open()
        self._open = True
        self._health.connects += 1
        for topic in self._topics():
            self._link.subscribe(topic, self._measured)
        if self._status_topic is not None:
            self._link.subscribe(self._status_topic, self._status)

    async def close(self) -> None:
        """Unsubscribe and leave the link."""
        if not self._open:
            return
        self._open = False
        for topic in self._topics():
            self._link.unsubscribe(topic, self._measured)
        if self._status_topic is not None:
            self._link.unsubscribe(self._status_topic, self._status)
        await self._link.close()

    async def read(self, points: tuple[str, ...] | None = None) -> list[Reading]:
        """The last value of each named point (all when None), at the time it arrived."""
        down = self._link.down_reason()
        names = tuple(self._points) if points is None else points
        return [self._reading(name, down) for name in names]

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Nothing is writable over this form."""
        return _not_writable(request.point)

    async def release(self, point: str) -> WriteOutcome:
        """Nothing is held over this form."""
        return _not_writable(point)

    async def identify(self) -> Identity:
        """Publishers do not say who they are."""
        return Identity()

    def _topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(point.topic for point in self._points.values()))

    def _point(self, point: MqttPoint) -> Point:
        return Point(device=self._device_id, name=point.name, unit=point.unit)

    def _reading(self, name: str, down: str) -> Reading:
        point = self._points.get(name)
        now = self._clock.now()
        if point is None:
            return self._valued(
                name, "", _Last(None, now, "no such point"), Quality.NOT_IMPLEMENTED
            )
        if down:
            return self._valued(name, point.unit, _Last(None, now, down), Quality.MISSING)
        if self._offline_at is not None:
            offline = _Last(None, self._offline_at, "the device is offline (last will)")
            return self._valued(name, point.unit, offline, Quality.BAD)
        last = self._last.get(name)
        if last is None:
            refused = self._link.refused(point.topic)
            reason = refused or self._ignored.get(point.topic) or f"no message on {point.topic} yet"
            return self._valued(name, point.unit, _Last(None, now, reason), Quality.MISSING)
        if point.ttl_s is not None and (age_s := (now - last.at).total_seconds()) > point.ttl_s:
            why = f"the last message is {age_s:.0f} s old, and says nothing after {point.ttl_s:g} s"
            return self._valued(name, point.unit, _Last(None, now, why), Quality.STALE)
        quality = Quality.BAD if last.value is None else Quality.GOOD
        return self._valued(name, point.unit, last, quality)

    def _valued(self, name: str, unit: str, last: _Last, quality: Quality) -> Reading:
        return Reading(
            device=self._device_id,
            point=name,
            value=last.value,
            unit=unit,
            at=last.at,
            quality=quality,
            reason=last.reason,
        )

    def _status(self, message: Message) -> None:
        word = message.payload.strip().lower()
        if word == b"offline":
            self._offline_at = message.at
        elif word == b"online":
            self._offline_at = None

    def _measured(self, message: Message) -> None:
        self._health.requests += 1
        before = self._payloads.get(message.topic)
        self._payloads[message.topic] = message.payload
        if message.again and message.payload == before:
            return
        points = [point for point in self._points.values() if point.topic == message.topic]
        document = _document(message, points[0].form)
        if isinstance(document, Malformed):
            self._malformed(points, message, document)
            return
        at = self._counts_at(message, document)
        if at is None:
            return
        for point in points:
            found = number(document, point.path, point.scale)
            if isinstance(found, Malformed):
                self._malformed([point], message, found)
            elif not isinstance(found, Absent):
                self._note(point, _Last(found, at))
        if not message.retained:
            # A last will may overtake a device that is back already.
            self._offline_at = None
            self._health.last_reply_s = self._clock.monotonic_s()

    def _malformed(self, points: list[MqttPoint], message: Message, found: Malformed) -> None:
        self._health.failures += 1
        self._health.last_error = f"{message.topic}: {found.reason}"
        for point in points:
            self._note(point, _Last(None, message.at, f"malformed: {found.reason}"))

    def _note(self, point: MqttPoint, last: _Last) -> None:
        """Keep what is newest: a retained message may be older than what came live."""
        earlier = self._last.get(point.name)
        if earlier is None or earlier.at <= last.at:
            self._last[point.name] = last

    def _counts_at(self, message: Message, document: Document) -> datetime | None:
        """When the message's values were true; None when it cannot count."""
        if self._late(message, document):
            return None
        if not message.retained:
            return message.at
        if document.stamped is None:
            self._ignored[message.topic] = "only a retained message without timestamp"
            return None
        age_s = (message.at - document.stamped).total_seconds()
        if abs(age_s) > self._retained_ttl_s:
            self._ignored[message.topic] = f"only a retained message {age_s:.0f} s old"
            return None
        return min(document.stamped, message.at)

    def _late(self, message: Message, document: Document) -> bool:
        """Whether something newer came already; further back only a clock was set."""
        stamped = document.stamped
        if stamped is None:
            return False
        newest = self._newest.get(message.topic, stamped)
        if 0.0 < (newest - stamped).total_seconds() <= self._retained_ttl_s:
            return True
        self._newest[message.topic] = stamped
        return False


def _document(message: Message, form: Form) -> Document | Malformed:
    if form is Form.SEED:
        return parse_seed(message.payload, message.topic.split("/")[1])
    return parse(message.payload)


def _not_writable(point: str) -> WriteOutcome:
    reason = "MQTT points are read only"
    return WriteOutcome(point=point, result=WriteResult.NOT_WRITABLE, reason=reason)
