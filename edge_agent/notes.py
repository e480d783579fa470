"""The store as control sees it: a journal that must hold, and notes that must never stop control.

A lease is on the disk before its frame leaves, or the frame does not leave: those calls raise. An
audit line, a plan or a peak that the disk refuses is counted, and control goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from datetime import datetime

from edge_agent.store.store import Store
from edge_agent.store.types import LeaseRow, StoreError

log = logging.getLogger(__name__)


class Notebook:
    """Journal and notes over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refused = 0
        """Notes the disk did not take since the start."""

    async def lease_put(self, row: LeaseRow) -> None:
        """Journal a lease; raises StoreError."""
        await self._store.lease_put(row)

    async def leases(self) -> list[LeaseRow]:
        """All leases of the journal; raises StoreError."""
        return await self._store.leases()

    async def lease_remove(self, device: str, point: str) -> None:
        """Forget a lease; raises StoreError."""
        await self._store.lease_remove(device, point)

    async def audit(self, kind: str, text: str, at: datetime) -> None:
        """One line for the operator, if the disk takes it."""
        await self._note(self._store.audit(kind, text, at))

    async def plan_put(
        self, made_at: datetime, source: str, json_text: str, *, degraded: bool
    ) -> None:
        """Keep a plan, if the disk takes it."""
        await self._note(self._store.plan_put(made_at, source, json_text, degraded=degraded))

    async def peak(self, charge_id: str, period_start: datetime) -> float | None:
        """Billed peak of a period so far; None also when the store cannot say."""
        try:
            return await self._store.peak(charge_id, period_start)
        except StoreError as error:
            log.warning("the peak cannot be read: %s", error)
            return None

    async def peak_put(self, charge_id: str, period_start: datetime, peak_kw: float) -> bool:
        """Keep a billed peak; whether the disk took it."""
        return await self._note(self._store.peak_put(charge_id, period_start, peak_kw))

    async def state(self, key: str) -> str | None:
        """A small named value as JSON."""
        return await self._store.state_get(key)

    async def state_put(self, key: str, json_text: str) -> bool:
        """Keep a small named value; whether the disk took it."""
        return await self._note(self._store.state_put(key, json_text))

    async def _note(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except StoreError as error:
            self.refused += 1
            log.warning("note refused: %s", error)
            return False
        return True
