//! Requests of ours to somebody else's server: bounded in time and in size, and never led elsewhere.

use std::time::Duration;

use futures_util::StreamExt;
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

/// Asks for JSON.
pub async fn get(url: &str, bounds: Bounds) -> Result<Vec<u8>> {
    let controller = AbortController::default();
    let signal = controller.signal();
    let answer = beside::within(bounds.time, download(url, &signal, bounds)).await;
    answer.unwrap_or_else(|| {
        controller.abort();
        Err(Error::RustError(format!("no answer within {} ms", bounds.time.as_millis())))
    })
}

async fn download(url: &str, signal: &AbortSignal, bounds: Bounds) -> Result<Vec<u8>> {
    let headers = Headers::new();
    headers.set("Accept", "application/json")?;
    let init = RequestInit::new();
    init.set_headers(headers.as_ref());
    // A redirect could lead anywhere, so it is not followed; a cache in between could hold what is over.
    init.set_redirect(RequestRedirect::Manual);
    init.set_cache(RequestCache::NoStore);
    let request = Request::from(web_sys::Request::new_with_str_and_init(url, &init)?);
    let mut response = Fetch::Request(request).send_with_signal(signal).await?;
    let status = response.status_code();
    if status != 200 && !(bounds.any_status && (400..500).contains(&status)) {
        return Err(Error::RustError(format!("it answered {status}")));
    }
    let mut body = Vec::new();
    let mut stream = response.stream()?;
    while let Some(chunk) = stream.next().await {
        body.extend(chunk?);
        if body.len() > bounds.bytes {
            return Err(Error::RustError(format!("the answer is larger than {} bytes", bounds.bytes)));
        }
    }
    Ok(body)
}
