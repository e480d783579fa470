CREATE TABLE point (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,
  UNIQUE (device, name, unit)) STRICT;
CREATE TABLE commit_block (
  seq INTEGER PRIMARY KEY, start_ms INTEGER NOT NULL, n INTEGER NOT NULL,
  boot INTEGER NOT NULL, mono_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX commit_block_start ON commit_block (start_ms);
CREATE TABLE watermark (lane TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lease (
  device TEXT NOT NULL, point TEXT NOT NULL, value REAL NOT NULL, prior REAL,
  owner TEXT NOT NULL, reason TEXT NOT NULL, command_id TEXT NOT NULL,
  since_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (device, point)) STRICT, WITHOUT ROWID;
CREATE TABLE override (
  point TEXT PRIMARY KEY, value REAL NOT NULL, owner TEXT NOT NULL, reason TEXT NOT NULL,
  since_us INTEGER NOT NULL, expires_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
  detail_json TEXT NOT NULL) STRICT;
CREATE TABLE plan (
  id INTEGER PRIMARY KEY, made_us INTEGER NOT NULL, source TEXT NOT NULL,
  degraded INTEGER NOT NULL, json_text TEXT NOT NULL) STRICT;
CREATE INDEX plan_made ON plan (made_us, source);
CREATE TABLE peak (
  charge_id TEXT NOT NULL, period_start_us INTEGER NOT NULL, peak_kw REAL NOT NULL,
  PRIMARY KEY (charge_id, period_start_us)) STRICT, WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, json_text TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO watermark VALUES ('used', 1768478399), ('sent', 1768478401), ('acked', 1768478400);
INSERT INTO lease VALUES ('battery', 'power_setpoint', 5.0, 0.0, 'plan', '', 'c-1',
  1768478400000000, 1768478700000000, 'active');
INSERT INTO audit VALUES (1, 1768478400000000, 'start', 'agent started', '');
INSERT INTO plan VALUES (1, 1768478400000000, 'solver', 0, '{}');
INSERT INTO peak VALUES ('demand', 1767225600000000, 321.0);
INSERT INTO state VALUES ('store.boot', '4');
PRAGMA user_version=1;
