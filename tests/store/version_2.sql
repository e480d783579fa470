CREATE TABLE five_min (
  key INTEGER PRIMARY KEY, last INTEGER, deviation INTEGER, low INTEGER, high INTEGER,
  last_s INTEGER NOT NULL, used INTEGER NOT NULL, uncertain INTEGER NOT NULL,
  unusable INTEGER NOT NULL, digits INTEGER NOT NULL, energy INTEGER) STRICT;
CREATE TABLE quarter (
  key INTEGER PRIMARY KEY, last INTEGER, deviation INTEGER, low INTEGER, high INTEGER,
  last_s INTEGER NOT NULL, used INTEGER NOT NULL, uncertain INTEGER NOT NULL,
  unusable INTEGER NOT NULL, digits INTEGER NOT NULL, energy INTEGER) STRICT;
CREATE TABLE hour (
  key INTEGER PRIMARY KEY, last INTEGER, deviation INTEGER, low INTEGER, high INTEGER,
  last_s INTEGER NOT NULL, used INTEGER NOT NULL, uncertain INTEGER NOT NULL,
  unusable INTEGER NOT NULL, digits INTEGER NOT NULL, energy INTEGER) STRICT;
CREATE TABLE decimal_digits (digits INTEGER PRIMARY KEY, factor REAL NOT NULL) STRICT;
INSERT INTO decimal_digits VALUES (0, 1e0), (1, 1e1), (2, 1e2), (3, 1e3), (4, 1e4),
  (5, 1e5), (6, 1e6), (7, 1e7), (8, 1e8), (9, 1e9), (10, 1e10), (11, 1e11), (12, 1e12);
CREATE TABLE counter (
  point INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, value REAL NOT NULL) STRICT;
CREATE TABLE tombstone (
  last INTEGER PRIMARY KEY, first INTEGER NOT NULL, readings INTEGER NOT NULL,
  kept INTEGER NOT NULL) STRICT;
CREATE TABLE command (
  id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, device TEXT NOT NULL, point TEXT NOT NULL,
  value REAL NOT NULL, prior REAL, owner TEXT NOT NULL, reason TEXT NOT NULL,
  command_id TEXT NOT NULL, expires_us INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
INSERT INTO watermark SELECT 'rolled_five_min', coalesce((SELECT min(seq) - 1 FROM commit_block), (SELECT seq FROM watermark WHERE lane = 'used'));
INSERT INTO watermark SELECT 'rolled_quarter', coalesce((SELECT min(seq) - 1 FROM commit_block), (SELECT seq FROM watermark WHERE lane = 'used'));
INSERT INTO watermark SELECT 'rolled', coalesce((SELECT min(seq) - 1 FROM commit_block), (SELECT seq FROM watermark WHERE lane = 'used'));
INSERT INTO watermark VALUES ('evidence', 0);
CREATE VIEW rollup_5min AS SELECT
  p.device AS device, p.name AS point, p.unit AS unit,
  strftime('%Y-%m-%dT%H:%M:%SZ', (r.key >> 16) * 300, 'unixepoch') AS start,
  (r.last + r.deviation * 1.0 / r.used) / d.factor AS mean,
  (r.last - r.low) / d.factor AS min, (r.last + r.high) / d.factor AS max,
  r.last / d.factor AS last, r.used + r.unusable AS count,
  (r.used - r.uncertain) * 1.0 / (r.used + r.unusable) AS share_good,
  r.energy / d.factor AS energy_kwh
  FROM five_min AS r JOIN point AS p ON p.id = r.key & 65535
  JOIN decimal_digits AS d ON d.digits = r.digits;
CREATE VIEW rollup_15min AS SELECT
  p.device AS device, p.name AS point, p.unit AS unit,
  strftime('%Y-%m-%dT%H:%M:%SZ', (r.key >> 16) * 900, 'unixepoch') AS start,
  (r.last + r.deviation * 1.0 / r.used) / d.factor AS mean,
  (r.last - r.low) / d.factor AS min, (r.last + r.high) / d.factor AS max,
  r.last / d.factor AS last, r.used + r.unusable AS count,
  (r.used - r.uncertain) * 1.0 / (r.used + r.unusable) AS share_good,
  r.energy / d.factor AS energy_kwh
  FROM quarter AS r JOIN point AS p ON p.id = r.key & 65535
  JOIN decimal_digits AS d ON d.digits = r.digits;
CREATE VIEW rollup_hour AS SELECT
  p.device AS device, p.name AS point, p.unit AS unit,
  strftime('%Y-%m-%dT%H:%M:%SZ', (r.key >> 16) * 3600, 'unixepoch') AS start,
  (r.last + r.deviation * 1.0 / r.used) / d.factor AS mean,
  (r.last - r.low) / d.factor AS min, (r.last + r.high) / d.factor AS max,
  r.last / d.factor AS last, r.used + r.unusable AS count,
  (r.used - r.uncertain) * 1.0 / (r.used + r.unusable) AS share_good,
  r.energy / d.factor AS energy_kwh
  FROM hour AS r JOIN point AS p ON p.id = r.key & 65535
  JOIN decimal_digits AS d ON d.digits = r.digits;
CREATE VIEW events AS SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', at_us / 1000000.0, 'unixepoch') AS at, kind, text, detail_json FROM audit;
CREATE VIEW commands AS SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', at_us / 1000000.0, 'unixepoch') AS at, device, point, value, prior, owner,
  reason, command_id, strftime('%Y-%m-%dT%H:%M:%fZ', expires_us / 1000000.0, 'unixepoch') AS expires, state FROM command;
CREATE VIEW plans AS SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', made_us / 1000000.0, 'unixepoch') AS made, source, degraded, json_text FROM plan;
CREATE VIEW leases AS SELECT device, point, value, prior, owner, reason, command_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', since_us / 1000000.0, 'unixepoch') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', expires_us / 1000000.0, 'unixepoch') AS expires, state FROM lease;
PRAGMA user_version=2;
