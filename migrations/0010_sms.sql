-- Text messages. Numbers are keyed hashes: none of them can be read from here. Times are Unix milliseconds.

-- That a message was attempted, written before it is: there is no second attempt.
CREATE TABLE sms (
    id TEXT NOT NULL PRIMARY KEY, -- the event's
    nonce TEXT NOT NULL,          -- whose attempt it is
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sms_by_time ON sms (at);

-- How many were sent on a day, to a number, for a store, and in all.
CREATE TABLE sms_count (
    day INTEGER NOT NULL, -- of UTC, since 1970
    who TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (day, who)
) STRICT, WITHOUT ROWID;

-- Who wants no more.
CREATE TABLE sms_stop (
    number TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
