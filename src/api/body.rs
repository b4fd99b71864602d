//! Bodies of requests, within bounds.

use futures_util::StreamExt;
use onway_core::rejection::Rejection;
use onway_core::wire::input::BODY_MAX;
use worker::Request;

use super::asked::Body;
use crate::problem::ours;

/// Up to here a larger body is discarded before the answer, since an early one resets the client.
const DISCARD_MAX: usize = 16 * 1024 * 1024;

const NOT_JSON: Rejection = Rejection::UnsupportedMediaType { expected: "application/json" };

/// Reads a body. Whatever is wrong with it, it has been read, so that the client hears the answer.
pub async fn read(request: &mut Request, wanted: Body) -> Result<Vec<u8>, Rejection> {
    let is_json = is_json(request)?;
    let body = whole(request).await?;
    match wanted {
        Body::Optional if body.is_empty() => Ok(b"{}".to_vec()),
        Body::Json | Body::Optional if !is_json => Err(NOT_JSON),
        _ => Ok(body),
    }
}

async fn whole(request: &mut Request) -> Result<Vec<u8>, Rejection> {
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

/// A form as it is, for the same reason.
pub fn is_form(request: &Request) -> Result<bool, Rejection> {
    has_type(request, &["application/x-www-form-urlencoded"])
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
