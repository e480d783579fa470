"""The tables and views by version: what stands here for an old version never changes.

A new file is laid out by all of it in order; an old one by what it lacks. Times end in `_ms`, `_us`
or `_s`: UTC since 1970. A roll-up row is found by `key`, the number of its span since 1970 times
65536 plus the number of the point; its values are whole numbers of 10**-digits, with low, high and
deviation counted from the last value, so that a row takes few bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LANES = ("used", "sent", "acked")
"""Watermarks of version 1. Version 2 adds three up to which blocks are in the roll-ups, and
`evidence`, the audit line up to which the trail has been delivered."""

FIRST = (
    """CREATE TABLE point (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,
  UNIQUE (device, name, unit)) STRICT""",
    """CREATE TABLE commit_block (
  seq INTEGER PRIMARY KEY, start_ms INTEGER NOT NULL, n INTEGER NOT NULL,
  boot INTEGER NOT NULL, mono_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT""",
    "CREATE INDEX commit_block_start ON commit_block (start_ms)",
    """CREATE TABLE watermark (
  lane TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE lease (
  device TEXT NOT NULL, point TEXT NOT NULL, value REAL NOT NULL, prior REAL,
  owner TEXT NOT NULL, reason TEXT NOT NULL, command_id TEXT NOT NULL,
  since_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (device, point)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE override (
  point TEXT PRIMARY KEY, value REAL NOT NULL, owner TEXT NOT NULL, reason TEXT NOT NULL,
  since_us INTEGER NOT NULL, expires_us INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
  detail_json TEXT NOT NULL) STRICT""",
    """CREATE TABLE plan (
  id INTEGER PRIMARY KEY, made_us INTEGER NOT NULL, source TEXT NOT NULL,
  degraded INTEGER NOT NULL, json_text TEXT NOT NULL) STRICT""",
    "CREATE INDEX plan_made ON plan (made_us, source)",
    """CREATE TABLE peak (
  charge_id TEXT NOT NULL, period_start_us INTEGER NOT NULL, peak_kw REAL NOT NULL,
  PRIMARY KEY (charge_id, period_start_us)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE state (key TEXT PRIMARY KEY, json_text TEXT NOT NULL) STRICT, WITHOUT ROWID",
)

_SPANS = {"five_min": 300, "quarter": 900, "hour": 3600}
_ROLLUP = """CREATE TABLE {table} (
  key INTEGER PRIMARY KEY, last INTEGER, deviation INTEGER, low INTEGER, high INTEGER,
  last_s INTEGER NOT NULL, used INTEGER NOT NULL, uncertain INTEGER NOT NULL,
  unusable INTEGER NOT NULL, digits INTEGER NOT NULL, energy INTEGER) STRICT"""
_ROLLUP_VIEW = """CREATE VIEW {view} AS SELECT
  p.device AS device, p.name AS point, p.unit AS unit,
  strftime('%Y-%m-%dT%H:%M:%SZ', (r.key >> 16) * {span_s}, 'unixepoch') AS start,
  (r.last + r.deviation * 1.0 / r.used) / d.factor AS mean,
  (r.last - r.low) / d.factor AS min, (r.last + r.high) / d.factor AS max,
  r.last / d.factor AS last, r.used + r.unusable AS count,
  (r.used - r.uncertain) * 1.0 / (r.used + r.unusable) AS share_good,
  r.energy / d.factor AS energy_kwh
  FROM {table} AS r JOIN point AS p ON p.id = r.key & 65535
  JOIN decimal_digits AS d ON d.digits = r.digits"""
_ROLLED = (
    "INSERT INTO watermark SELECT '{lane}', coalesce((SELECT min(seq) - 1 FROM commit_block),"
    " (SELECT seq FROM watermark WHERE lane = 'used'))"
)
_VIEWS = (
    "CREATE VIEW events AS SELECT id, {at_us} AS at, kind, text, detail_json FROM audit",
    """CREATE VIEW commands AS SELECT id, {at_us} AS at, device, point, value, prior, owner,
  reason, command_id, {expires_us} AS expires, state FROM command""",
    "CREATE VIEW plans AS SELECT id, {made_us} AS made, source, degraded, json_text FROM plan",
    """CREATE VIEW leases AS SELECT device, point, value, prior, owner, reason, command_id,
  {since_us} AS since, {expires_us} AS expires, state FROM lease""",
)
_ISO = {
    column: f"strftime('%Y-%m-%dT%H:%M:%fZ', {column} / 1000000.0, 'unixepoch')"
    for column in ("at_us", "expires_us", "made_us", "since_us")
}

SECOND = (
    *(_ROLLUP.format(table=table) for table in _SPANS),
    "CREATE TABLE decimal_digits (digits INTEGER PRIMARY KEY, factor REAL NOT NULL) STRICT",
    """INSERT INTO decimal_digits VALUES (0, 1e0), (1, 1e1), (2, 1e2), (3, 1e3), (4, 1e4),
  (5, 1e5), (6, 1e6), (7, 1e7), (8, 1e8), (9, 1e9), (10, 1e10), (11, 1e11), (12, 1e12)""",
    """CREATE TABLE counter (
  point INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, value REAL NOT NULL) STRICT""",
    """CREATE TABLE tombstone (
  last INTEGER PRIMARY KEY, first INTEGER NOT NULL, readings INTEGER NOT NULL,
  kept INTEGER NOT NULL) STRICT""",
    """CREATE TABLE command (
  id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, device TEXT NOT NULL, point TEXT NOT NULL,
  value REAL NOT NULL, prior REAL, owner TEXT NOT NULL, reason TEXT NOT NULL,
  command_id TEXT NOT NULL, expires_us INTEGER NOT NULL, state TEXT NOT NULL) STRICT""",
    *(_ROLLED.format(lane=lane) for lane in ("rolled_five_min", "rolled_quarter", "rolled")),
    "INSERT INTO watermark VALUES ('evidence', 0)",
    _ROLLUP_VIEW.format(view="rollup_5min", table="five_min", span_s=300),
    _ROLLUP_VIEW.format(view="rollup_15min", table="quarter", span_s=900),
    _ROLLUP_VIEW.format(view="rollup_hour", table="hour", span_s=3600),
    *(view.format(**_ISO) for view in _VIEWS),
)

THIRD = (
    "ALTER TABLE commit_block ADD COLUMN wall_ms INTEGER",
    "ALTER TABLE commit_block ADD COLUMN trust INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE commit_block ADD COLUMN shift_ms INTEGER NOT NULL DEFAULT 0",
    """CREATE INDEX commit_block_untrusted ON commit_block (boot)
  WHERE trust > 0 AND wall_ms IS NOT NULL""",
    "CREATE TABLE boot (boot INTEGER PRIMARY KEY, machine TEXT NOT NULL) STRICT",
    "INSERT INTO watermark VALUES ('restamps', 0), ('redacted', 0)",
)
"""`wall_ms` and `mono_ms` were read together; NULL where an older program did not say. `trust`: 0
synchronised, 1 estimated, 2 unknown. `start_ms` is right, `shift_ms` is to be added to the times in
`body`. `boot.machine` names the start of the machine that openings share. The watermark `restamps`
counts how often times were put right, `redacted` is how far old personal readings are gone."""

STEPS: Mapping[int, Sequence[str]] = {1: FIRST, 2: SECOND, 3: THIRD}
"""Statements that lead to each version from the one before."""
VERSION = max(STEPS)
