"""What the rest of the cloud room asks of a way to the cloud, and the way that leads nowhere.

A publish has three expected outcomes and they are values; only wrong configuration raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

CLOSE_WITHIN_S = 5.0
FIRST_FAILURE_CODE = 0x80
"""MQTT5 reason codes below this are success, 16 (nobody listens) included."""


class CloudError(Exception):
    """Root of everything the cloud room raises."""


class CloudConfigError(CloudError):
    """The cloud cannot work as configured; the message names the remedy."""


class CloudLimitError(CloudError, ValueError):
    """A topic, payload, client id or shadow is beyond what AWS IoT Core takes."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker has it; that is not yet proof that the cloud has stored it."""

    reason_code: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker answered that it will not: reason code >= 128, -1 when it names none."""

    reason_code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nobody acknowledged it: no link, or no answer within the deadline."""

    reason: str


Receipt = Delivered | Refused | NotSent


@dataclass(frozen=True, slots=True)
class Up:
    """Connected, and every filter is subscribed; `rejoined` when the broker kept the session."""

    rejoined: bool


@dataclass(frozen=True, slots=True)
class Down:
    """Not connected any more, or a try to connect failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Somebody else uses our client id: so many drops within the last minute."""

    drops: int


@dataclass(frozen=True, slots=True)
class FilterRefused:
    """The broker will not deliver what matches this filter."""

    topic_filter: str
    reason_code: int


LinkEvent = Up | Down | TakenOver | FilterRefused
LinkListener = Callable[[LinkEvent], None]


def keep_message() -> None:
    """Nothing to acknowledge: the message came without a broker's claim to an answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message from the cloud; `acknowledge` is for handlers subscribed with `manual_ack`."""

    topic: str
    payload: bytes
    acknowledge: Callable[[], None] = keep_message


MessageHandler = Callable[[Message], None]


class Transport(Protocol):
    """One way to the cloud. Handlers and listeners run on the event loop and must not block."""

    @property
    def connected(self) -> bool:
        """Whether a publish has a chance now."""
        ...

    @property
    def max_payload(self) -> int:
        """Largest payload in bytes."""
        ...

    @property
    def max_in_flight(self) -> int:
        """Publishes that may wait for their acknowledgement at once; 0 when nothing ever leaves."""
        ...

    def listen(self, listener: LinkListener) -> None:
        """Call the listener at every change of the link."""
        ...

    async def connect(self) -> None:
        """Start connecting, and keep at it; returns at once. CloudConfigError when hopeless."""
        ...

    async def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Disconnect and let go of everything, whatever the broker does."""
        ...

    async def publish(self, topic: str, payload: bytes, *, expiry_s: int | None = None) -> Receipt:
        """Hand one message over, at least once; CloudLimitError when it is beyond the limits."""
        ...

    async def subscribe(
        self, filters: Sequence[str], handler: MessageHandler, *, manual_ack: bool = False
    ) -> Receipt:
        """Deliver what matches to the handler, from now on and again after every reconnect.

        With `manual_ack` the broker keeps the message until `Message.acknowledge` is called, so
        that a command outlives a crash between its arrival and its commit.
        """
        ...


class NullTransport:
    """`transport: none`: the gateway works alone."""

    connected = False
    max_payload = 0
    max_in_flight = 0

    def listen(self, listener: LinkListener) -> None:
        """Nothing will ever happen."""

    async def connect(self) -> None:
        """Nothing to connect to."""

    async def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Nothing to close."""

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        expiry_s: int | None = None,
    ) -> Receipt:
        """Say that there is no cloud."""
        return NotSent(f"no cloud is configured for {topic}")

    async def subscribe(
        self, filters: Sequence[str], handler: MessageHandler, *, manual_ack: bool = False
    ) -> Receipt:
        """Say that there is no cloud."""
        return NotSent(f"no cloud is configured for {len(filters)} filters")
