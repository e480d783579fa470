"""Carries decisions out as leases: journal, write, read back, refresh, release.

The journal is committed before a value leaves; a release does not wait for the journal. One write
at a time per device; a slow device delays nobody else. A write that failed is tried again with
growing pauses.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from drivers.types import Clock, Driver, Point, WriteOutcome, WriteRequest, WriteResult
from edge_agent.arbiter import Entry
from edge_agent.doubts import Doubts
from edge_agent.guard import Guarded
from edge_agent.lease import Step, lease_s, next_step
from edge_agent.local_overrides import SECOND_MASTER, LocalOverrides
from edge_agent.retries import Retries
from edge_agent.site.schema import Control
from edge_agent.snapshot import Snapshot
from edge_agent.store.types import LeaseRow, LeaseState, StoreError
from edge_agent.write_log import WriteLog

log = logging.getLogger(__name__)

_BACK_INTO_THE_SITE = (
    "put its device and point back into the site file and start the gateway, which gives it back;"
    " then take them out again"
)
_BY_HAND = "Set it at the device by hand, then release the point here, which ends this alarm"


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

    async def state(self, key: str) -> str | None:
        """A small named value as JSON."""
        ...

    async def state_put(self, key: str, json_text: str) -> bool:
        """Keep it; whether the disk took it."""
        ...


@dataclass(slots=True, kw_only=True)
class WriteCounts:
    """Since start."""

    verified: int = 0
    failed: int = 0
    released: int = 0
    refused: int = 0
    """Out of the range the device takes now, or more than its memory stands: no frame left."""


def nothing_known(_key: str) -> float | None:
    """For a dispatch without a board."""
    return None


class Dispatch:
    """Holds the leases of this gateway; `present` is the last reading of a point, if fresh."""

    def __init__(
        self,
        drivers: Mapping[str, Driver],
        points: Mapping[str, Point],
        journal: Journal,
        clock: Clock,
        control: Control,
        present: Callable[[str], float | None] = nothing_known,
    ) -> None:
        self._drivers = drivers
        self._points = points
        self._journal = journal
        self._clock = clock
        self._control = control
        self._present = present
        self._leases: dict[str, LeaseRow] = {}
        self._wishes: dict[str, Guarded] = {}
        self._retries = Retries(clock)
        self._doubts = Doubts()
        self._written = WriteLog(journal, clock)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._one_at_a_time: dict[str, asyncio.Lock] = {}
        self._shadowed: dict[str, float | None] = {}
        self.counts = WriteCounts()
        self.outcomes: dict[str, WriteOutcome] = {}
        self.overrides = LocalOverrides(journal, clock)
        self.stuck: dict[str, str] = {}
        """Points that cannot be given back, with why and what a person can do about it."""

    @property
    def leases(self) -> tuple[LeaseRow, ...]:
        """What is held now."""
        return tuple(self._leases.values())

    async def adopt(self) -> int:
        """Take over what a dead agent left: renewed by the next claim or released.

        Who was found at a device, and what was written to points that wear out, is taken up too.
        """
        await self.overrides.load()
        await self._written.load()
        for lease in await self._journal.leases():
            key = f"{lease.device}.{lease.point}"
            if key in self._points:
                self._leases[key] = replace(lease, state=LeaseState.LOST)
                continue
            what = "point" if lease.device in self._drivers else "device"
            text = f"{key} = {lease.value:g} cannot be released: the site has no such {what}"
            await self._journal.audit("release", text, self._clock.now())
            self.stuck[key] = f"{lease.value:g} may still stand there: {_BACK_INTO_THE_SITE}"
        return len(self._leases)

    def local_overrides(self) -> list[Entry]:
        """Claims of people at the devices, for the arbiter."""
        return self.overrides.claims()

    async def tick(self, wishes: Sequence[Guarded], snapshot: Snapshot | None = None) -> None:
        """Start whatever turns the leases into the wishes; returns without waiting for devices.

        A reading of `snapshot` that speaks against a held value has the device looked at early.
        """
        now = self._clock.now()
        self._doubts.snapshot = snapshot
        if self._control is not Control.ENABLED:
            await self._shadow(wishes, now)
            return
        self._wishes = {wish.point: wish for wish in wishes}
        waiting = {key: self._next(key, now) for key in {*self._wishes, *self._leases}}
        devices = {self._device(key) for key, step in waiting.items() if step is not Step.NOTHING}
        for device in sorted(devices):
            running = self._busy.get(device)
            if running is None or running.done():
                self._busy[device] = asyncio.create_task(self._serve(device))
                self._busy[device].add_done_callback(_report)

    async def settle(self) -> None:
        """Wait until every write under way has ended."""
        await asyncio.gather(*self._busy.values())

    async def release_all(self, deadline_s: float) -> int:
        """Give every point back within so many wall seconds; returns how many are still held.

        Without control no frame leaves, not even that of a release.
        """
        if self._control is not Control.ENABLED:
            return len(self._leases)
        self._wishes = {}
        devices = {lease.device for lease in self._leases.values()} | set(self._busy)
        tasks = [asyncio.create_task(self._empty(device)) for device in devices]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=deadline_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return len(self._leases)

    async def release(self, key: str) -> WriteOutcome | None:
        """A person gives one point back now; None when it is not held, or there is no control.

        A local override of the point ends. What the device does not take back is given up.
        """
        if self._control is not Control.ENABLED or key not in self._points:
            return None
        self._wishes.pop(key, None)
        async with self._lock(self._points[key].device):
            await self.overrides.clear(key)
            if key not in self._leases:
                return None
            await self._release(key)
            if self.stuck.pop(key, None) is not None:
                lease = self._leases.pop(key)
                await _noted(self._journal.lease_remove(lease.device, lease.point))
        return self.outcomes.get(key)

    async def _empty(self, device: str) -> None:
        async with self._lock(device):
            held = [key for key, lease in self._leases.items() if lease.device == device]
            await asyncio.gather(*(self._release(key) for key in held))

    def _lock(self, device: str) -> asyncio.Lock:
        return self._one_at_a_time.setdefault(device, asyncio.Lock())

    def _device(self, key: str) -> str:
        return self._points[key].device

    def _next(self, key: str, now: datetime) -> Step:
        """What the newest wish asks for, unless the same has just failed."""
        wish = self._wishes.get(key)
        value = None if wish is None else wish.value
        step = next_step(self._leases.get(key), value, self._points[key], now)
        given_up = step is Step.RELEASE and key in self.stuck
        if given_up or self._retries.must_wait(key, step, value):
            return Step.NOTHING
        doubtful = step is Step.NOTHING and wish is not None and value is not None
        if doubtful and self._doubts.due(self._leases.get(key), self._points[key]):
            return Step.REFRESH
        return step

    async def _serve(self, device: str) -> None:
        """Every step of a device in turn, each from the newest wish."""
        keys = [key for key in {*self._wishes, *self._leases} if self._device(key) == device]
        for key in sorted(keys):
            async with self._lock(device):
                await self._take_step(key)

    async def _take_step(self, key: str) -> None:
        step = self._next(key, self._clock.now())
        wish = self._wishes.get(key)
        try:
            if step is Step.RELEASE:
                await self._release(key)
            elif step is not Step.NOTHING and wish is not None and wish.value is not None:
                await self._write(key, wish, wish.value, step)
        except StoreError as error:
            log.warning("%s: %s: %s", key, step, error)
            self._retries.failed(key, step, None if wish is None else wish.value)

    async def _write(self, key: str, wish: Guarded, value: float, step: Step) -> None:
        point = self._points[key]
        before = self._leases.get(key)
        value = self._written.reachable(point, value)
        lease = self._intend(key, wish, value)
        why = self._written.objection(point, value)
        if why:
            outcome = WriteOutcome(point=point.name, result=WriteResult.REJECTED, reason=why)
            await self._keep_as_before(key, before, lease, outcome)
            self._retries.failed(key, step, wish.value)
            return
        if step is Step.WRITE:
            await self._journal.lease_put(lease)
            self._leases[key] = lease
        elif before is not None:
            self._doubts.looked(before, point)
        await self._written.note(point, value)
        request = WriteRequest(
            point=point.name, value=value, lease_s=lease_s(point), command_id=lease.command_id
        )
        outcome = await self._drivers[point.device].write(request)
        if outcome.result is WriteResult.OUT_OF_RANGE:
            await self._keep_as_before(key, before, lease, outcome)
            self._retries.failed(key, step, wish.value)
            return
        await self._settle_write(key, lease, outcome, changed=step is Step.WRITE)
        if not outcome.result.holds:
            self._retries.failed(key, Step.WRITE, wish.value)

    async def _keep_as_before(
        self,
        key: str,
        before: LeaseRow | None,
        lease: LeaseRow,
        outcome: WriteOutcome,
    ) -> None:
        """No frame has left: what the device held before, it holds until its timer ends."""
        now = self._clock.now()
        known = self.outcomes.get(key)
        self.outcomes[key] = outcome
        self.counts.refused += 1
        reverted = self._points[key].reverts.by_itself and before and now >= before.expires
        if before is not None and reverted:
            before = replace(before, state=LeaseState.LOST)
        if before is None:
            self._leases.pop(key, None)
            await self._journal.lease_remove(lease.device, lease.point)
        else:
            self._leases[key] = before
            await self._journal.lease_put(before)
        if outcome != known:
            text = f"{key} = {lease.value:g}: {outcome.result} {outcome.reason} [{lease.reason}]"
            await self._journal.audit("write", text, now)

    def _intend(self, key: str, wish: Guarded, value: float) -> LeaseRow:
        point = self._points[key]
        now = self._clock.now()
        held = self._leases.get(key)
        winner = wish.decision.winner
        return LeaseRow(
            device=point.device,
            point=point.name,
            value=value,
            prior=self._present(key) if held is None else held.prior,
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
            await self._stand_back(key, outcome, now)
        if outcome.result.holds:
            self._retries.forget(key)
            self.stuck.pop(key, None)
            self.overrides.holding(key)
            self.counts.verified += outcome.result is WriteResult.VERIFIED
            self._leases[key] = replace(lease, state=LeaseState.ACTIVE)
        else:
            self.counts.failed += outcome.result is not WriteResult.OVERRIDDEN_LOCALLY
            self._leases[key] = replace(lease, state=LeaseState.LOST)
        await self._journal.lease_put(self._leases[key])
        if changed or not outcome.result.holds:
            text = f"{key} = {lease.value:g}: {outcome.result} {outcome.reason}".rstrip()
            await self._journal.audit("write", f"{text} [{lease.reason}]", now)

    async def _release(self, key: str) -> None:
        lease = self._leases[key]
        await _noted(self._journal.lease_put(replace(lease, state=LeaseState.RELEASING)))
        await self._written.note(self._points[key], None)
        outcome = await self._drivers[lease.device].release(lease.point)
        self.outcomes[key] = outcome
        if outcome.result.holds:
            self.overrides.let_go(key)
            self.stuck.pop(key, None)
            self._leases.pop(key, None)
            self._retries.forget(key)
            self.counts.released += 1
            await _noted(self._journal.lease_remove(lease.device, lease.point))
        else:
            self.counts.failed += 1
            self._retries.failed(key, Step.RELEASE, None)
            self._leases[key] = replace(lease, state=LeaseState.LOST)
            if outcome.result is WriteResult.NOT_WRITABLE:
                self.stuck[key] = f"{lease.value:g} stands: {outcome.reason}. {_BY_HAND}"
        text = f"{key} released: {outcome.result} {outcome.reason}".rstrip()
        await self._journal.audit("release", text, self._clock.now())

    async def _stand_back(self, key: str, outcome: WriteOutcome, now: datetime) -> None:
        """People at the device win: leave the point alone for a while."""
        override = await self.overrides.found(key, outcome.reason)
        if override.owner == SECOND_MASTER:
            text = f"{key}: somebody keeps rewriting it, left alone until {override.expires:%FT%RZ}"
            await self._journal.audit("write", text, now)

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


def _report(task: asyncio.Task[None]) -> None:
    """A device's task that broke off is seen in the log; the next tick starts another."""
    if not task.cancelled() and task.exception() is not None:
        log.error("dispatch broke off", exc_info=task.exception())
