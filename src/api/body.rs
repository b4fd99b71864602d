//! Bodies of requests, within bounds.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use onway_core::rejection::Rejection;
use onway_core::wire::input::BODY_MAX;
use worker::Request;

use crate::problem::ours;

/// Up to here a larger body is discarded before the answer, since an early one resets the client.
const DISCARD_MAX: usize = 16 * 1024 * 1024;

const NOT_JSON: Rejection = Rejection::UnsupportedMediaType { expected: "application/json" };

/// Reads a JSON body. Whatever is wrong with it, it has been read, so that the client hears the answer.
pub async fn read(request: &mut Request) -> Result<Vec<u8>, Rejection> {
    let is_json = is_json(request)?;
    let body = whole(request).await?;
    if is_json { Ok(body) } else { Err(NOT_JSON) }
}

/// The same where everything in it may be left out, and so may the body.
pub async fn read_optional(request: &mut Request) -> Result<Vec<u8>, Rejection> {
    let is_json = is_json(request)?;
    let body = whole(request).await?;
    match body.is_empty() {
        true => Ok(b"{}".to_vec()),
        false if is_json => Ok(body),
        false => Err(NOT_JSON),
    }
}

/// Reads a body of any type. Boxed, since each handler that waits for it would hold a copy of its code.
pub fn whole(request: &mut Request) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Rejection>> + '_>> {
    Box::pin(read_all(request))
}

async fn read_all(request: &mut Request) -> Result<Vec<u8>, Rejection> {
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
    Ok(body)
}

/// JSON as it is: compressed, a few bytes could become a gigabyte.
pub fn is_json(request: &Request) -> Result<bool, Rejection> {
    has_type(request, &["application/json"])
}

/// Refuses a body that is no image by its header, or is compressed.
pub fn permit_image(request: &Request) -> Result<(), Rejection> {
    match has_type(request, &["image/jpeg", "image/png"])? {
        true => Ok(()),
        false => {
            Err(Rejection::UnsupportedMediaType { expected: "image/jpeg, image/png or application/json" })
        }
    }
}

fn has_type(request: &Request, types: &[&str]) -> Result<bool, Rejection> {
    let header = |name| Ok(request.headers().get(name).map_err(ours)?.unwrap_or_default());
    let (content_type, encoding) = (header("Content-Type")?, header("Content-Encoding")?);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_plain = encoding.is_empty() || encoding.trim().eq_ignore_ascii_case("identity");
    Ok(is_plain && types.iter().any(|expected| media_type.eq_ignore_ascii_case(expected)))
}
