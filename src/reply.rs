//! Answers with somebody's data in them.

use onway_core::history::{Format, Page};
use onway_core::rejection::Rejection;
use serde::Serialize;
use worker::Response;

use crate::problem::{Answer, ours};

/// A text of this type, which no cache keeps.
pub fn personal(text: String, content_type: &str) -> Answer {
    let response = Response::ok(text).map_err(ours)?;
    for (name, value) in
        [("Content-Type", content_type), ("Cache-Control", "private, no-store"), ("Vary", "Authorization")]
    {
        response.headers().set(name, value).map_err(ours)?;
    }
    Ok(response)
}

/// JSON, which no cache keeps.
pub fn personal_json(body: &impl Serialize) -> Answer {
    personal(serde_json::to_string(body).map_err(|_| Rejection::Internal)?, "application/json")
}

/// A page of a track. A document that has no place for it names the next one in a header.
pub fn page(page: &Page, format: Format) -> Answer {
    let response = personal(page.text().map_err(|_| Rejection::Internal)?, format.content_type())?;
    if let Some(cursor) = page.next_cursor() {
        let link = format!("<?format={}&cursor={cursor}>; rel=\"next\"", format.name());
        response.headers().set("Link", &link).map_err(ours)?;
    }
    Ok(response)
}

/// JSON that nobody keeps.
pub fn json(body: &impl Serialize, status: u16) -> Answer {
    let response = Response::from_json(body).map_err(ours)?.with_status(status);
    response.headers().set("Cache-Control", "no-store").map_err(ours)?;
    Ok(response)
}
