-- What outlives a delivery's object. Times are Unix milliseconds on the delivery's clock. A row is only ever
-- replaced by one of a later revision, so that it does not matter in which order two attempts arrive.

CREATE TABLE delivery (
    tracking_id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    driver_id TEXT,
    customer_id TEXT,
    store_id TEXT,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    visibility TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    window_from INTEGER,
    window_to INTEGER,
    timeline TEXT NOT NULL, -- JSON: [{"status", "at", "note", "reason"}]
    etas TEXT NOT NULL,     -- JSON: [[at, eta, low, high]], as they were published, in seconds
    rest TEXT NOT NULL      -- JSON: {"epoch", "pickup", "dropoff", "clock"}
) STRICT, WITHOUT ROWID;

-- Neither changes after the start: the second write of a row touches no index.
CREATE INDEX delivery_by_start ON delivery (started);
CREATE INDEX delivery_by_customer ON delivery (customer_id, started) WHERE customer_id IS NOT NULL;

-- The track, in the codec of `onway-core`, `track`.
CREATE TABLE chunk (
    tracking_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    fixes BLOB NOT NULL,
    PRIMARY KEY (tracking_id, n)
) STRICT, WITHOUT ROWID;
