//! Answers with somebody's track in them.

use serde::Serialize;
use worker::Response;

use crate::problem::{Answer, ours};

/// JSON of this kind, which no cache keeps.
pub fn personal(value: &impl Serialize, content_type: &str) -> Answer {
    let response = Response::from_json(value).map_err(ours)?;
    for (name, value) in
        [("Content-Type", content_type), ("Cache-Control", "private, no-store"), ("Vary", "Authorization")]
    {
        response.headers().set(name, value).map_err(ours)?;
    }
    Ok(response)
}

/// JSON that nobody keeps.
pub fn json(body: &impl Serialize, status: u16) -> Answer {
    let response = Response::from_json(body).map_err(ours)?.with_status(status);
    response.headers().set("Cache-Control", "no-store").map_err(ours)?;
    Ok(response)
}
