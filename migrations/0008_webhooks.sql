-- Who is told of deliveries by webhook. Times are Unix milliseconds of the wall clock.
CREATE TABLE endpoint (
    id TEXT PRIMARY KEY,
    store_id TEXT, -- whose deliveries it hears of, as that store sees them; null: of all, as staff does
    url TEXT NOT NULL,
    kinds TEXT, -- JSON: names of what it hears of; null: everything
    secret TEXT NOT NULL,
    former TEXT, -- the secret before a rotation
    former_until INTEGER,
    enabled INTEGER NOT NULL,
    description TEXT,
    created INTEGER NOT NULL,
    failing_since INTEGER, -- nothing but failures since
    disabled_reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoint_of_store ON endpoint (store_id);

-- What an endpoint was told, to be told again. `done`: it took it.
CREATE TABLE told (
    endpoint TEXT NOT NULL,
    event TEXT NOT NULL,
    kind TEXT NOT NULL,
    tracking_id TEXT NOT NULL, -- empty for a test
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    done INTEGER NOT NULL,
    PRIMARY KEY (endpoint, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_of_delivery ON told (tracking_id);
CREATE INDEX told_by_time ON told (at);

-- Each attempt to tell it. Without `told` it leads to no delivery.
CREATE TABLE attempt (
    endpoint TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    n INTEGER NOT NULL,
    status INTEGER, -- null: there was no answer
    ms INTEGER NOT NULL,
    error TEXT,
    PRIMARY KEY (endpoint, at, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_by_time ON attempt (at);
