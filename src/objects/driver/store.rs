//! A driver's rows.
//!
//! | table | row | written |
//! |---|---|---|
//! | `driver` | duty, stops, presence, mailbox, calls for help | with each of their changes |
//! | `position` | the newest position on duty | where no delivery takes it, and once a minute |
//! | `spill` | a message that a delivery could not take | until it has it |
//! | `key` | a phone tracker's key, hashed | when it is made, and once an hour of use |
//! | `invite` | a sign-in link that has not been used | when it is made |

use std::cell::Cell;

use onway_core::clock::Millis;
use onway_core::driver::{Driver, LastFix};
use onway_core::wire::driver::Relayed;
use worker::{Error, Result, SqlStorage, SqlStorageValue as Value};

use crate::objects::rows::{integer, json, parsed, string, unexpected};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS driver (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL, state TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY CHECK (id = 0), body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS spill (n INTEGER PRIMARY KEY, tracking_id TEXT NOT NULL, received INTEGER NOT NULL, message TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS key (key_id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS invite (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
";

/// The layout above.
const VERSION: i64 = 1;

/// A phone tracker's key.
#[derive(Clone, Debug)]
pub struct Key {
    pub key_id: String,
    pub hash: String,
    pub label: String,
    pub created: Millis,
    pub used: Option<Millis>,
}

pub struct Store {
    sql: SqlStorage,
    exists: Cell<bool>,
}

impl Store {
    pub fn new(sql: SqlStorage) -> Self {
        Self { sql, exists: Cell::new(false) }
    }

    pub fn load(&self) -> Result<Option<Driver>> {
        if !self.exists()? {
            return Ok(None);
        }
        match self.rows("SELECT version, state FROM driver", Vec::new())?.pop() {
            None => Ok(None),
            Some(row) => {
                let [version, state] = columns(row)?;
                if integer(version)? > VERSION {
                    return Err(Error::RustError("this driver was written by a newer version".into()));
                }
                parsed(state).map(Some)
            }
        }
    }

    pub fn write(&self, driver: &Driver) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO driver VALUES (0, ?, ?)",
            vec![Value::Integer(VERSION), Value::String(json(driver)?)],
        )
    }

    pub fn position(&self) -> Result<Option<LastFix>> {
        if !self.exists()? {
            return Ok(None);
        }
        let row = self.rows("SELECT body FROM position", Vec::new())?.pop();
        row.map(|row| columns(row).and_then(|[body]| parsed(body))).transpose()
    }

    pub fn write_position(&self, fix: &LastFix) -> Result<()> {
        self.execute("INSERT OR REPLACE INTO position VALUES (0, ?)", vec![Value::String(json(fix)?)])
    }

    pub fn forget_position(&self) -> Result<()> {
        self.execute("DELETE FROM position", Vec::new())
    }

    pub fn spill(&self, tracking_id: &str, item: &Relayed) -> Result<()> {
        self.execute(
            "INSERT INTO spill (tracking_id, received, message) VALUES (?, ?, ?)",
            vec![text(tracking_id), Value::Integer(item.received.0), Value::String(json(&item.message)?)],
        )
    }

    /// How many messages wait for each delivery.
    pub fn spilled(&self) -> Result<Vec<(String, usize)>> {
        if !self.exists()? {
            return Ok(Vec::new());
        }
        let rows = self.rows("SELECT tracking_id, count(*) FROM spill GROUP BY tracking_id", Vec::new())?;
        rows.into_iter()
            .map(|row| {
                let [id, count] = columns(row)?;
                Ok((string(id)?, usize::try_from(integer(count)?).unwrap_or(0)))
            })
            .collect()
    }

    /// The oldest messages that wait for a delivery, with their numbers.
    pub fn oldest_spilled(&self, tracking_id: &str, most: i64) -> Result<Vec<(i64, Relayed)>> {
        let rows = self.rows(
            "SELECT n, received, message FROM spill WHERE tracking_id = ? ORDER BY n LIMIT ?",
            vec![text(tracking_id), Value::Integer(most)],
        )?;
        rows.into_iter()
            .map(|row| {
                let [n, received, message] = columns(row)?;
                Ok((integer(n)?, Relayed { received: Millis(integer(received)?), message: parsed(message)? }))
            })
            .collect()
    }

    /// Forgets what a delivery has now, up to a number.
    pub fn unspill(&self, tracking_id: &str, upto: i64) -> Result<()> {
        self.execute(
            "DELETE FROM spill WHERE tracking_id = ? AND n <= ?",
            vec![text(tracking_id), Value::Integer(upto)],
        )
    }

    pub fn keys(&self) -> Result<Vec<Key>> {
        if !self.exists()? {
            return Ok(Vec::new());
        }
        let rows =
            self.rows("SELECT key_id, hash, label, created, used FROM key ORDER BY created", Vec::new())?;
        rows.into_iter()
            .map(|row| {
                let [key_id, hash, label, created, used] = columns(row)?;
                let used = if matches!(used, Value::Null) { None } else { Some(Millis(integer(used)?)) };
                Ok(Key {
                    key_id: string(key_id)?,
                    hash: string(hash)?,
                    label: string(label)?,
                    created: Millis(integer(created)?),
                    used,
                })
            })
            .collect()
    }

    pub fn write_key(&self, key: &Key) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO key VALUES (?, ?, ?, ?, ?)",
            vec![
                text(&key.key_id),
                text(&key.hash),
                text(&key.label),
                Value::Integer(key.created.0),
                key.used.map_or(Value::Null, |used| Value::Integer(used.0)),
            ],
        )
    }

    pub fn delete_key(&self, key_id: &str) -> Result<()> {
        self.execute("DELETE FROM key WHERE key_id = ?", vec![text(key_id)])
    }

    pub fn invite(&self, id: &str, expires: Millis, wall: Millis) -> Result<()> {
        self.execute("DELETE FROM invite WHERE expires <= ?", vec![Value::Integer(wall.0)])?;
        self.execute("INSERT OR REPLACE INTO invite VALUES (?, ?)", vec![text(id), Value::Integer(expires.0)])
    }

    /// Takes a sign-in link: whether it was there.
    pub fn take_invite(&self, id: &str) -> Result<bool> {
        if !self.exists()? {
            return Ok(false);
        }
        let found = !self.rows("SELECT 1 FROM invite WHERE id = ?", vec![text(id)])?.is_empty();
        if found {
            self.execute("DELETE FROM invite WHERE id = ?", vec![text(id)])?;
        }
        Ok(found)
    }

    /// Everything has been deleted.
    pub fn emptied(&self) {
        self.exists.set(false);
    }

    fn exists(&self) -> Result<bool> {
        if !self.exists.get() {
            let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'invite'";
            self.exists.set(!self.rows(query, Vec::new())?.is_empty());
        }
        Ok(self.exists.get())
    }

    /// Writes; the first that does makes the tables.
    fn execute(&self, statement: &str, bindings: Vec<Value>) -> Result<()> {
        if !self.exists()? {
            drop(self.sql.exec(SCHEMA, None)?);
            self.exists.set(true);
        }
        drop(self.sql.exec(statement, bindings)?);
        Ok(())
    }

    fn rows(&self, query: &str, bindings: Vec<Value>) -> Result<Vec<Vec<Value>>> {
        self.sql.exec(query, bindings)?.raw().collect()
    }
}

fn columns<const N: usize>(row: Vec<Value>) -> Result<[Value; N]> {
    row.try_into().map_err(|_| unexpected())
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}
