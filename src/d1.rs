//! D1: one way to ask it, and one to read what it answers.

use std::future::Future;
use std::pin::Pin;

use js_sys::{Array, JSON, Promise};
use onway_core::own_json;
use onway_core::wire::json;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{D1Database, D1PreparedStatement, Env, Error, Result};
use worker_sys::D1Database as Platform;

use crate::archive::BINDING;

/// An answer that is on its way. Boxed, as all are waited for in many places, and of one type: each more would be
/// code of its own.
pub type Asking = Pin<Box<dyn Future<Output = Result<Value>>>>;

/// Asks for the rows of one statement.
pub fn all(query: &D1PreparedStatement) -> Asking {
    Box::pin(settle(query.inner().all()))
}

/// Carries out one statement.
pub fn run(query: &D1PreparedStatement) -> Asking {
    Box::pin(settle(query.inner().run()))
}

/// Carries out statements, all or none. The answer: an array of theirs.
pub fn batch(d1: &D1Database, statements: &[D1PreparedStatement]) -> Asking {
    let list: Array = statements.iter().map(|statement| JsValue::from(statement.inner())).collect();
    let platform: &Platform = AsRef::<JsValue>::as_ref(d1).unchecked_ref();
    Box::pin(settle(platform.batch(list)))
}

/// By way of its text: what reads JSON is there anyway.
async fn settle(promise: std::result::Result<Promise, JsValue>) -> Result<Value> {
    let answer = JsFuture::from(promise?).await.map_err(failure)?;
    let text = String::from(JSON::stringify(&answer)?);
    json::parse(text.as_bytes()).map_err(|_| Error::RustError("D1's answer cannot be read".into()))
}

/// The text in the column `json` of the first row.
pub async fn text(env: &Env, sql: &str, bindings: &[JsValue]) -> Result<Option<String>> {
    let answer = all(&env.d1(BINDING)?.prepare(sql).bind(bindings)?).await?;
    Ok(first(&answer).and_then(|row| row.get("json")?.as_str()).map(str::to_owned))
}

pub fn or_null(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from)
}

/// The rows of an answer.
pub fn rows<T: DeserializeOwned>(answer: &Value) -> Result<Vec<T>> {
    Ok(own_json::of(answer.get("results").unwrap_or(&Value::Null))?)
}

/// The first row of an answer.
pub fn first(answer: &Value) -> Option<&Value> {
    answer.get("results")?.get(0)
}

/// How many rows were written for one.
pub fn changes(answer: &Value) -> u64 {
    answer.get("meta").and_then(|meta| meta.get("changes")?.as_u64()).unwrap_or_default()
}

/// What the database says went wrong is the cause of what its client says.
fn failure(error: JsValue) -> Error {
    let said = error.dyn_ref::<js_sys::Error>().map(js_sys::Error::cause);
    match said.as_ref().and_then(|cause| cause.dyn_ref::<js_sys::Error>()) {
        Some(cause) => Error::RustError(cause.message().into()),
        None => error.into(),
    }
}
