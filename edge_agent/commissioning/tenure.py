"""Values held at devices by a person at the command line: journal, write, refresh, give back.

The journal is committed before a value leaves; whatever ends the work, everything is given back
and checked. What cannot be given back stays in the journal, for the gateway's next start.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self

from drivers.types import Clock, Driver, Point, WriteOutcome, WriteRequest, WriteResult
from edge_agent.lease import lease_s
from edge_agent.store.types import LeaseRow, LeaseState, StoreError

RELEASE_TRIES = 3
RELEASE_PAUSE_S = 1.0
TEND_EVERY_S = 0.5


class Journal(Protocol):
    """What is needed of the store; every call is committed when it returns."""

    async def lease_put(self, row: LeaseRow) -> None:
        """Keep the lease as it stands now."""
        ...

    async def leases(self) -> list[LeaseRow]:
        """All leases of the journal."""
        ...

    async def lease_remove(self, device: str, point: str) -> None:
        """The device has the point back."""
        ...

    async def audit(self, kind: str, text: str, at: datetime) -> None:
        """One line for the operator."""
        ...


@dataclass(slots=True, kw_only=True)
class _Held:
    """One lease and when (plant seconds) it was written last."""

    lease: LeaseRow
    written_s: float


class Tenure:
    """Holds points; `async with` refreshes them while it lasts and gives all of them back."""

    def __init__(
        self, drivers: Mapping[str, Driver], journal: Journal, clock: Clock, owner: str
    ) -> None:
        self._drivers = drivers
        self._journal = journal
        self._clock = clock
        self._owner = owner
        self._held: dict[str, _Held] = {}
        self._one_at_a_time = asyncio.Lock()
        self._tending: asyncio.Task[None] | None = None
        self._over = False
        self.outcomes: dict[str, WriteOutcome] = {}
        """What the last write or release of each point came to."""
        self.kept: dict[str, WriteOutcome] = {}
        """Points that could not be given back, and why."""

    async def __aenter__(self) -> Self:
        self._tending = asyncio.create_task(self._tend())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over = True
        await _to_the_end(self._finish())

    async def _finish(self) -> None:
        """Refresh no more and give everything back; what ended the refreshing is raised then."""
        tending = () if self._tending is None else (self._tending,)
        for task in tending:
            task.cancel()
        ended = await asyncio.gather(*tending, return_exceptions=True)
        await self.release_all()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    @property
    def held(self) -> tuple[str, ...]:
        """Points held now, `device.point`."""
        return tuple(self._held)

    def overridden(self, key: str) -> bool:
        """Whether somebody at the device was found to hold the point: it is left alone then."""
        outcome = self.outcomes.get(key)
        return outcome is not None and outcome.result is WriteResult.OVERRIDDEN_LOCALLY

    async def clear_left_over(self) -> dict[str, WriteOutcome]:
        """Give back what the journal says an earlier run left at our devices."""
        done: dict[str, WriteOutcome] = {}
        for lease in await self._journal.leases():
            if lease.device in self._drivers:
                key = f"{lease.device}.{lease.point}"
                self._held[key] = _Held(lease=lease, written_s=self._clock.monotonic_s())
                done[key] = await self.release(key)
        return done

    async def hold(self, point: Point, value: float, reason: str) -> WriteOutcome:
        """Journal and write; the value is refreshed until it is released. StoreError: no frame."""
        async with self._one_at_a_time:
            now = self._clock.now()
            before = self._held.get(point.key)
            lease = LeaseRow(
                device=point.device,
                point=point.name,
                value=value,
                prior=None if before is None else before.lease.prior,
                owner=self._owner,
                reason=reason,
                command_id=uuid.uuid4().hex,
                since=now,
                expires=now + timedelta(seconds=lease_s(point)),
                state=LeaseState.INTENDED,
            )
            # The journal takes the row even when we are cancelled meanwhile: it is given back then.
            self._held[point.key] = _Held(lease=lease, written_s=self._clock.monotonic_s())
            try:
                await self._journal.lease_put(lease)
            except StoreError:
                del self._held[point.key]
                if before is not None:
                    self._held[point.key] = before
                raise
            outcome = await self._write(point, lease)
            text = f"{point.key} = {value:g}: {outcome.result} {outcome.reason}".rstrip()
            await self._journal.audit("write", f"{text} [{reason}]", now)
            return outcome

    async def refresh(self, point: Point) -> WriteOutcome:
        """Write the held value once more, now; KeyError when it is not held."""
        async with self._one_at_a_time:
            held = self._held[point.key]
            held.written_s = self._clock.monotonic_s()
            return await self._write(point, held.lease)

    async def _write(self, point: Point, lease: LeaseRow) -> WriteOutcome:
        request = WriteRequest(
            point=point.name,
            value=lease.value,
            lease_s=lease_s(point),
            command_id=lease.command_id,
        )
        outcome = await self._drivers[point.device].write(request)
        self.outcomes[point.key] = outcome
        state = LeaseState.ACTIVE if outcome.result.holds else LeaseState.LOST
        held = self._held[point.key]
        held.lease = replace(held.lease, state=state)
        return outcome

    async def release(self, key: str) -> WriteOutcome:
        """Give one point back and check it, trying again when the device does not answer."""
        async with self._one_at_a_time:
            return await self._release(key)

    async def _release(self, key: str) -> WriteOutcome:
        lease = self._held[key].lease
        await _noted(self._journal.lease_put(replace(lease, state=LeaseState.RELEASING)))
        outcome = await self._drivers[lease.device].release(lease.point)
        for _ in range(RELEASE_TRIES - 1):
            if outcome.result.holds:
                break
            await self._clock.sleep(RELEASE_PAUSE_S)
            outcome = await self._drivers[lease.device].release(lease.point)
        self.outcomes[key] = outcome
        del self._held[key]
        if outcome.result.holds:
            self.kept.pop(key, None)
            await _noted(self._journal.lease_remove(lease.device, lease.point))
        else:
            self.kept[key] = outcome
            await _noted(self._journal.lease_put(replace(lease, state=LeaseState.LOST)))
        text = f"{key} released: {outcome.result} {outcome.reason}".rstrip()
        await _noted(self._journal.audit("release", text, self._clock.now()))
        return outcome

    async def release_all(self) -> None:
        """Give everything back, each device for itself."""
        async with self._one_at_a_time:
            done = await asyncio.gather(
                *(self._release(key) for key in self.held), return_exceptions=True
            )
        for result in done:
            if isinstance(result, BaseException):
                raise result

    async def _tend(self) -> None:
        """Refresh at half of each lease, for as long as the work goes on."""
        while not self._over:
            await self._clock.sleep(TEND_EVERY_S)
            for held in tuple(self._held.values()):
                lease = held.lease
                half_s = (lease.expires - lease.since).total_seconds() / 2
                key = f"{lease.device}.{lease.point}"
                young = self._clock.monotonic_s() - held.written_s < half_s
                if young or self.overridden(key):
                    continue
                points = {p.name: p for p in self._drivers[lease.device].points}
                with suppress(KeyError):
                    await self.refresh(points[lease.point])


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` even when we are cancelled meanwhile; the cancellation is raised after it."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


async def _noted(note: Awaitable[None]) -> None:
    """A release does not wait for the disk; a lease still in the journal is released once more."""
    with suppress(StoreError):
        await note
