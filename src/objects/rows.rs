//! What the objects' rows are made of.

use onway_core::own_json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Error, Result, SqlStorageValue as Value};

pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::RustError(error.to_string()))
}

pub fn parsed<T: DeserializeOwned>(value: Value) -> Result<T> {
    own_json::read(string(value)?.as_bytes()).map_err(|error| Error::RustError(error.to_string()))
}

pub fn string(value: Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(unexpected()),
    }
}

pub fn bytes(value: Value) -> Result<Vec<u8>> {
    match value {
        Value::Blob(bytes) => Ok(bytes),
        _ => Err(unexpected()),
    }
}

/// Integers come back as what JavaScript has for numbers.
pub fn integer(value: Value) -> Result<i64> {
    match value {
        Value::Integer(number) => Ok(number),
        Value::Float(number) => Ok(number as i64),
        _ => Err(unexpected()),
    }
}

pub fn unexpected() -> Error {
    Error::RustError("a stored row is not what it should be".into())
}
