"""MQTT5 to AWS IoT Core over the AWS SDK: mutual TLS, or plain TCP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from awscrt import mqtt5
from awscrt.exceptions import AwsCrtError

from edge_agent.cloud.endpoint import RESERVED, Endpoint
from edge_agent.cloud.limits import MAX_PAYLOAD, check_payload, check_topic
from edge_agent.cloud.mqtt5_client import ClientHooks, build_client
from edge_agent.cloud.subscriptions import Subscriptions
from edge_agent.cloud.takeover import TakeoverCounter
from edge_agent.cloud.transport import (
    CLOSE_WITHIN_S,
    FIRST_FAILURE_CODE,
    Delivered,
    Down,
    FilterRefused,
    LinkEvent,
    LinkListener,
    Message,
    MessageHandler,
    NotSent,
    Receipt,
    Refused,
    TakenOver,
    Up,
    keep_message,
)

IN_FLIGHT = 32
UNKNOWN_CODE = -1
RESUBSCRIBE_PAUSE_S = 1.0


class Mqtt5Transport:
    """One connection. The SDK calls back on its own thread; everything here runs on the loop."""

    max_payload = MAX_PAYLOAD
    max_in_flight = IN_FLIGHT

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._subscriptions = Subscriptions()
        self._listeners: list[LinkListener] = []
        self._takeovers = TakeoverCounter()
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connected = False
        self._closing = False
        self._stopped = asyncio.Event()
        self._resubscribing: asyncio.Task[None] | None = None
        self._link_lost: asyncio.Future[None]

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and the link stands."""
        return self._connected

    def listen(self, listener: LinkListener) -> None:
        """Call the listener at every change of the link."""
        self._listeners.append(listener)

    async def connect(self) -> None:
        """Start connecting and keep at it with jittered backoff; CloudConfigError on bad files."""
        self._loop = asyncio.get_running_loop()
        self._link_lost = self._loop.create_future()
        hooks = ClientHooks(
            on_message=self._take_message,
            on_connected=lambda data: self._hand_over(
                self._came_up, bool(data.negotiated_settings.rejoined_session)
            ),
            on_failed=lambda data: self._hand_over(self._failed, describe(data.exception)),
            on_dropped=lambda data: self._hand_over(self._dropped, data),
            on_stopped=lambda _: self._hand_over(self._stopped.set),
        )
        self._client = await asyncio.to_thread(build_client, self._endpoint, hooks)
        self._client.start()

    async def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Disconnect, at most for `within_s`; the broker keeps the session until it expires."""
        self._closing = True
        if self._resubscribing is not None:
            self._resubscribing.cancel()
            await asyncio.gather(self._resubscribing, return_exceptions=True)
        if self._client is not None:
            self._client.stop()
            try:
                async with asyncio.timeout(within_s):
                    await self._stopped.wait()
            except TimeoutError:
                self._emit(Down(f"the client did not stop within {within_s:g} s"))
            self._client = None
            self._lost()

    async def publish(self, topic: str, payload: bytes, *, expiry_s: int | None = None) -> Receipt:
        """Publish at QoS 1 and wait for the broker's word, at most `deadline_s`."""
        check_topic(topic)
        check_payload(payload)
        if not self._connected:
            return NotSent("not connected")
        packet = mqtt5.PublishPacket(
            topic=self._to_wire(topic),
            payload=payload,
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            message_expiry_interval_sec=expiry_s,
        )
        answer = await self._ask(lambda: self._client.publish(packet))
        if isinstance(answer, NotSent):
            return answer
        return receipt_of(answer.puback.reason_code, answer.puback.reason_string or "")

    async def subscribe(
        self, filters: Sequence[str], handler: MessageHandler, *, manual_ack: bool = False
    ) -> Receipt:
        """Want these filters for good; NotSent means that the next connection brings them."""
        self._subscriptions.add(filters, handler, manual_ack=manual_ack)
        if not self._connected:
            return NotSent("not connected; subscribed as soon as the link is up")
        receipt = await self._subscribe_missing()
        codes = [
            self._subscriptions.refused[f] for f in filters if f in self._subscriptions.refused
        ]
        return Refused(codes[0], f"filter refused, {len(codes)} in all") if codes else receipt

    async def _subscribe_missing(self) -> Receipt:
        for portion in self._subscriptions.missing():
            packet = mqtt5.SubscribePacket(
                [mqtt5.Subscription(self._to_wire(f), mqtt5.QoS.AT_LEAST_ONCE) for f in portion]
            )
            answer = await self._ask(partial(self._client.subscribe, packet))
            if isinstance(answer, NotSent):
                return answer
            for topic_filter, code in zip(portion, answer.reason_codes, strict=True):
                receipt = receipt_of(code, "")
                granted = isinstance(receipt, Delivered)
                self._subscriptions.settle(topic_filter, receipt_code(receipt), granted=granted)
                if not granted:
                    self._emit(FilterRefused(topic_filter, receipt_code(receipt)))
        return Delivered()

    async def _ask(self, operation: Callable[[], Future[Any]]) -> Any | NotSent:  # noqa: ANN401 - the SDK ships no types
        """Wait for the SDK's answer, our own deadline, or the end of this connection.

        The SDK keeps what it has written beyond a disconnect, to repeat it in a rejoined session,
        and its time-outs start only when it has sent: neither may hold up whoever waits here.
        """
        link_lost = self._link_lost
        try:
            answer = asyncio.wrap_future(operation())
            answer.add_done_callback(swallow)
            await asyncio.wait(
                {answer, link_lost},
                timeout=self._endpoint.deadline_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if answer.done():
                return answer.result()
        except AwsCrtError as error:
            return NotSent(describe(error))
        if link_lost.done():
            return NotSent("the link broke before an answer came")
        return NotSent(f"no answer within {self._endpoint.deadline_s:.0f} s")

    def _came_up(self, rejoined: bool) -> None:  # noqa: FBT001 - the SDK's own word for it
        self._connected = True
        self._link_lost = asyncio.get_running_loop().create_future()
        if not rejoined:
            self._subscriptions.forget()
        if self._resubscribing is not None:
            self._resubscribing.cancel()
        self._resubscribing = asyncio.ensure_future(self._resubscribe(Up(rejoined)))

    async def _resubscribe(self, up: Up) -> None:
        while self._connected:
            if not isinstance(await self._subscribe_missing(), NotSent):
                self._emit(up)
                return
            await asyncio.sleep(RESUBSCRIBE_PAUSE_S)

    def _failed(self, reason: str) -> None:
        self._lost()
        self._emit(Down(reason))

    def _lost(self) -> None:
        self._connected = False
        if not self._link_lost.done():
            self._link_lost.set_result(None)

    def _dropped(self, data: Any) -> None:  # noqa: ANN401 - the SDK ships no types
        self._lost()
        self._emit(Down(describe(data.exception)))
        if self._closing or self._loop is None:
            return
        packet = data.disconnect_packet
        taken = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
        said_so = packet is not None and packet.reason_code == taken
        drops = self._takeovers.dropped(self._loop.time(), said_so=said_so)
        if drops:
            self._emit(TakenOver(drops))

    def _take_message(self, data: Any) -> None:  # noqa: ANN401 - the SDK ships no types
        """On the SDK's thread: keep the right to acknowledge, which exists only in here."""
        packet = data.publish_packet
        acquire = data.acquire_publish_acknowledgement_control
        acknowledge = keep_message if acquire is None else partial(self._acknowledge, acquire())
        topic = self._from_wire(packet.topic)
        self._hand_over(self._deliver, Message(topic, bytes(packet.payload or b""), acknowledge))

    def _deliver(self, message: Message) -> None:
        subscriptions = self._subscriptions.matching(message.topic)
        for subscription in subscriptions:
            subscription.handler(message)
        if not any(subscription.manual_ack for subscription in subscriptions):
            message.acknowledge()

    def _acknowledge(self, handle: Any) -> None:  # noqa: ANN401 - the SDK ships no types
        if self._client is None:
            return
        # When the link went away meanwhile, the broker brings the message again.
        with suppress(AwsCrtError):
            self._client.invoke_publish_acknowledgement(handle)

    def _emit(self, event: LinkEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def _hand_over(self, function: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _to_wire(self, topic: str) -> str:
        return swap_prefix(topic, RESERVED, self._endpoint.reserved)

    def _from_wire(self, topic: str) -> str:
        return swap_prefix(topic, self._endpoint.reserved, RESERVED)


def receipt_of(reason_code: int | None, reason: str) -> Receipt:
    """A broker's reason code as an outcome: a refusal is an answer like any other."""
    if reason_code is None:
        return Refused(UNKNOWN_CODE, reason or "a reason code that MQTT5 does not know")
    code = int(reason_code)
    return Delivered(code) if code < FIRST_FAILURE_CODE else Refused(code, reason)


def receipt_code(receipt: Receipt) -> int:
    """The reason code of an answer."""
    return UNKNOWN_CODE if isinstance(receipt, NotSent) else receipt.reason_code


def swap_prefix(topic: str, old: str, new: str) -> str:
    """The topic with its first level `old` spelt `new`."""
    return f"{new}{topic[len(old) :]}" if topic.startswith(f"{old}/") else topic


def describe(error: Exception) -> str:
    """One line about what the SDK met; it does not say which side of a handshake was wrong."""
    name = getattr(error, "name", type(error).__name__)
    hint = " (certificate, CA file, or this machine's clock)" if "_TLS_" in name else ""
    return f"{name}: {getattr(error, 'message', error)}{hint}"


def swallow(answer: asyncio.Future[Any]) -> None:
    """Mark a late failure as seen; whoever waited has had its own answer."""
    if not answer.cancelled():
        answer.exception()
