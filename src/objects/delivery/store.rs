//! A delivery's rows.
//!
//! | table | row | written |
//! |---|---|---|
//! | `delivery` | what was said at the start, and who drives | once, and with another driver |
//! | `live` | status, window, open chunk, trail, outbox | once a frame, once an attempt to archive |
//! | `event` | an event for those who were away | once an event |
//! | `guidance` | what the ETA rests on beside the trip | at the start and with a new route |
//! | `chunk` | up to 180 fixes of history | once it is full |
//! | `link` | a share link, hashed | when it is made or changed, and once an hour of use |
//! | `access` | who looked, until the archive has it | when somebody new looks, and once in five minutes of others |

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use onway_core::access::AccessLog;
use onway_core::archive::NumberedChunk;
use onway_core::clock::Millis;
use onway_core::delivery::{Delivery, Facts, Guidance, KeptEvent, Outcome, StoredLive};
use onway_core::fix::{Fix, FixId};
use onway_core::link::ShareLink;
use onway_core::recent::Archive;
use onway_core::track::{self, Recorded};
use onway_core::visibility::MISSED_MAX;
use worker::{Error, Result, SqlStorage, SqlStorageValue as Value};

use crate::erasure::forget_declined;
use crate::objects::rows::{bytes, integer, json, parsed, unexpected};

macro_rules! guidance_table {
    () => {
        "CREATE TABLE IF NOT EXISTS guidance (id INTEGER PRIMARY KEY CHECK (id = 0), body TEXT NOT NULL);"
    };
}

macro_rules! link_table {
    () => {
        "CREATE TABLE IF NOT EXISTS link (id TEXT PRIMARY KEY, created INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;"
    };
}

macro_rules! access_table {
    () => {
        "CREATE TABLE IF NOT EXISTS access (id INTEGER PRIMARY KEY CHECK (id = 0), body TEXT NOT NULL);"
    };
}

/// The layout below. It only ever grows: see [`MIGRATIONS`].
const VERSION: i64 = 4;

/// What makes each layout of the one before, by its version. A delivery of an earlier layout is read as it
/// is, and migrated by the first command that writes.
const MIGRATIONS: [(i64, &str); 3] = [
    // `live.state` counts the closed chunks: the code writes it. The row of the version is all there is.
    (2, "UPDATE delivery SET version = 2"),
    (3, concat!(guidance_table!(), "UPDATE delivery SET version = 3")),
    (4, concat!(link_table!(), access_table!(), "UPDATE delivery SET version = 4")),
];

const SCHEMA: &str = concat!(
    "
    CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL, facts TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS live (id INTEGER PRIMARY KEY CHECK (id = 0), state TEXT NOT NULL,
        window BLOB NOT NULL, open BLOB NOT NULL, trail BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS chunk (n INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, fixes BLOB NOT NULL);
",
    guidance_table!(),
    link_table!(),
    access_table!()
);

/// A fix sent again may have another time by so much, where `sent_at` corrected it, in ms.
const SKEW_MAX: i64 = 60_000;
/// Most events read for somebody who was away: one more than are told, to see that there are too many.
const EVENTS_READ: i64 = MISSED_MAX as i64 + 1;

const UPDATE_LIVE: &str = "UPDATE live SET state = ?, window = ?, open = ?, trail = ? WHERE id = 0";

pub struct Store {
    sql: SqlStorage,
    /// Whether the tables are there, once it is known.
    exists: Cell<bool>,
    /// The layout that the rows have, as last read or written.
    version: Cell<i64>,
    /// Identities in closed chunks, by their numbers, while a report is taken.
    decoded: RefCell<HashMap<i64, HashSet<FixId>>>,
    /// Rows written since this object woke, as the platform counts and bills them.
    rows_written: Cell<usize>,
}

impl Store {
    pub fn new(sql: SqlStorage) -> Self {
        Self {
            sql,
            exists: Cell::new(false),
            version: Cell::new(VERSION),
            decoded: RefCell::default(),
            rows_written: Cell::new(0),
        }
    }

    pub const fn rows_written(&self) -> usize {
        self.rows_written.get()
    }

    /// Makes the tables and writes a new delivery.
    pub fn create(&self, delivery: &Delivery, outcome: &Outcome) -> Result<()> {
        self.execute(SCHEMA, Vec::new())?;
        self.exists.set(true);
        self.version.set(VERSION);
        self.execute(
            "INSERT INTO delivery VALUES (0, ?, ?)",
            vec![Value::Integer(VERSION), Value::String(json(&delivery.facts)?)],
        )?;
        self.put_live(delivery, "INSERT INTO live (state, window, open, trail, id) VALUES (?, ?, ?, ?, 0)")?;
        self.write_outcome(delivery, outcome)
    }

    /// Writes what a command changed.
    pub fn write(&self, delivery: &Delivery, outcome: &Outcome) -> Result<()> {
        // The row that the delivery is loaded from comes last: where something fails, it is as it was.
        self.migrate()?;
        self.write_outcome(delivery, outcome)?;
        self.put_live(delivery, UPDATE_LIVE)?;
        if outcome.facts_changed {
            // Last: of the two rows this one hardly grows, so that it does not fail alone.
            let facts = vec![Value::String(json(&delivery.facts)?)];
            self.execute("UPDATE delivery SET facts = ? WHERE id = 0", facts)?;
        }
        Ok(())
    }

    /// Writes what no command changed.
    pub fn write_live(&self, delivery: &Delivery) -> Result<()> {
        self.migrate()?;
        self.put_live(delivery, UPDATE_LIVE)
    }

    /// Reads the delivery; `None` where this object has none.
    pub fn load(&self) -> Result<Option<Delivery>> {
        if !self.exists()? {
            return Ok(None);
        }
        let row =
            self.row("SELECT version, facts, state, window, open, trail FROM delivery JOIN live USING (id)")?;
        let Some([version, facts, state, window, open, trail]) =
            row.and_then(|row| <[Value; 6]>::try_from(row).ok())
        else {
            return Ok(None);
        };
        let version = integer(version)?;
        if version > VERSION {
            return Err(Error::RustError("this delivery was written by a newer version".into()));
        }
        self.version.set(version);
        let facts: Facts = parsed(facts)?;
        let mut live: StoredLive = parsed(state)?;
        (live.recent.window, live.recent.open, live.recent.trail) =
            (bytes(window)?, bytes(open)?, bytes(trail)?);
        if version < 2 {
            live = live.with_chunks(self.closed_chunks()?);
        }
        let guidance = if version < 3 { None } else { self.row("SELECT body FROM guidance")? };
        let guidance = guidance
            .and_then(|row| row.into_iter().next())
            .map_or_else(|| Ok(Guidance::default()), parsed)?;
        Delivery::load(facts, live, guidance).map(Some).map_err(|error| Error::RustError(error.to_string()))
    }

    /// The events after `seq`, in order.
    pub fn events_after(&self, seq: u64) -> Result<Vec<KeptEvent>> {
        let bindings = vec![Value::Integer(seq as i64), Value::Integer(EVENTS_READ)];
        let cursor = self.sql.exec("SELECT body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", bindings)?;
        cursor.raw().map(|row| parsed(row?.into_iter().next().unwrap_or(Value::Null))).collect()
    }

    /// The share links, the oldest first.
    pub fn links(&self) -> Result<Vec<ShareLink>> {
        if self.version.get() < 4 {
            return Ok(Vec::new());
        }
        let cursor = self.sql.exec("SELECT body FROM link ORDER BY created, id", None)?;
        cursor.raw().map(|row| parsed(row?.into_iter().next().unwrap_or(Value::Null))).collect()
    }

    pub fn write_link(&self, link: &ShareLink) -> Result<()> {
        self.migrate()?;
        let row =
            vec![Value::String(link.id.clone()), Value::Integer(link.created.0), Value::String(json(link)?)];
        self.execute("INSERT OR REPLACE INTO link VALUES (?, ?, ?)", row)
    }

    pub fn delete_link(&self, id: &str) -> Result<()> {
        self.execute("DELETE FROM link WHERE id = ?", vec![Value::String(id.to_owned())])
    }

    /// Who looked, as far as the archive has not got it.
    pub fn access(&self) -> Result<AccessLog> {
        let is_there = self.version.get() >= 4 && self.exists()?;
        let row = if is_there { self.row("SELECT body FROM access")? } else { None };
        row.and_then(|row| row.into_iter().next()).map_or_else(|| Ok(AccessLog::default()), parsed)
    }

    pub fn write_access(&self, log: &AccessLog) -> Result<()> {
        self.migrate()?;
        self.execute("INSERT OR REPLACE INTO access VALUES (0, ?)", vec![Value::String(json(log)?)])
    }

    /// Takes a driver who declined out of the events that are kept.
    pub fn forget_driver(&self, driver_id: &str) -> Result<()> {
        self.execute(forget_declined!("event", "body"), vec![Value::String(driver_id.to_owned())])
    }

    /// The closed chunks of these numbers.
    pub fn chunks(&self, numbers: RangeInclusive<u32>) -> Result<Vec<NumberedChunk>> {
        let bindings =
            vec![Value::Integer((*numbers.start()).into()), Value::Integer((*numbers.end()).into())];
        let cursor =
            self.sql.exec("SELECT n, fixes FROM chunk WHERE n BETWEEN ? AND ? ORDER BY n", bindings)?;
        let chunk = |row: Result<Vec<Value>>| {
            let [n, fixes] = <[Value; 2]>::try_from(row?).map_err(|_| unexpected())?;
            Ok(NumberedChunk {
                n: u32::try_from(integer(n)?).map_err(|_| unexpected())?,
                bytes: bytes(fixes)?,
            })
        };
        cursor.raw().map(chunk).collect()
    }

    /// The fixes of the closed chunks that overlap a span.
    pub fn recorded(&self, (since, until): (Millis, Millis)) -> Result<Vec<Recorded>> {
        let mut recorded = Vec::new();
        for chunk in self.chunks_within(since, until)? {
            recorded.extend(track::decode(&chunk).map_err(|_| unexpected())?);
        }
        Ok(recorded)
    }

    /// Everything has been deleted.
    pub fn emptied(&self) {
        self.exists.set(false);
        self.version.set(VERSION);
        self.decoded.take();
    }

    /// Brings the rows forward to the layout of today.
    fn migrate(&self) -> Result<()> {
        let from = self.version.get();
        for (version, statements) in MIGRATIONS.into_iter().filter(|(version, _)| *version > from) {
            self.execute(statements, Vec::new())?;
            self.version.set(version);
        }
        Ok(())
    }

    fn closed_chunks(&self) -> Result<u32> {
        let row = self.row("SELECT coalesce(max(n), 0) FROM chunk")?;
        let count = row.and_then(|row| row.into_iter().next()).map_or(Ok(0), integer)?;
        u32::try_from(count).map_err(|_| unexpected())
    }

    fn put_live(&self, delivery: &Delivery, statement: &str) -> Result<()> {
        let live = delivery.live.store();
        let state = json(&live)?;
        let recent = live.recent;
        let columns = vec![
            Value::String(state),
            Value::Blob(recent.window),
            Value::Blob(recent.open),
            Value::Blob(recent.trail),
        ];
        self.execute(statement, columns)
    }

    fn write_outcome(&self, delivery: &Delivery, outcome: &Outcome) -> Result<()> {
        if outcome.guided {
            let row = vec![Value::String(json(&delivery.guidance)?)];
            self.execute("INSERT OR REPLACE INTO guidance VALUES (0, ?)", row)?;
        }
        for event in &outcome.events {
            if let Some((seq, kept)) = event.kept() {
                let row = vec![Value::Integer(seq as i64), Value::String(json(&kept)?)];
                self.execute("INSERT OR REPLACE INTO event VALUES (?, ?)", row)?;
            }
        }
        for (n, chunk) in &outcome.chunks {
            let (first, last) = chunk.span().unwrap_or_default();
            let row = vec![
                Value::Integer((*n).into()),
                Value::Integer(first.0),
                Value::Integer(last.0),
                Value::Blob(chunk.bytes().to_vec()),
            ];
            self.execute("INSERT OR REPLACE INTO chunk (n, first, last, fixes) VALUES (?, ?, ?, ?)", row)?;
        }
        Ok(())
    }

    /// Whether a closed chunk holds the same fix. Chunks are decoded once for all fixes of a report.
    fn holds(&self, fix: &Fix) -> Result<bool> {
        let near = vec![bound(fix.time.plus(SKEW_MAX)), bound(fix.time.plus(-SKEW_MAX))];
        let cursor = self.sql.exec("SELECT n FROM chunk WHERE first <= ? AND last >= ?", near)?;
        let numbers: Result<Vec<_>> = cursor
            .raw()
            .map(|row| row?.into_iter().next().map_or_else(|| Err(unexpected()), integer))
            .collect();
        let mut decoded = self.decoded.borrow_mut();
        for n in numbers? {
            let ids = match decoded.entry(n) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let n = u32::try_from(n).map_err(|_| unexpected())?;
                    let chunks = self.chunks(n..=n)?;
                    let fixes =
                        chunks.iter().flat_map(|chunk| track::decode(&chunk.bytes).unwrap_or_default());
                    unknown.insert(fixes.map(|recorded| recorded.fix.id()).collect())
                }
            };
            if ids.contains(&fix.id()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forgets what was decoded for a report.
    pub fn forget_decoded(&self) {
        self.decoded.take();
    }

    fn execute(&self, statement: &str, bindings: Vec<Value>) -> Result<()> {
        let cursor = self.sql.exec(statement, bindings)?;
        self.rows_written.set(self.rows_written.get() + cursor.rows_written());
        drop(cursor);
        Ok(())
    }

    fn exists(&self) -> Result<bool> {
        if !self.exists.get() {
            let found = self.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'delivery'")?;
            self.exists.set(found.is_some());
        }
        Ok(self.exists.get())
    }

    fn row(&self, query: &str) -> Result<Option<Vec<Value>>> {
        // The cursor is drained: one that is not makes later writes fail oddly.
        let rows: Result<Vec<_>> = self.sql.exec(query, None)?.raw().collect();
        Ok(rows?.into_iter().next())
    }

    fn chunks_within(&self, since: Millis, until: Millis) -> Result<Vec<Vec<u8>>> {
        let bindings = vec![bound(until), bound(since)];
        let cursor =
            self.sql.exec("SELECT fixes FROM chunk WHERE first <= ? AND last >= ? ORDER BY n", bindings)?;
        cursor.raw().map(|row| bytes(row?.into_iter().next().unwrap_or(Value::Null))).collect()
    }
}

impl Archive for Store {
    fn contains(&self, fix: &Fix) -> bool {
        // A chunk that cannot be read holds no fix that could be compared: the new one is kept.
        self.holds(fix).unwrap_or(false)
    }
}

/// A time to compare with: beyond 2^53 JavaScript has no integers, and nothing is stored.
fn bound(at: Millis) -> Value {
    const MOST: i64 = (1 << 53) - 1;
    Value::Integer(at.0.clamp(-MOST, MOST))
}
