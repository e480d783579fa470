"""Carries decisions out as leases: journal, write, read back, refresh, release.

The journal is committed before a value leaves; a release needs no journal. One write at a time per device; a slow device delays
nobody else. A write that failed is tried again with growing pauses.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from drivers.types import Clock, Driver, Point, WriteOutcome, WriteRequest, WriteResult
from edge_agent.arbiter import Entry, Priority
from edge_agent.guard import Guarded
from edge_agent.lease import Step, lease_s, next_step
from edge_agent.site.schema import Control
from edge_agent.store.types import LeaseRow, LeaseState, StoreError

log = logging.getLogger(__name__)

RETRY_S = (5.0, 10.0, 20.0, 40.0, 60.0)
LOCAL_HOLD_S = 900.0
"""How long a point is left alone after somebody at the device was found to hold it."""


class Journal(Protocol):
    """What dispatch needs of the store; every call is committed when it returns."""

    async def lease_put(self, lease: LeaseRow) -> None:
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
class WriteCounts:
    """Since start."""

    verified: int = 0
    failed: int = 0
    released: int = 0


@dataclass(slots=True, kw_only=True)
class _Retry:
    attempts: int = 0
    not_before_s: float = 0.0


class Dispatch:
    """Holds the leases of this gateway."""

    def __init__(
        self,
        drivers: Mapping[str, Driver],
        points: Mapping[str, Point],
        journal: Journal,
        clock: Clock,
        control: Control,
    ) -> None:
        self._drivers = drivers
        self._points = points
        self._journal = journal
        self._clock = clock
        self._control = control
        self._leases: dict[str, LeaseRow] = {}
        self._retries: dict[str, _Retry] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._local: dict[str, Entry] = {}
        self._shadowed: dict[str, float | None] = {}
        self.counts = WriteCounts()
        self.outcomes: dict[str, WriteOutcome] = {}

    @property
    def leases(self) -> tuple[LeaseRow, ...]:
        """What is held now."""
        return tuple(self._leases.values())

    async def adopt(self) -> int:
        """Take over what a dead agent left: renewed by the next claim or released."""
        for lease in await self._journal.leases():
            key = f"{lease.device}.{lease.point}"
            if lease.device not in self._drivers:
                text = f"{key} = {lease.value:g} cannot be released: the site has no such device"
                await self._journal.audit("release", text, self._clock.now())
                continue
            self._leases[key] = replace(lease, state=LeaseState.LOST)
        return len(self._leases)

    def local_overrides(self) -> list[Entry]:
        """Claims of people at the devices, for the arbiter."""
        return list(self._local.values())

    async def tick(self, wishes: Sequence[Guarded]) -> None:
        """Start whatever turns the leases into the wishes; returns without waiting for devices."""
        now = self._clock.now()
        if self._control is not Control.ENABLED:
            await self._shadow(wishes, now)
            return
        wanted = {wish.point for wish in wishes}
        orphans = [key for key in self._leases if key not in wanted]
        work: dict[str, list[tuple[str, Step, Guarded | None]]] = {}
        for wish in wishes:
            step = self._step(wish.point, wish.value, now)
            if step is not Step.NOTHING:
                work.setdefault(self._points[wish.point].device, []).append(
                    (wish.point, step, wish)
                )
        for key in orphans:
            if self._may_try(key):
                device = self._leases[key].device
                work.setdefault(device, []).append((key, Step.RELEASE, None))
        for device, jobs in work.items():
            running = self._busy.get(device)
            if running is None or running.done():
                self._busy[device] = asyncio.create_task(self._carry_out(jobs))

    async def settle(self) -> None:
        """Wait until every write under way has ended."""
        await asyncio.gather(*self._busy.values())

    async def release_all(self, deadline_s: float) -> int:
        """Give every point back within so many wall seconds; returns how many are still held."""
        devices = {lease.device for lease in self._leases.values()} | set(self._busy)
        tasks = [asyncio.create_task(self._finish_then_empty(device)) for device in devices]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=deadline_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return len(self._leases)

    async def release(self, key: str) -> WriteOutcome | None:
        """Give one point back now; None when it is not held."""
        if key in self._points:
            await self._finish(self._points[key].device)
        if key not in self._leases:
            return None
        await self._release(key)
        return self.outcomes.get(key)

    async def _finish_then_empty(self, device: str) -> None:
        await self._finish(device)
        held = [key for key, lease in self._leases.items() if lease.device == device]
        await asyncio.gather(*(self._release(key) for key in held))

    async def _finish(self, device: str) -> None:
        """A write under way may take a lease yet: wait until it has ended."""
        running = self._busy.get(device)
        if running is not None:
            await asyncio.wait([running])

    def _step(self, key: str, value: float | None, now: datetime) -> Step:
        if not self._may_try(key):
            return Step.NOTHING
        return next_step(self._leases.get(key), value, self._points[key], now)

    def _may_try(self, key: str) -> bool:
        retry = self._retries.get(key)
        return retry is None or self._clock.monotonic_s() >= retry.not_before_s

    async def _carry_out(self, jobs: list[tuple[str, Step, Guarded | None]]) -> None:
        for key, step, wish in jobs:
            try:
                if step is Step.RELEASE or wish is None or wish.value is None:
                    await self._release(key)
                else:
                    await self._write(key, wish, wish.value, step)
            except StoreError as error:
                log.warning("%s: %s: %s", key, step, error)
                self._back_off(key)

    async def _write(self, key: str, wish: Guarded, value: float, step: Step) -> None:
        point = self._points[key]
        lease = self._intend(key, wish, value)
        if step is Step.WRITE:
            await self._journal.lease_put(lease)
            self._leases[key] = lease
        request = WriteRequest(
            point=point.name, value=value, lease_s=lease_s(point), command_id=lease.command_id
        )
        outcome = await self._drivers[point.device].write(request)
        await self._settle_write(key, lease, outcome, changed=step is Step.WRITE)

    def _intend(self, key: str, wish: Guarded, value: float) -> LeaseRow:
        point = self._points[key]
        now = self._clock.now()
        held = self._leases.get(key)
        winner = wish.decision.winner
        return LeaseRow(
            device=point.device,
            point=point.name,
            value=value,
            prior=None if held is None else held.value,
            owner="nobody" if winner is None else winner.owner,
            reason=wish.decision.reason,
            command_id=uuid.uuid4().hex,
            since=now,
            expires=now + timedelta(seconds=lease_s(point)),
            state=LeaseState.INTENDED,
        )

    async def _settle_write(
        self, key: str, lease: LeaseRow, outcome: WriteOutcome, *, changed: bool
    ) -> None:
        self.outcomes[key] = outcome
        now = self._clock.now()
        if outcome.result is WriteResult.OVERRIDDEN_LOCALLY:
            self._stand_back(key, outcome, now)
        if outcome.result.holds:
            self._retries.pop(key, None)
            self.counts.verified += outcome.result is WriteResult.VERIFIED
            self._leases[key] = replace(lease, state=LeaseState.ACTIVE)
        else:
            self.counts.failed += outcome.result is not WriteResult.OVERRIDDEN_LOCALLY
            self._back_off(key)
            self._leases[key] = replace(lease, state=LeaseState.LOST)
        await self._journal.lease_put(self._leases[key])
        if changed or not outcome.result.holds:
            text = f"{key} = {lease.value:g}: {outcome.result} {outcome.reason}".rstrip()
            await self._journal.audit("write", f"{text} [{lease.reason}]", now)

    async def _release(self, key: str) -> None:
        lease = self._leases[key]
        await _noted(self._journal.lease_put(replace(lease, state=LeaseState.RELEASING)))
        outcome = await self._drivers[lease.device].release(lease.point)
        self.outcomes[key] = outcome
        if outcome.result.holds:
            self._leases.pop(key, None)
            self._retries.pop(key, None)
            self.counts.released += 1
            await _noted(self._journal.lease_remove(lease.device, lease.point))
        else:
            self.counts.failed += 1
            self._back_off(key)
            self._leases[key] = replace(lease, state=LeaseState.LOST)
        text = f"{key} released: {outcome.result} {outcome.reason}".rstrip()
        await _noted(self._journal.audit("release", text, self._clock.now()))

    def _back_off(self, key: str) -> None:
        retry = self._retries.setdefault(key, _Retry())
        pause_s = RETRY_S[min(retry.attempts, len(RETRY_S) - 1)]
        retry.attempts += 1
        retry.not_before_s = self._clock.monotonic_s() + pause_s

    def _stand_back(self, key: str, outcome: WriteOutcome, now: datetime) -> None:
        """People at the device win: leave the point alone for a while."""
        self._local[key] = Entry(
            point=key,
            value=None,
            priority=Priority.LOCAL_OVERRIDE,
            owner="device",
            reason=outcome.reason or "held at the device",
            since=now,
            expires=now + timedelta(seconds=LOCAL_HOLD_S),
        )

    async def _shadow(self, wishes: Sequence[Guarded], now: datetime) -> None:
        """Record what would have been written; no frame leaves."""
        if self._control is not Control.SHADOW:
            return
        for wish in wishes:
            if self._shadowed.get(wish.point, None) == wish.value:
                continue
            self._shadowed[wish.point] = wish.value
            value = "release" if wish.value is None else f"{wish.value:g}"
            text = f"{wish.point} would be {value} [{wish.decision.reason}]"
            await self._journal.audit("shadow", text, now)


async def _noted(note: Awaitable[None]) -> None:
    """A release does not wait for the disk; a lease still in the journal is released once more."""
    try:
        await note
    except StoreError as error:
        log.warning("journal of a release: %s", error)
