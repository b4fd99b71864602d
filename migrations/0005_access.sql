-- Who looked at a delivery: a row for each time that its object sent what it had noted. Times are Unix
-- milliseconds of the wall clock; `first` and the id name a row, so that an attempt that is repeated changes nothing.
CREATE TABLE access (
    tracking_id TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    entries TEXT NOT NULL, -- JSON: [{"party", "subject", "link", "look", "first", "last", "count"}]
    PRIMARY KEY (tracking_id, first)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_by_time ON access (first, tracking_id);
