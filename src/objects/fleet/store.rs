//! A hub's rows.
//!
//! | table | row | written |
//! |---|---|---|
//! | `entry` | a report of a delivery | at once, where more than its position has changed |
//! | `checkpoint` | what moves, of many | once a minute while anything does |
//! | `hub` | what has been counted | with a checkpoint |

use std::cell::Cell;

use onway_core::clock::Millis;
use onway_core::counts::{HubCounts, Totals};
use onway_core::fleet::model::Model;
use onway_core::fleet::report::{Moving, Report, Version};
use serde::{Deserialize, Serialize};
use worker::{Result, SqlStorage, SqlStorageValue as Value};

use crate::objects::rows::{integer, json, parsed, unexpected};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, expires INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS checkpoint (n INTEGER PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS hub (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL, body TEXT NOT NULL);
";

/// The layout above.
const VERSION: i64 = 1;
/// A row of a checkpoint is about so large, in bytes: the platform takes 2 MB.
const CHECKPOINT_BYTES: usize = 1 << 19;

/// What has been counted.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Counted {
    /// By deliveries that have left.
    #[serde(default)]
    pub left: Totals,
    #[serde(default)]
    pub counts: HubCounts,
}

pub struct Store {
    sql: SqlStorage,
    exists: Cell<bool>,
}

impl Store {
    pub fn new(sql: SqlStorage) -> Self {
        Self { sql, exists: Cell::new(false) }
    }

    /// Reads all of it; those that are not `mine` go.
    pub fn load(&self, wall: Millis, mine: impl Fn(&str) -> bool) -> Result<(Model, Counted)> {
        let tick = wall.0.unsigned_abs();
        if !self.exists()? {
            return Ok((Model::new(tick, Totals::default()), Counted::default()));
        }
        let row = self.rows("SELECT version, body FROM hub")?.pop();
        let counted = match row.map(<[Value; 2]>::try_from) {
            Some(Ok([version, _])) if integer(version.clone())? > VERSION => return Err(unexpected()),
            Some(Ok([_, body])) => parsed(body)?,
            _ => Counted::default(),
        };
        let mut model = Model::new(tick, counted.left);
        for row in self.rows("SELECT body FROM entry")? {
            let report: Report = parsed(row.into_iter().next().unwrap_or(Value::Null))?;
            if mine(&report.tracking_id) {
                model.hear(report);
            } else {
                self.delete(&report.tracking_id)?;
            }
        }
        for row in self.rows("SELECT body FROM checkpoint")? {
            let moving: Vec<(String, Version, Moving)> =
                parsed(row.into_iter().next().unwrap_or(Value::Null))?;
            for (id, version, moving) in moving {
                model.recall(&id, version, moving);
            }
        }
        Ok((model, counted))
    }

    pub fn put(&self, tracking_id: String, expires: Millis, body: String) -> Result<()> {
        let row = vec![Value::String(tracking_id), Value::Integer(expires.0), Value::String(body)];
        self.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", row)
    }

    pub fn delete(&self, tracking_id: &str) -> Result<()> {
        self.execute("DELETE FROM entry WHERE id = ?", vec![Value::String(tracking_id.to_owned())])
    }

    /// Deletes its row. Whether the checkpoint has something of it.
    pub fn erase(&self, tracking_id: &str) -> Result<bool> {
        if !self.exists()? {
            return Ok(false);
        }
        self.delete(tracking_id)?;
        let query = "SELECT 1 FROM checkpoint WHERE instr(body, '\"' || ? || '\"') > 0";
        let row = vec![Value::String(tracking_id.to_owned())];
        Ok(!self.sql.exec(query, row)?.raw().collect::<Result<Vec<_>>>()?.is_empty())
    }

    /// Writes what moves and what was counted, and lets go of what has expired.
    pub fn checkpoint(&self, model: &Model, counted: &Counted, wall: Millis) -> Result<()> {
        self.execute("DELETE FROM entry WHERE expires <= ?", vec![Value::Integer(wall.0)])?;
        let mut count = 0;
        let mut body = String::new();
        for entry in model.moving() {
            body.push(if body.is_empty() { '[' } else { ',' });
            body.push_str(&json(&entry)?);
            if body.len() >= CHECKPOINT_BYTES {
                self.put_page(count, std::mem::take(&mut body))?;
                count += 1;
            }
        }
        if !body.is_empty() {
            self.put_page(count, body)?;
            count += 1;
        }
        self.execute("DELETE FROM checkpoint WHERE n >= ?", vec![Value::Integer(count)])?;
        let row = vec![Value::Integer(VERSION), Value::String(json(counted)?)];
        self.execute("INSERT OR REPLACE INTO hub VALUES (0, ?, ?)", row)
    }

    fn put_page(&self, n: i64, mut body: String) -> Result<()> {
        body.push(']');
        let row = vec![Value::Integer(n), Value::String(body)];
        self.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", row)
    }

    fn exists(&self) -> Result<bool> {
        if !self.exists.get() {
            let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'hub'";
            self.exists.set(!self.rows(query)?.is_empty());
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

    fn rows(&self, query: &str) -> Result<Vec<Vec<Value>>> {
        self.sql.exec(query, None)?.raw().collect()
    }
}
