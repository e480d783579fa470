"""What a BACnet device tells by itself (change of value), kept so that reading costs no request.

A kept value is served while its subscription was acknowledged for the moment in question and the
value was heard or asked for less than `safety_s` ago: whatever becomes of a subscription, nothing
is older than that, and a device that lost it is noticed by the next poll.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bacpypes3.basetypes import ErrorCode
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet_app import Notification
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_read import Answer, Wanted
from drivers.bacnet_values import Plain, ServiceUnknownError
from drivers.types import DeviceRefusedError, DriverError, Health, RetryableError, SetupError

_NEVER = {
    int(ErrorCode.covSubscriptionFailed),
    int(ErrorCode.notCovProperty),
    int(ErrorCode.optionalFunctionalityNotSupported),
    int(ErrorCode.unknownObject),
    int(ErrorCode.noSpaceToAddListElement),
    int(ErrorCode.serviceRequestDenied),
}
_REFUSALS = 8
"""So many in a row, for whatever reason, mean never."""
_SHORTEST_LIFETIME_S, _LONGEST_LIFETIME_S = 60, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class CovTiming:
    """`lifetime_s` and retries are wall seconds (the device counts them), `safety_s` plant ones."""

    lifetime_s: int = 180
    renewal_s: float = 60.0
    """Well before the lifetime ends: a renewal that fails leaves time for others."""
    safety_s: float = 180.0
    first_retry_s: float = 1.0
    longest_retry_s: float = 60.0

    def __post_init__(self) -> None:
        """SetupError unless the lifetime is 60..300 s: never for ever, never a storm."""
        if not _SHORTEST_LIFETIME_S <= self.lifetime_s <= _LONGEST_LIFETIME_S:
            msg = f"COV lifetime_s must be 60..300: {self.lifetime_s}"
            raise SetupError(msg)

    def retry_s(self, failures: int) -> float:
        """Pause after so many failures in a row."""
        return min(self.longest_retry_s, math.ldexp(self.first_retry_s, min(failures - 1, 16)))


@dataclass(frozen=True, slots=True)
class Kept:
    """What an object said and when (UTC)."""

    answer: Answer
    at: datetime


@dataclass(slots=True)
class _Subscription:
    """One object; times are the event loop's."""

    target: ObjectIdentifier
    process_id: int
    due_s: float
    until_s: float = float("-inf")
    refusals: int = 0
    given_up: bool = False
    said: dict[str, Plain] = field(default_factory=dict)
    at: datetime | None = None
    heard_s: float = float("-inf")

    def drop(self) -> None:
        """Believe nothing that was said."""
        self.said, self.at, self.heard_s = {}, None, float("-inf")


class CovCache:
    """The subscriptions of one device: each has its process id, all are renewed by one task."""

    def __init__(
        self,
        link: BacnetLink,
        address: Address,
        targets: Sequence[ObjectIdentifier],
        timing: CovTiming,
        health: Health,
    ) -> None:
        self._link = link
        self._address = address
        self._targets = targets
        self._timing = timing
        self._health = health
        self._subscriptions: dict[str, _Subscription] = {}
        self._failures = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def live(self) -> int:
        """Subscriptions that stand now."""
        return sum(one.until_s > _loop_s() for one in self._subscriptions.values())

    def start(self) -> None:
        """Subscribe to every object, from a task of our own."""
        for target in self._targets:
            process_id = self._link.expect(self._heard)
            self._subscriptions[str(target)] = _Subscription(target, process_id, _loop_s())
        self._task = asyncio.create_task(self._renew())

    async def stop(self) -> None:
        """End the subscriptions; a device that does not answer ends them by itself."""
        if self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        live = [one for one in self._subscriptions.values() if one.until_s > _loop_s()]
        for one in self._subscriptions.values():
            self._link.forget(one.process_id)
        self._subscriptions = {}
        with contextlib.suppress(DriverError, TimeoutError):
            async with asyncio.timeout(self._link.timeout_s):
                for one in live:
                    await self._link.subscribe_cov(
                        self._address, one.target, one.process_id, lifetime_s=None
                    )

    def kept(self, wanted: Sequence[Wanted]) -> dict[str, Kept]:
        """What need not be asked for: all that was wanted of an object, said recently enough."""
        found = {}
        for target, props in wanted:
            one = self._subscriptions.get(str(target))
            if one is not None and one.at is not None and self._serves(one, props):
                found[str(target)] = Kept(one.said, one.at)
        return found

    def polled(self, answers: Mapping[str, Answer]) -> None:
        """Take what was asked for; a difference casts doubt on the subscription."""
        for name, answer in answers.items():
            one = self._subscriptions.get(name)
            if one is None or one.given_up:
                continue
            if isinstance(answer, DriverError):
                self._doubt(one)
                continue
            if one.said and any(answer.get(prop) != said for prop, said in one.said.items()):
                self._doubt(one)
            self._keep(one, {**one.said, **answer})

    def drop(self, target: ObjectIdentifier) -> None:
        """Forget what the object said: it is asked at the next read."""
        one = self._subscriptions.get(str(target))
        if one is not None:
            one.drop()

    def _serves(self, one: _Subscription, props: tuple[str, ...]) -> bool:
        young = self._link.clock.monotonic_s() - one.heard_s < self._timing.safety_s
        return one.until_s > _loop_s() and young and all(prop in one.said for prop in props)

    def _keep(self, one: _Subscription, said: dict[str, Plain]) -> None:
        one.said = said
        one.at = self._link.clock.now()
        one.heard_s = self._link.clock.monotonic_s()

    def _doubt(self, one: _Subscription) -> None:
        """Renew at once (or when the back-off ends); until then every read asks."""
        one.until_s = float("-inf")
        one.drop()
        if not self._failures:
            one.due_s = _loop_s()
            self._changed.set()

    def _heard(self, notification: Notification) -> bool:
        one = self._subscriptions.get(str(notification.target))
        if one is None or one.process_id != notification.process_id or one.given_up:
            return False
        if notification.source != self._address:
            return False
        self._keep(one, {**one.said, **notification.said})
        return True

    async def _renew(self) -> None:
        """Subscribe whatever is due, for ever."""
        while True:
            self._changed.clear()
            try:
                for one in self._waiting():
                    if one.due_s <= _loop_s():
                        await self._subscribe(one)
            except RetryableError:
                self._put_off()
            pause_s = min((one.due_s - _loop_s() for one in self._waiting()), default=None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if pause_s is None else max(0.0, pause_s)):
                    await self._changed.wait()

    def _waiting(self) -> list[_Subscription]:
        return [one for one in self._subscriptions.values() if not one.given_up]

    async def _subscribe(self, one: _Subscription) -> None:
        """Subscribe or renew; RetryableError when the device does not answer."""
        asked_s = _loop_s()
        try:
            await self._link.subscribe_cov(
                self._address, one.target, one.process_id, self._timing.lifetime_s
            )
        except DeviceRefusedError as error:
            self._refused(one, error)
            return
        self._failures = one.refusals = 0
        one.until_s = asked_s + self._timing.lifetime_s
        one.due_s = asked_s + min(self._timing.renewal_s, self._timing.lifetime_s / 2)

    def _refused(self, one: _Subscription, error: DeviceRefusedError) -> None:
        """Give up what the device will never do; what it does not do now is tried again."""
        one.refusals += 1
        one.until_s = float("-inf")
        one.due_s = _loop_s() + self._timing.longest_retry_s
        never = isinstance(error, ServiceUnknownError) or error.code in _NEVER
        if never or one.refusals >= _REFUSALS:
            one.given_up = True
            self._note(f"{one.target}: cov given up, {error}")

    def _put_off(self) -> None:
        """One silence speaks for all that is due; the longer it lasts the rarer we ask."""
        self._failures += 1
        retry_s = _loop_s() + self._timing.retry_s(self._failures)
        for one in self._waiting():
            if one.due_s <= _loop_s():
                one.until_s, one.due_s = float("-inf"), retry_s
                one.drop()

    def _note(self, note: str) -> None:
        if note not in self._health.notes:
            self._health.notes.append(note)


def _loop_s() -> float:
    return asyncio.get_running_loop().time()
