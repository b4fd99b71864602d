//! Requests of ours to somebody else's server: bounded in time and in size, and never led elsewhere.

use std::time::Duration;

use futures_util::StreamExt;
use wasm_bindgen::JsValue;
use web_sys::{RequestCache, RequestInit, RequestRedirect};
use worker::{AbortController, AbortSignal, Error, Fetch, Headers, Request, Result};

use crate::beside;

/// How long an answer may take, and how large it may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub time: Duration,
    pub bytes: usize,
    /// Whether an answer that says no by its status is read, too.
    pub any_status: bool,
}

/// What is answered to a `POST`: what it holds is of no interest.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub retry_after: Option<String>,
}

/// Sends a text or bytes. Its answer is over once the status is known: whatever follows is not read.
pub async fn post(url: &str, headers: &Headers, body: &JsValue, time: Duration) -> Result<Answered> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(headers.as_ref());
    init.set_body(body);
    // A redirect could lead anywhere, inside as well.
    init.set_redirect(RequestRedirect::Manual);
    let request = Request::from(web_sys::Request::new_with_str_and_init(url, &init)?);
    let controller = AbortController::default();
    let signal = controller.signal();
    let sent = beside::within(time, Fetch::Request(request).send_with_signal(&signal)).await;
    let answered = match sent {
        None => Err(Error::RustError(format!("no answer within {} s", time.as_secs()))),
        Some(answer) => answer.and_then(|response| {
            Ok(Answered {
                status: response.status_code(),
                retry_after: response.headers().get("Retry-After")?,
            })
        }),
    };
    controller.abort();
    answered
}

/// Asks for JSON.
pub async fn get(url: &str, bounds: Bounds) -> Result<Vec<u8>> {
    let headers = Headers::new();
    headers.set("Accept", "application/json")?;
    let init = RequestInit::new();
    init.set_headers(headers.as_ref());
    let (status, body) = exchange(url, &init, bounds).await?;
    match status {
        200 => Ok(body),
        400..500 if bounds.any_status => Ok(body),
        _ => Err(Error::RustError(format!("it answered {status}"))),
    }
}

/// Sends a request. The status of the answer, and what it holds where that is read. After an error it is not known what
/// became of it.
pub async fn exchange(url: &str, init: &RequestInit, bounds: Bounds) -> Result<(u16, Vec<u8>)> {
    let controller = AbortController::default();
    let signal = controller.signal();
    let answer = beside::within(bounds.time, download(url, init, &signal, bounds)).await;
    answer.unwrap_or_else(|| {
        controller.abort();
        Err(Error::RustError(format!("no answer within {} ms", bounds.time.as_millis())))
    })
}

async fn download(
    url: &str,
    init: &RequestInit,
    signal: &AbortSignal,
    bounds: Bounds,
) -> Result<(u16, Vec<u8>)> {
    // A redirect could lead anywhere, so it is not followed; a cache in between could hold what is over.
    init.set_redirect(RequestRedirect::Manual);
    init.set_cache(RequestCache::NoStore);
    let request = Request::from(web_sys::Request::new_with_str_and_init(url, init)?);
    let mut response = Fetch::Request(request).send_with_signal(signal).await?;
    let status = response.status_code();
    let mut body = Vec::new();
    if !((200..300).contains(&status) || bounds.any_status && (400..500).contains(&status)) {
        return Ok((status, body));
    }
    let mut stream = response.stream()?;
    while let Some(chunk) = stream.next().await {
        body.extend(chunk?);
        if body.len() > bounds.bytes {
            return Err(Error::RustError(format!("the answer is larger than {} bytes", bounds.bytes)));
        }
    }
    Ok((status, body))
}
