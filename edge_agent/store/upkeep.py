"""Housekeeping in slices: roll up, make room, delete what is old.

What is deleted leaves empty pages that the next rows fill, so the file stays within its budget.
Giving them back to the file system would cost another page at each commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from drivers.types import Clock
from edge_agent.store.points import PointNumbers
from edge_agent.store.pressure import ALARM_SHARE, CLEAR_SHARE, Pressure, room
from edge_agent.store.pruning import DAY_MS, Pruned, Pruner
from edge_agent.store.redaction import Redactor
from edge_agent.store.retention import Freed, Retention, Upkeep
from edge_agent.store.rollup import Rollup
from edge_agent.store.schema import WriteHook
from edge_agent.store.stamps import to_ms
from edge_agent.store.telemetry import Telemetry
from edge_agent.store.trusting import Waiting

PRUNE_EVERY_S = 600.0
STEP_S = 3600.0
"""A clock that moves so far against the monotonic one was set, here or before: ages are doubted."""
DOUBT_S = 86_400.0
"""So long nothing is deleted for its age after such a step."""


class File(NamedTuple):
    """The file, the names in it and the seam of its writes."""

    db: sqlite3.Connection
    points: PointNumbers
    hook: WriteHook
    waiting: Waiting


class Keeper:
    """One slice of housekeeping at a time, on the storage thread."""

    def __init__(
        self,
        file: File,
        telemetry: Telemetry,
        retention: Retention,
        clock: Clock,
        left_out: Collection[str],
    ) -> None:
        db, points, hook, waiting = file
        self._db = db
        self._telemetry = telemetry
        self._clock = clock
        self._budget = retention.budget_bytes
        self._new_rollup = partial(Rollup, db, points, hook, waiting, left_out)
        self.rollup = self._new_rollup()
        self._pruner = Pruner(db, retention, hook)
        self._pressure = Pressure(db, points, retention, self._pruner, hook)
        self._redactor = Redactor(db, points, hook, left_out)
        self._raw_ms = int(retention.raw_days * DAY_MS)
        self._prune_at_s = clock.monotonic_s()
        self._offset_s = self._clock_offset_s()

    def start_again(self) -> None:
        """Forget what is summed up and not written; the roll-ups go on from their cursors."""
        self.rollup = self._new_rollup()

    def slice(self, *, clock_trusted: bool) -> Upkeep:
        """Do some tens of milliseconds of what is most urgent; a disk that refuses is no error."""
        try:
            done = self._slice(clock_trusted=clock_trusted)
        except sqlite3.Error as error:
            done = Upkeep(error=str(error))
        self._note()
        return done

    def _slice(self, *, clock_trusted: bool) -> Upkeep:
        rolled = self.rollup.advance()
        done = Upkeep(rolled_blocks=rolled.blocks, rolled_rows=rolled.rows, more=rolled.more)
        if rolled.more:
            # First of all: what is not rolled up can neither be deleted nor thinned.
            return done
        freed, rows = self._pressure.relieve()
        if freed is not Freed.NOTHING:
            self._telemetry.count_rows()
            return replace(done, freed=freed, freed_rows=rows, more=True)
        pruned = self._prune(clock_trusted=clock_trusted)
        return replace(done, pruned=pruned.rows, more=pruned.more)

    def _prune(self, *, clock_trusted: bool) -> Pruned:
        now_s = self._clock.monotonic_s()
        offset_s = self._clock_offset_s()
        if abs(offset_s - self._offset_s) > STEP_S:
            self._offset_s = offset_s
            self._prune_at_s = now_s + DOUBT_S
        if now_s < self._prune_at_s or not clock_trusted:
            return Pruned()
        now_ms = to_ms(self._clock.now())
        redacted, more = self._redactor.redact(now_ms - self._raw_ms, now_ms)
        if more:
            return Pruned((("redacted", redacted),), more=True)
        pruned = self._pruner.prune(now_ms)
        if not pruned.more:
            self._prune_at_s = now_s + PRUNE_EVERY_S
        if pruned.rows:
            self._telemetry.count_rows()
        return pruned

    def _note(self) -> None:
        used = room(self._db).used
        share = used / self._budget if self._budget else 1.0
        self._telemetry.health = replace(
            self._telemetry.health,
            bytes_used=used,
            budget_bytes=self._budget,
            space_low=share >= (CLEAR_SHARE if self._telemetry.health.space_low else ALARM_SHARE),
            rolled_seq=self.rollup.cursor,
        )

    def _clock_offset_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic_s()
