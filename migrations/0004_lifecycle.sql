-- When the object of a delivery was emptied, in Unix milliseconds of the wall clock: retention counts from then.
ALTER TABLE delivery ADD COLUMN closed INTEGER;

-- 0: with its positions; 1: retention has removed them.
ALTER TABLE delivery ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;

-- What the sweep and retention look for: those that are not closed, and those that have been for long.
CREATE INDEX delivery_by_closing ON delivery (stage, closed);

-- What stays of a delivery whose summary has gone: figures that lead to nobody.
CREATE TABLE figure (
    id INTEGER PRIMARY KEY,
    store_id TEXT,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    day INTEGER NOT NULL,   -- of the start, in days since 1970
    duration_s INTEGER,     -- from the start to the end
    distance_m INTEGER,     -- from the pickup to the destination, north or south and east or west, in steps of 100 m, about
    eta_error_s INTEGER     -- mean of how far the published ETAs were from the end
) STRICT;

-- That a delivery was erased. `owner` is a keyed alias of the customer's: who asks again hears that it is done.
CREATE TABLE erasure (
    tracking_id TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    owner TEXT
) STRICT, WITHOUT ROWID;

-- What customers want of their data.
CREATE TABLE privacy (
    customer_id TEXT NOT NULL PRIMARY KEY,
    opted_out INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
