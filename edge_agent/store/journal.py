"""What must survive a crash at once: leases, overrides, audit, plans, peaks, small values."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from drivers.types import Clock
from edge_agent.store.schema import WriteHook, writing
from edge_agent.store.stamps import from_us, to_us
from edge_agent.store.types import AuditRow, LeaseRow, LeaseState, OverrideRow

AUDIT_TAIL = "SELECT id, at_us, kind, text, detail_json FROM audit ORDER BY id DESC LIMIT ?"
PUT_LEASE = "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
REMOVE_LEASE = "DELETE FROM lease WHERE device = ? AND point = ?"
LEASE_IN_SHORT = "SELECT value, owner, command_id, state FROM lease WHERE device = ? AND point = ?"
_COMMAND = (
    "INSERT INTO command (at_us, device, point, value, prior, owner, reason, command_id,"
    " expires_us, state) SELECT ?, device, point, value, prior, owner, reason, command_id,"
    " expires_us, {state} FROM lease WHERE device = ? AND point = ?"
)
NOTE_COMMAND = _COMMAND.format(state="state")
NOTE_RELEASE = _COMMAND.format(state="'released'")
PLAN_LATEST = "SELECT json_text FROM plan ORDER BY id DESC LIMIT 1"
PLAN_COUNTS = "SELECT source, count(*) FROM plan WHERE made_us >= ? GROUP BY source ORDER BY source"
PEAK_PUT = (
    "INSERT INTO peak VALUES (?, ?, ?) ON CONFLICT (charge_id, period_start_us)"
    " DO UPDATE SET peak_kw = max(peak_kw, excluded.peak_kw)"
)
PEAK = "SELECT peak_kw FROM peak WHERE charge_id = ? AND period_start_us = ?"
STATE = "SELECT json_text FROM state WHERE key = ?"


class Journal:
    """The control journal on the storage thread: each write is its own synced transaction."""

    def __init__(self, db: sqlite3.Connection, clock: Clock, hook: WriteHook) -> None:
        self._db = db
        self._clock = clock
        self._hook = hook

    def lease_put(self, row: LeaseRow) -> None:
        """Journal a lease, one per device and point; the trail of commands notes a change."""
        values = (
            row.device,
            row.point,
            row.value,
            row.prior,
            row.owner,
            row.reason,
            row.command_id,
            to_us(row.since),
            to_us(row.expires),
            str(row.state),
        )
        with writing(self._db, self._hook):
            key = (row.device, row.point)
            held = self._db.execute(LEASE_IN_SHORT, key).fetchone()
            self._db.execute(PUT_LEASE, values)
            if held != (row.value, row.owner, row.command_id, str(row.state)):
                self._db.execute(NOTE_COMMAND, (self._now_us(), *key))

    def leases(self) -> list[LeaseRow]:
        """All leases by device and point."""
        rows = self._db.execute("SELECT * FROM lease ORDER BY device, point").fetchall()
        return [
            LeaseRow(
                device=device,
                point=point,
                value=value,
                prior=prior,
                owner=owner,
                reason=reason,
                command_id=command_id,
                since=from_us(since_us),
                expires=from_us(expires_us),
                state=LeaseState(state),
            )
            for (
                device,
                point,
                value,
                prior,
                owner,
                reason,
                command_id,
                since_us,
                expires_us,
                state,
            ) in rows
        ]

    def lease_remove(self, device: str, point: str) -> None:
        """Forget a lease; one that is not there is no error."""
        with writing(self._db, self._hook):
            self._db.execute(NOTE_RELEASE, (self._now_us(), device, point))
            self._db.execute(REMOVE_LEASE, (device, point))

    def override_put(self, row: OverrideRow) -> None:
        """Keep a person's wish; one per point."""
        self._write(
            "INSERT OR REPLACE INTO override VALUES (?, ?, ?, ?, ?, ?)",
            row.point,
            row.value,
            row.owner,
            row.reason,
            to_us(row.since),
            to_us(row.expires),
        )

    def overrides(self) -> list[OverrideRow]:
        """All overrides by point, expired ones included."""
        rows = self._db.execute("SELECT * FROM override ORDER BY point").fetchall()
        return [
            OverrideRow(
                point=point,
                value=value,
                owner=owner,
                reason=reason,
                since=from_us(since_us),
                expires=from_us(expires_us),
            )
            for point, value, owner, reason, since_us, expires_us in rows
        ]

    def override_remove(self, point: str) -> None:
        """Forget an override; one that is not there is no error."""
        self._write("DELETE FROM override WHERE point = ?", point)

    def audit(self, kind: str, text: str, at: datetime, detail_json: str) -> None:
        """Append a line to the audit trail."""
        self._write(
            "INSERT INTO audit (at_us, kind, text, detail_json) VALUES (?, ?, ?, ?)",
            to_us(at),
            kind,
            text,
            detail_json,
        )

    def audit_tail(self, count: int) -> list[AuditRow]:
        """The newest lines, oldest of them first."""
        rows = self._db.execute(AUDIT_TAIL, (count,)).fetchall()
        return [
            AuditRow(id=number, at=from_us(at_us), kind=kind, text=text, detail_json=detail_json)
            for number, at_us, kind, text, detail_json in reversed(rows)
        ]

    def plan_put(self, made_at: datetime, source: str, json_text: str, *, degraded: bool) -> None:
        """Keep a plan as it was made."""
        self._write(
            "INSERT INTO plan (made_us, source, degraded, json_text) VALUES (?, ?, ?, ?)",
            to_us(made_at),
            source,
            int(degraded),
            json_text,
        )

    def plan_latest(self) -> str | None:
        """The plan put last."""
        return self._text(PLAN_LATEST)

    def plan_counts(self, since: datetime) -> tuple[tuple[str, int], ...]:
        """How many plans of each source were made at or after `since`, by source."""
        return tuple(self._db.execute(PLAN_COUNTS, (to_us(since),)).fetchall())

    def peak_put(self, charge_id: str, period_start: datetime, peak_kw: float) -> None:
        """Keep the billed peak of a demand charge in a period, kW; it never falls."""
        self._write(PEAK_PUT, charge_id, to_us(period_start), peak_kw)

    def peak(self, charge_id: str, period_start: datetime) -> float | None:
        """The billed peak so far, kW; None when none is known."""
        row = self._db.execute(PEAK, (charge_id, to_us(period_start))).fetchone()
        return None if row is None else float(row[0])

    def state_put(self, key: str, json_text: str) -> None:
        """Keep a small named value; names starting with `store.` are the store's own."""
        self._write("INSERT OR REPLACE INTO state VALUES (?, ?)", key, json_text)

    def state_get(self, key: str) -> str | None:
        """A small named value, None when it was never put."""
        return self._text(STATE, key)

    def _now_us(self) -> int:
        return to_us(self._clock.now())

    def _write(self, statement: str, *values: object) -> None:
        with writing(self._db, self._hook):
            self._db.execute(statement, values)

    def _text(self, query: str, *values: object) -> str | None:
        row = self._db.execute(query, values).fetchone()
        return None if row is None else str(row[0])
