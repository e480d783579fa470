"""Keeps the billed peaks: feeds meter readings into billing blocks and persists what counts."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from drivers.types import Reading
from edge_agent.billing import OpenBlock, metered, open_block
from edge_agent.site.schema import Tariff
from edge_agent.site.tariff import billing_month


class PeakStore(Protocol):
    """What is kept across restarts."""

    async def peak(self, charge_id: str, period_start: datetime) -> float | None:
        """Highest block average of that billing period so far."""
        ...

    async def peak_put(self, charge_id: str, period_start: datetime, peak_kw: float) -> None:
        """A new highest block average."""
        ...


class PeakBook:
    """The open billing block and the month's peak so far of every demand charge."""

    def __init__(self, tariff: Tariff, zone: ZoneInfo, store: PeakStore) -> None:
        self._block_s = {c.id: c.interval_min * 60 for c in tariff.demand_charges}
        self._zone = zone
        self._store = store
        self._months: dict[str, datetime] = {}
        self._unsaved: dict[tuple[str, datetime], float] = {}
        self.blocks: dict[str, OpenBlock] = {}
        self.peaks: dict[str, float] = {}
        self.unmeasured_blocks = 0

    async def start(self, now: datetime) -> None:
        """Take up the peaks of the month in progress."""
        month, _ = billing_month(now, self._zone)
        for charge_id, block_s in self._block_s.items():
            self.blocks[charge_id] = open_block(now, block_s)
            self._months[charge_id] = month
            self.peaks[charge_id] = await self._store.peak(charge_id, month) or 0.0

    def post(self, reading: Reading) -> None:
        """Take one meter reading; an unusable one leaves a hole in the block."""
        if reading.value is None or not reading.quality.usable:
            return
        for charge_id in self._block_s:
            block, closed = metered(self.blocks[charge_id], reading.at, reading.value)
            self.blocks[charge_id] = block
            if closed is not None:
                self._close(charge_id, closed)
                self._enter(charge_id, block)

    async def persist(self) -> None:
        """Save the peaks that have risen."""
        for (charge_id, month), peak_kw in list(self._unsaved.items()):
            await self._store.peak_put(charge_id, month, peak_kw)
            if self._unsaved[charge_id, month] == peak_kw:
                del self._unsaved[charge_id, month]

    def _close(self, charge_id: str, block: OpenBlock) -> None:
        average_kw = block.average_kw
        if average_kw is None:
            self.unmeasured_blocks += 1
        elif average_kw > self.peaks[charge_id]:
            self.peaks[charge_id] = average_kw
            self._unsaved[charge_id, self._months[charge_id]] = average_kw

    def _enter(self, charge_id: str, block: OpenBlock) -> None:
        """A new month's first block begins without a peak."""
        month, _ = billing_month(block.start, self._zone)
        if month > self._months[charge_id]:
            self._months[charge_id] = month
            self.peaks[charge_id] = 0.0
