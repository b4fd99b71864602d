//! D1: what outlives a delivery's object. The schema is in `migrations`.

use std::time::Duration;

use js_sys::Uint8Array;
use onway_core::archive::{Held, NumberedChunk, Summary, Work};
use onway_core::clock::Millis;
use onway_core::own_json;
use onway_core::track::{Chunk, Recorded, decode};
use onway_core::wire::json;
use serde::Deserialize;
use serde_json::Value;
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement, Env, Error, Result};

use crate::{beside, d1};

/// The binding of the database.
pub const BINDING: &str = "DB";

const WRITE_SUMMARY: &str = "
    INSERT INTO delivery (tracking_id, revision, order_id, driver_id, customer_id, store_id, mode, status, visibility,
        started, ended, window_from, window_to, timeline, etas, rest)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
    WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE erasure.tracking_id = ?1)
    ON CONFLICT (tracking_id) DO UPDATE SET revision = excluded.revision, driver_id = excluded.driver_id,
        status = excluded.status, visibility = excluded.visibility, ended = excluded.ended, window_from = excluded.window_from,
        window_to = excluded.window_to, timeline = excluded.timeline, etas = excluded.etas, rest = excluded.rest
    WHERE excluded.revision > delivery.revision";

const WRITE_CHUNK: &str = "
    INSERT INTO chunk (tracking_id, n, revision, first, last, fixes) SELECT ?1, ?2, ?3, ?4, ?5, ?6
    WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE erasure.tracking_id = ?1)
    ON CONFLICT (tracking_id, n) DO UPDATE SET revision = excluded.revision, first = excluded.first,
        last = excluded.last, fixes = excluded.fixes
    WHERE excluded.revision > chunk.revision";

const READ_CUSTOMERS: &str = "
    SELECT * FROM delivery WHERE customer_id = ?1 AND started <= ?2 AND (started < ?2 OR tracking_id > ?3)
    ORDER BY started DESC, tracking_id LIMIT ?4";
/// Of whoever wants no more than what the service needs nothing stays that it does not need: neither the way
/// nor the ETAs, beyond the end.
macro_rules! opted_out {
    () => {
        "tracking_id = ?1 AND EXISTS (SELECT 1 FROM delivery JOIN privacy USING (customer_id)
         WHERE delivery.tracking_id = ?1 AND opted_out = 1)"
    };
}
const COARSEN: [&str; 2] = [
    concat!("DELETE FROM chunk WHERE ", opted_out!()),
    concat!("UPDATE delivery SET etas = '[]' WHERE etas <> '[]' AND ", opted_out!()),
];

/// What makes figures that lead to nobody of summaries; a condition follows. A degree of longitude is taken for as
/// long as it is at 45°: for a statistic that will do, and SQLite need know no cosine.
macro_rules! figures {
    () => {
        "INSERT INTO figure (store_id, mode, status, day, duration_s, distance_m, eta_error_s, on_time, travelled_m, dwell_s,
             interval_s, stars)
         SELECT store_id, mode, status, started / 86400000, (ended - started) / 1000,
             100 * cast(round(1113.2 * (abs(rest ->> '$.pickup.lat' - rest ->> '$.dropoff.lat')
                 + 0.7 * abs(rest ->> '$.pickup.lng' - rest ->> '$.dropoff.lng'))) AS INTEGER),
             (SELECT cast(avg(abs((value ->> '$[1]') - delivery.ended / 1000)) AS INTEGER) FROM json_each(delivery.etas)),
             iif(status = 'DELIVERED', ended <= window_to, NULL),
             100 * cast(round((rest ->> '$.figures.distance_m') / 100.0) AS INTEGER), rest ->> '$.figures.dwell_s',
             rest ->> '$.figures.interval_s', rest ->> '$.handover.rating.stars'
         FROM delivery"
    };
}
pub(crate) use figures;

/// What is seen of a delivery before its object forgets it.
const SEE: &str = "
    SELECT EXISTS (SELECT 1 FROM erasure WHERE tracking_id = ?1) AS erased,
        EXISTS (SELECT 1 FROM delivery JOIN privacy USING (customer_id) WHERE delivery.tracking_id = ?1 AND opted_out = 1) AS coarse,
        (SELECT revision FROM delivery WHERE tracking_id = ?1) AS summary,
        (SELECT count(*) FROM chunk WHERE tracking_id = ?1 AND n <= ?2 AND length(fixes) > 0) AS chunks,
        (SELECT revision FROM chunk WHERE tracking_id = ?1 AND n = ?2 + 1) AS tail";

const CLOSE: &str = "UPDATE delivery SET closed = ?2 WHERE tracking_id = ?1 AND closed IS NULL";
const KNOWS: &str = "
    SELECT 1 AS known FROM delivery WHERE tracking_id = ?1 UNION ALL
    SELECT 1 FROM erasure WHERE tracking_id = ?1 LIMIT 1";

const READ_SUMMARY: &str = "SELECT * FROM delivery WHERE tracking_id = ?";
const READ_CHUNKS: &str =
    "SELECT hex(fixes) AS fixes FROM chunk WHERE tracking_id = ? AND first <= ? AND last >= ? ORDER BY n";

/// The archive of this deployment.
pub struct Database {
    pub(crate) d1: D1Database,
    /// An answer that takes longer is taken for lost.
    timeout: Duration,
}

impl Database {
    pub fn of(env: &Env, timeout: Duration) -> Result<Self> {
        Ok(Self { d1: env.d1(BINDING)?, timeout })
    }

    /// Writes what the archive lacks, all or nothing. `closed` are the closed chunks of `work`, numbered.
    pub async fn write(&self, tracking_id: &str, work: &Work, closed: &[NumberedChunk]) -> Result<()> {
        let mut statements = Vec::new();
        if let Some(summary) = &work.summary {
            statements.push(self.d1.prepare(WRITE_SUMMARY).bind(&summary_row(summary)?)?);
        }
        for chunk in closed.iter().chain(&work.tail) {
            statements.push(self.chunk(tracking_id, work.revision, chunk)?);
        }
        if statements.is_empty() {
            return Ok(());
        }
        if work.then.ended {
            for coarsen in COARSEN {
                statements.push(self.d1.prepare(coarsen).bind(&[tracking_id.into()])?);
            }
        }
        self.within(d1::batch(&self.d1, &statements)).await.map(drop)
    }

    /// Whether the archive is seen to have what it must, or must not have it.
    pub async fn holds(&self, held: &Held) -> Result<bool> {
        #[derive(Deserialize)]
        struct Seen {
            erased: f64,
            coarse: f64,
            summary: Option<f64>,
            chunks: f64,
            tail: Option<f64>,
        }
        let query = self.d1.prepare(SEE).bind(&[held.tracking_id.as_str().into(), held.chunks.into()])?;
        let answer = self.within(d1::all(&query)).await?;
        let Some(seen) = d1::first(&answer) else { return Ok(false) };
        let seen: Seen = own_json::of(seen)?;
        let newest = |revision: Option<f64>, least: u64| revision.is_some_and(|seen| seen >= least as f64);
        let track =
            seen.chunks >= f64::from(held.chunks) && held.tail.is_none_or(|tail| newest(seen.tail, tail));
        Ok(seen.erased > 0.0 || (newest(seen.summary, held.summary) && (track || seen.coarse > 0.0)))
    }

    /// Notes that the object of a delivery is empty.
    pub async fn close(&self, tracking_id: &str, wall: Millis) -> Result<()> {
        let query = self.d1.prepare(CLOSE).bind(&[tracking_id.into(), number(wall)])?;
        self.within(d1::run(&query)).await.map(drop)
    }

    /// Whether there was such a delivery.
    pub async fn knows(&self, tracking_id: &str) -> Result<bool> {
        let query = self.d1.prepare(KNOWS).bind(&[tracking_id.into()])?;
        Ok(d1::first(&self.within(d1::all(&query)).await?).is_some())
    }

    /// Reads a summary; `None` where there is none.
    pub async fn summary(&self, tracking_id: &str) -> Result<Option<Summary>> {
        let query = self.d1.prepare(READ_SUMMARY).bind(&[tracking_id.into()])?;
        let answer = self.within(d1::all(&query)).await?;
        d1::first(&answer).map(summary).transpose()
    }

    /// A customer's deliveries after one of them, the newest first.
    pub async fn of_customer(
        &self,
        customer_id: &str,
        (started, tracking_id): &(Millis, String),
        most: usize,
    ) -> Result<Vec<Summary>> {
        let bindings =
            [customer_id.into(), number(*started), tracking_id.as_str().into(), (most as f64).into()];
        let query = self.d1.prepare(READ_CUSTOMERS).bind(&bindings)?;
        let rows: Vec<Value> = d1::rows(&self.within(d1::all(&query)).await?)?;
        rows.iter().map(summary).collect()
    }

    /// The fixes of the chunks that overlap a span.
    pub async fn track(&self, tracking_id: &str, (since, until): (Millis, Millis)) -> Result<Vec<Recorded>> {
        #[derive(Deserialize)]
        struct Row {
            fixes: String,
        }
        let bindings = [tracking_id.into(), number(until), number(since)];
        let query = self.d1.prepare(READ_CHUNKS).bind(&bindings)?;
        let rows: Vec<Row> = d1::rows(&self.within(d1::all(&query)).await?)?;
        let mut fixes = Vec::new();
        for row in rows {
            let chunk = base16ct::upper::decode_vec(&row.fixes).map_err(unreadable)?;
            fixes.extend(decode(&chunk).map_err(unreadable)?);
        }
        Ok(fixes)
    }

    /// The deployment's own ETA model, as `onway fit` writes it; empty where there is none.
    pub async fn model(&self) -> Result<String> {
        #[derive(Deserialize)]
        struct Part {
            body: String,
        }
        let query = self.d1.prepare("SELECT body FROM model ORDER BY part");
        let parts: Vec<Part> = d1::rows(&self.within(d1::all(&query)).await?)?;
        Ok(parts.into_iter().map(|part| part.body).collect())
    }

    fn chunk(&self, tracking_id: &str, revision: u64, chunk: &NumberedChunk) -> Result<D1PreparedStatement> {
        let (first, last) = Chunk::from_bytes(&chunk.bytes).map_err(unreadable)?.span().unwrap_or_default();
        self.d1.prepare(WRITE_CHUNK).bind(&[
            tracking_id.into(),
            chunk.n.into(),
            (revision as f64).into(),
            number(first),
            number(last),
            Uint8Array::from(chunk.bytes.as_slice()).into(),
        ])
    }

    pub(crate) async fn within(&self, answer: d1::Asking) -> Result<Value> {
        let answer = beside::within(self.timeout, answer).await;
        answer.unwrap_or_else(|| {
            Err(Error::RustError(format!("D1 gave no answer in {} ms", self.timeout.as_millis())))
        })
    }
}

/// A summary, from the row that D1 holds: its columns are the members, but for the window; three of them are JSON.
fn summary(row: &Value) -> Result<Summary> {
    let mut row = row.as_object().cloned().unwrap_or_default();
    for name in ["timeline", "etas", "rest"] {
        if let Some(column) = row.get_mut(name) {
            let text = column.as_str().unwrap_or_default();
            *column = json::parse(text.as_bytes()).map_err(unreadable)?;
        }
    }
    let [from, to] = ["window_from", "window_to"].map(|name| row.get(name).cloned().unwrap_or_default());
    if !(from.is_null() && to.is_null()) {
        row.insert("window".into(), serde_json::json!({"from": from, "to": to}));
    }
    Ok(own_json::of(&row.into())?)
}

fn summary_row(summary: &Summary) -> Result<[JsValue; 16]> {
    let text = |text: &Option<String>| d1::or_null(text.as_deref());
    let time = |at: Option<Millis>| at.map_or(JsValue::NULL, number);
    let name = |value: serde_json::Result<Value>| -> Result<JsValue> { Ok(d1::or_null(value?.as_str())) };
    Ok([
        summary.tracking_id.as_str().into(),
        (summary.revision as f64).into(),
        summary.order_id.as_str().into(),
        text(&summary.driver_id),
        text(&summary.customer_id),
        text(&summary.store_id),
        name(own_json::value(&summary.mode))?,
        name(own_json::value(&summary.status))?,
        name(own_json::value(&summary.visibility))?,
        number(summary.started),
        time(summary.ended),
        time(summary.window.and_then(|window| window.from)),
        time(summary.window.and_then(|window| window.to)),
        serde_json::to_string(&summary.timeline)?.into(),
        serde_json::to_string(&summary.etas)?.into(),
        serde_json::to_string(&summary.rest)?.into(),
    ])
}

/// D1 takes integers of 32 bits, or what JavaScript has for numbers. Nothing here is beyond 2^53.
pub(crate) fn number(at: Millis) -> JsValue {
    const MOST: i64 = (1 << 53) - 1;
    JsValue::from_f64(at.0.clamp(-MOST, MOST) as f64)
}

/// What went wrong, in a line.
pub fn reason(error: &Error) -> String {
    error.to_string()
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::RustError(error.to_string())
}
