//! D1: what outlives a delivery's object. The schema is in `migrations`.

use std::future::Future;
use std::time::Duration;

use js_sys::Uint8Array;
use onway_core::archive::{NumberedChunk, Summary, Work};
use onway_core::clock::Millis;
use onway_core::own_json;
use onway_core::track::{Chunk, Recorded, decode};
use onway_core::wire::start::Window;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement, Env, Error, Result};

use crate::beside;

/// The binding of the database.
pub const BINDING: &str = "DB";

const WRITE_SUMMARY: &str = "
    INSERT INTO delivery (tracking_id, revision, order_id, driver_id, customer_id, store_id, mode, status, visibility,
        started, ended, window_from, window_to, timeline, etas, rest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tracking_id) DO UPDATE SET revision = excluded.revision, driver_id = excluded.driver_id,
        status = excluded.status, ended = excluded.ended, window_from = excluded.window_from,
        window_to = excluded.window_to, timeline = excluded.timeline, etas = excluded.etas, rest = excluded.rest
    WHERE excluded.revision > delivery.revision";

const WRITE_CHUNK: &str = "
    INSERT INTO chunk (tracking_id, n, revision, first, last, fixes) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (tracking_id, n) DO UPDATE SET revision = excluded.revision, first = excluded.first,
        last = excluded.last, fixes = excluded.fixes
    WHERE excluded.revision > chunk.revision";

const READ_SUMMARY: &str = "SELECT * FROM delivery WHERE tracking_id = ?";
const READ_CHUNKS: &str =
    "SELECT fixes FROM chunk WHERE tracking_id = ? AND first <= ? AND last >= ? ORDER BY n";

/// The archive of this deployment.
pub struct Database {
    d1: D1Database,
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
        self.within(self.d1.batch(statements)).await.map(drop)
    }

    /// Reads a summary; `None` where there is none.
    pub async fn summary(&self, tracking_id: &str) -> Result<Option<Summary>> {
        let query = self.d1.prepare(READ_SUMMARY).bind(&[tracking_id.into()])?;
        let row: Option<Row> = self.within(query.first(None)).await?;
        row.map(Row::into_summary).transpose()
    }

    /// The fixes of the chunks that overlap a span.
    pub async fn track(&self, tracking_id: &str, (since, until): (Millis, Millis)) -> Result<Vec<Recorded>> {
        #[derive(Deserialize)]
        struct Fixes {
            #[serde(with = "serde_bytes")]
            fixes: Vec<u8>,
        }
        let bindings = [tracking_id.into(), number(until), number(since)];
        let query = self.d1.prepare(READ_CHUNKS).bind(&bindings)?;
        let rows: Vec<Fixes> = self.within(query.all()).await?.results()?;
        let mut fixes = Vec::new();
        for row in rows {
            fixes.extend(decode(&row.fixes).map_err(unreadable)?);
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
        let parts: Vec<Part> = self.within(query.all()).await?.results()?;
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

    async fn within<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = beside::within(self.timeout, answer).await;
        answer.unwrap_or_else(|| Err(Error::RustError(format!("D1 gave no answer in {:?}", self.timeout))))
    }
}

/// A summary as D1 holds it.
#[derive(Deserialize)]
struct Row {
    tracking_id: String,
    revision: f64,
    order_id: String,
    driver_id: Option<String>,
    customer_id: Option<String>,
    store_id: Option<String>,
    mode: String,
    status: String,
    visibility: String,
    started: f64,
    ended: Option<f64>,
    window_from: Option<f64>,
    window_to: Option<f64>,
    timeline: String,
    etas: String,
    rest: String,
}

impl Row {
    fn into_summary(self) -> Result<Summary> {
        let time = |at: f64| Millis(at as i64);
        let window = Window { from: self.window_from.map(time), to: self.window_to.map(time) };
        Ok(Summary {
            tracking_id: self.tracking_id,
            revision: self.revision as u64,
            order_id: self.order_id,
            driver_id: self.driver_id,
            customer_id: self.customer_id,
            store_id: self.store_id,
            mode: named(&self.mode)?,
            status: named(&self.status)?,
            visibility: named(&self.visibility)?,
            started: time(self.started),
            ended: self.ended.map(time),
            window: Some(window).filter(|window| window.from.is_some() || window.to.is_some()),
            timeline: own_json::read(self.timeline.as_bytes())?,
            etas: own_json::read(self.etas.as_bytes())?,
            rest: own_json::read(self.rest.as_bytes())?,
        })
    }
}

fn summary_row(summary: &Summary) -> Result<[JsValue; 16]> {
    let text = |text: &Option<String>| text.as_deref().map_or(JsValue::NULL, JsValue::from);
    let time = |at: Option<Millis>| at.map_or(JsValue::NULL, number);
    let name = |value: serde_json::Result<serde_json::Value>| -> Result<JsValue> {
        Ok(value?.as_str().map_or(JsValue::NULL, JsValue::from))
    };
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

/// The value of an enumeration by the name that it has in JSON.
fn named<T: DeserializeOwned>(name: &str) -> Result<T> {
    Ok(own_json::of(&name.into())?)
}

/// D1 takes integers of 32 bits, or what JavaScript has for numbers. Nothing here is beyond 2^53.
fn number(at: Millis) -> JsValue {
    const MOST: i64 = (1 << 53) - 1;
    JsValue::from_f64(at.0.clamp(-MOST, MOST) as f64)
}

/// What went wrong, in a line.
pub fn reason(error: &Error) -> String {
    match error {
        Error::D1(error) => error.cause(),
        error => error.to_string(),
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::RustError(error.to_string())
}
