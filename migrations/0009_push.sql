-- Browsers that are told by push messages: of one delivery, or a driver of its own.
CREATE TABLE push (
    id TEXT NOT NULL PRIMARY KEY, -- of what it is about and the endpoint: who subscribes again changes the row
    tracking_id TEXT,
    driver_id TEXT,
    party TEXT NOT NULL,     -- customer, link, public, store or operator; driver
    link TEXT,               -- the hash of the share link that let it in
    endpoint TEXT NOT NULL,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    kinds TEXT NOT NULL,     -- JSON: the names of events
    language TEXT NOT NULL,
    created INTEGER NOT NULL -- or subscribed again, in Unix milliseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX push_by_delivery ON push (tracking_id) WHERE tracking_id IS NOT NULL;
CREATE INDEX push_by_driver ON push (driver_id) WHERE driver_id IS NOT NULL;
CREATE INDEX push_by_endpoint ON push (endpoint);
