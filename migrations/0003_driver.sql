-- The drivers as lists show them: each driver's object writes its own row.
CREATE TABLE driver (
  driver_id TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  on_duty INTEGER NOT NULL,
  online INTEGER NOT NULL,
  reason TEXT,
  last_seen INTEGER,
  lat REAL,
  lng REAL,
  location_at INTEGER,
  battery INTEGER,
  deliveries INTEGER NOT NULL
) WITHOUT ROWID;

-- Calls for help, kept for the record. `stores` is a JSON object: the tracking ids of
-- each store.
CREATE TABLE emergency (
  id TEXT PRIMARY KEY,
  driver_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  stores TEXT NOT NULL,
  acknowledged_at INTEGER,
  body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX emergency_open ON emergency (acknowledged_at, at);
