//! Bodies of requests, within bounds.

use futures_util::StreamExt;
use onway_core::rejection::Rejection;
use worker::Request;

use crate::problem::ours;

/// Largest body that is read, in bytes.
const BODY_MAX: usize = 1024 * 1024;
/// Up to here a larger body is discarded before the answer, since an early one resets the client.
const DISCARD_MAX: usize = 16 * 1024 * 1024;

/// Reads a JSON body. Whatever is wrong with it, it has been read, so that the client hears the answer.
pub async fn read(request: &mut Request) -> Result<Vec<u8>, Rejection> {
    let is_json = is_json(request)?;
    let mut body = Vec::new();
    let mut length = 0;
    if request.inner().body().is_some() {
        let mut stream = request.stream().map_err(ours)?;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| Rejection::NotJson("it ended early".into()))?;
            length += chunk.len();
            if length > DISCARD_MAX {
                break;
            }
            if length <= BODY_MAX {
                body.extend_from_slice(&chunk);
            }
        }
    }
    if length > BODY_MAX {
        return Err(Rejection::TooLarge { limit: BODY_MAX });
    }
    if !is_json {
        return Err(Rejection::UnsupportedMediaType);
    }
    Ok(body)
}

fn is_json(request: &Request) -> Result<bool, Rejection> {
    let header = request.headers().get("Content-Type").map_err(ours)?.unwrap_or_default();
    let media_type = header.split(';').next().unwrap_or_default().trim();
    Ok(media_type.eq_ignore_ascii_case("application/json"))
}
