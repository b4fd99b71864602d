//! The bucket of proofs: images of a delivery handed over, under its tracking id.

use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use worker::{Bucket, Env, HttpMetadata, Response};

use crate::problem::{Answer, ours};

/// The binding of the bucket.
const BINDING: &str = "PROOFS";
/// Most lists of proofs that are gone through when a delivery is erased: each has up to 1,000.
const LISTS: usize = 10;

/// The bucket of this deployment.
pub struct Proofs(Bucket);

impl Proofs {
    /// Refused where none is bound.
    pub fn of(env: &Env) -> Result<Self, Rejection> {
        env.bucket(BINDING).map(Self).map_err(|_| {
            Rejection::NotOffered(
                "no bucket PROOFS is bound here, so no photo or signature can be kept: hand over with a code"
                    .into(),
            )
        })
    }

    /// Keeps an image; the same one again is the same object.
    pub async fn keep(
        &self,
        tracking_id: &str,
        proof: &str,
        content_type: &str,
        image: Vec<u8>,
    ) -> worker::Result<()> {
        let metadata =
            HttpMetadata { content_type: Some(content_type.to_owned()), ..HttpMetadata::default() };
        self.0.put(key(tracking_id, proof), image).http_metadata(metadata).execute().await.map(drop)
    }

    /// Removes an image that nobody is to know of.
    pub async fn remove(&self, tracking_id: &str, proof: &str) -> worker::Result<()> {
        self.0.delete(key(tracking_id, proof)).await
    }

    /// Answers with an image, which no other site shows as its own and no shared cache keeps.
    pub async fn read(&self, tracking_id: &str, proof: &str, content_type: &str) -> Answer {
        let found = self.0.get(key(tracking_id, proof)).execute().await.map_err(ours)?;
        let body = found.as_ref().and_then(|object| object.body());
        let body = body.ok_or_else(|| Rejection::NotFound("this image has been removed".into()))?;
        let response = Response::from_body(body.response_body().map_err(ours)?).map_err(ours)?;
        for (name, value) in [
            ("Content-Type", content_type),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "private, no-store"),
            ("Vary", "Authorization"),
        ] {
            response.headers().set(name, value).map_err(ours)?;
        }
        Ok(response)
    }
}

/// Deletes the images of a delivery; none where there is no bucket.
pub async fn erase(env: &Env, id: &TrackingId) -> worker::Result<usize> {
    let Ok(bucket) = env.bucket(BINDING) else { return Ok(0) };
    let mut gone = 0;
    for _ in 0..LISTS {
        let found = bucket.list().prefix(key(id.as_str(), "")).execute().await?.objects();
        if found.is_empty() {
            break;
        }
        gone += found.len();
        bucket.delete_multiple(found.iter().map(|proof| proof.key()).collect()).await?;
    }
    Ok(gone)
}

fn key(tracking_id: &str, proof: &str) -> String {
    format!("{tracking_id}/{proof}")
}
