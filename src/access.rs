//! D1's access log. The schema is in `migrations`.

use onway_core::access::Visit;
use onway_core::clock::Millis;
use onway_core::own_json;
use onway_core::wire::access::{AccessPage, AccessQuery, PAGE_ROWS, cursor};
use serde::Deserialize;
use wasm_bindgen::JsValue;
use worker::Result;

use crate::archive::{Database, number};
use crate::d1;

// Of what has been erased nothing comes back.
const WRITE: &str = "
    INSERT INTO access (tracking_id, first, last, entries) SELECT ?1, ?2, ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE tracking_id = ?1) ON CONFLICT DO NOTHING";

/// Of two in the same millisecond each gets a row.
const NOTE: &str = "
    INSERT INTO access (tracking_id, first, last, entries)
    SELECT ?1, max(?2, coalesce((SELECT max(first) + 1 FROM access WHERE tracking_id = ?1), 0)), ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE tracking_id = ?1)";

const READ: &str = "
    SELECT tracking_id, first, entries FROM access
    WHERE (?1 IS NULL OR tracking_id = ?1) AND (?2 IS NULL OR last >= ?2) AND (?3 IS NULL OR first <= ?3)
        AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(entries) WHERE json_extract(value, '$.subject') = ?4))
        AND (?5 IS NULL OR (first, tracking_id) < (?5, ?6))
    ORDER BY first DESC, tracking_id DESC LIMIT ?7";

impl Database {
    /// Writes what an object has noted. The same again changes nothing.
    pub async fn write_visits(&self, tracking_id: &str, visits: &[Visit]) -> Result<()> {
        self.put(WRITE, tracking_id, visits).await
    }

    /// Notes a visit that no object notes.
    pub async fn note_visit(&self, tracking_id: &str, visit: Visit) -> Result<()> {
        self.put(NOTE, tracking_id, &[visit]).await
    }

    async fn put(&self, statement: &str, tracking_id: &str, visits: &[Visit]) -> Result<()> {
        let first = visits.first().map_or(Millis(0), |visit| visit.first);
        let last = visits.iter().map(|visit| visit.last).max().unwrap_or(first);
        let entries = serde_json::to_string(visits)?;
        let row = [tracking_id.into(), number(first), number(last), entries.as_str().into()];
        let statement = self.d1.prepare(statement).bind(&row)?;
        self.within(d1::run(&statement)).await.map(drop)
    }

    /// A page of what is looked for, the newest first.
    pub async fn visits(&self, query: &AccessQuery) -> Result<AccessPage> {
        #[derive(Deserialize)]
        struct Row {
            tracking_id: String,
            first: f64,
            entries: String,
        }
        let text = |text: Option<&String>| text.map_or(JsValue::NULL, |text| text.as_str().into());
        let time = |at: Option<Millis>| at.map_or(JsValue::NULL, number);
        let after = query.after.as_ref();
        let bindings = [
            text(query.tracking_id.as_ref()),
            time(query.since),
            time(query.until),
            text(query.subject.as_ref()),
            time(after.map(|(first, _)| *first)),
            text(after.map(|(_, id)| id)),
            (PAGE_ROWS as f64).into(),
        ];
        let statement = self.d1.prepare(READ).bind(&bindings)?;
        let rows: Vec<Row> = d1::rows(&self.within(d1::all(&statement)).await?)?;
        let last = rows.last().filter(|_| rows.len() == PAGE_ROWS);
        let next_cursor = last.map(|row| cursor(Millis(row.first as i64), &row.tracking_id));
        let mut entries = Vec::new();
        for row in rows {
            // The newest first, here too.
            let visits: Vec<Visit> = own_json::read(row.entries.as_bytes())?;
            entries.extend(query.entries(&row.tracking_id, visits.into_iter().rev().collect()));
        }
        Ok(AccessPage { entries, next_cursor })
    }
}
