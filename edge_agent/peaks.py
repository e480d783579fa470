"""Keeps the billed peaks: feeds meter readings into billing blocks and persists what counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from drivers.types import Reading
from edge_agent.billing import MAX_HOLD_S, OpenBlock, metered, open_block
from edge_agent.billing_month import billing_month
from edge_agent.site.tariff_schema import Tariff
from edge_agent.tariff.calendar import holidays_in
from edge_agent.tariff.demand import billing_period, measured, ratchet_kw
from edge_agent.tariff.ratchet import earlier_months, held_from_kw

BLOCK = TypeAdapter(OpenBlock)
SAVE_EVERY_S = 60.0
"""An open block is saved after so much more measured time: a restart loses no more of it."""


class PeakStore(Protocol):
    """What is kept across restarts; a put says whether the disk took it."""

    async def peak(self, charge_id: str, period_start: datetime) -> float | None:
        """Highest block average of that billing period so far."""
        ...

    async def peak_put(self, charge_id: str, period_start: datetime, peak_kw: float) -> bool:
        """Keep a new highest block average."""
        ...

    async def state(self, key: str) -> str | None:
        """A small named value."""
        ...

    async def state_put(self, key: str, json_text: str) -> bool:
        """Keep a small named value."""
        ...


class PeakBook:
    """The open billing block and the period's peak so far of every demand charge.

    `max_hold_s` is how long a meter reading stands for the time before it: a few polls.
    """

    def __init__(
        self, tariff: Tariff, zone: ZoneInfo, store: PeakStore, *, max_hold_s: float = MAX_HOLD_S
    ) -> None:
        self._charges = {charge.id: charge for charge in tariff.demand_charges}
        self._is_holiday = holidays_in(tariff)
        self._block_s = {c.id: c.interval_min * 60 for c in tariff.demand_charges}
        self._zone = zone
        self._store = store
        self._max_hold_s = max_hold_s
        self._periods: dict[str, datetime] = {}
        self._highest: dict[str, float] = {}
        self._ratchets: dict[str, float] = {}
        self._unread: set[str] = set()
        self._unsaved: dict[tuple[str, datetime], float] = {}
        self._saved_blocks: dict[str, OpenBlock] = {}
        self.blocks: dict[str, OpenBlock] = {}
        self.held_from_kw: dict[str, tuple[float, ...]] = {}
        """By charge the peaks from which on this month is billed in later ones, one for each."""
        self.assumed: dict[str, str] = {}
        """Charges whose peak before our time is not known, and what is done about it."""
        self.unmeasured_blocks = 0
        self.unmeasured_in_a_row = 0

    @property
    def peaks(self) -> dict[str, float]:
        """What is billed already by charge: the peak so far, at least what the ratchet holds."""
        return {name: max(kw, self._ratchets[name]) for name, kw in self._highest.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """All charges, in the order of the tariff."""
        return tuple(self._charges)

    def counting(self, now: datetime) -> dict[str, OpenBlock]:
        """The open blocks of the charges whose block at `now` is billed."""
        return {
            name: self.blocks[name]
            for name, charge in self._charges.items()
            if measured(charge, self._block_start(name, now), self._zone, self._is_holiday)
        }

    async def start(self, now: datetime) -> None:
        """Take up the peaks of the periods in progress, and the open blocks."""
        for charge_id, block_s in self._block_s.items():
            self.blocks[charge_id] = await self._kept_block(charge_id, now, block_s)
            begin, _ = billing_period(self._charges[charge_id], now, self._zone)
            self._periods[charge_id] = begin
            known_kw = await self._store.peak(charge_id, begin)
            self._highest[charge_id] = known_kw or 0.0
            self._look_back(charge_id, now, await self._earlier_kw(charge_id, now))
            if known_kw is None and now - begin > timedelta(seconds=block_s):
                since = now.isoformat(timespec="minutes")
                self.assumed[charge_id] = (
                    f"demand charge {charge_id}: what was drawn before {since} "
                    "is not known: it counts from then on"
                )

    def post(self, reading: Reading) -> None:
        """Take one meter reading; an unusable one leaves a hole in the block."""
        if reading.value is None or not reading.quality.usable:
            return
        for charge_id in self._block_s:
            block, closed = metered(
                self.blocks[charge_id], reading.at, reading.value, self._max_hold_s
            )
            self.blocks[charge_id] = block
            if closed is not None:
                self._close(charge_id, closed)
            self._enter_period(charge_id, reading.at)

    async def persist(self, *, at_once: bool = False) -> None:
        """Save the peaks that have risen and the open blocks; what the disk refuses waits."""
        await self._read_peaks()
        for (charge_id, begin), peak_kw in list(self._unsaved.items()):
            saved = await self._store.peak_put(charge_id, begin, peak_kw)
            if saved and self._unsaved[charge_id, begin] == peak_kw:
                del self._unsaved[charge_id, begin]
        for charge_id, block in self.blocks.items():
            if not at_once and _just_saved(block, self._saved_blocks.get(charge_id)):
                continue
            if await self._store.state_put(f"open_block:{charge_id}", _json(block)):
                self._saved_blocks[charge_id] = block

    async def _read_peaks(self) -> None:
        """Take up what the store knows of a period that was entered since, and of those before."""
        for charge_id in sorted(self._unread):
            begin = self._periods[charge_id]
            known_kw = await self._store.peak(charge_id, begin)
            earlier_kw = await self._earlier_kw(charge_id, begin)
            if self._periods[charge_id] == begin:
                self._highest[charge_id] = max(self._highest[charge_id], known_kw or 0.0)
                self._look_back(charge_id, begin, earlier_kw)
                self._unread.discard(charge_id)

    async def _earlier_kw(self, charge_id: str, moment: datetime) -> dict[date, float]:
        """Peaks of the months before that of `moment` by their first day, as far as known."""
        peaks: dict[date, float] = {}
        begin, _ = billing_month(moment, self._zone)
        for _ in earlier_months(self._charges[charge_id]):
            begin, _ = billing_month(begin - timedelta(seconds=1), self._zone)
            known_kw = await self._store.peak(charge_id, begin)
            found = [kw for kw in (known_kw, self._unsaved.get((charge_id, begin))) if kw]
            if found:
                peaks[begin.astimezone(self._zone).date()] = max(found)
        return peaks

    def _look_back(self, charge_id: str, moment: datetime, earlier_kw: dict[date, float]) -> None:
        """What earlier months hold of this one, and this one of later ones."""
        charge = self._charges[charge_id]
        self._ratchets[charge_id] = ratchet_kw(charge, moment, earlier_kw, self._zone)
        self.held_from_kw[charge_id] = held_from_kw(charge, moment, earlier_kw, self._zone)

    async def _kept_block(self, charge_id: str, now: datetime, block_s: int) -> OpenBlock:
        """The open block as saved, if it is still the open one."""
        fresh = open_block(now, block_s)
        text = await self._store.state(f"open_block:{charge_id}")
        if text is None:
            return fresh
        try:
            kept = BLOCK.validate_json(text)
        except ValidationError:
            return fresh
        return kept if (kept.start, kept.block_s) == (fresh.start, block_s) else fresh

    def _block_start(self, charge_id: str, moment: datetime) -> datetime:
        return open_block(moment, self._block_s[charge_id]).start

    def _close(self, charge_id: str, block: OpenBlock) -> None:
        self._enter_period(charge_id, block.start)
        charge = self._charges[charge_id]
        if not measured(charge, block.start, self._zone, self._is_holiday):
            return
        average_kw = block.average_kw
        if average_kw is None:
            self.unmeasured_blocks += 1
            self.unmeasured_in_a_row += 1
            return
        self.unmeasured_in_a_row = 0
        if average_kw > self._highest[charge_id]:
            self._highest[charge_id] = average_kw
            self._unsaved[charge_id, self._periods[charge_id]] = average_kw

    def _enter_period(self, charge_id: str, moment: datetime) -> None:
        begin, _ = billing_period(self._charges[charge_id], moment, self._zone)
        if begin != self._periods[charge_id]:
            self._unread.add(charge_id)
            self._periods[charge_id] = begin
            self._highest[charge_id] = 0.0
            self.assumed.pop(charge_id, None)


def _just_saved(block: OpenBlock, before: OpenBlock | None) -> bool:
    """Whether the same block was saved with hardly less measured."""
    if before is None or before.start != block.start:
        return False
    return 0 <= block.measured_s - before.measured_s < SAVE_EVERY_S


def _json(block: OpenBlock) -> str:
    return BLOCK.dump_json(block).decode()
