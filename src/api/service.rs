//! The service itself.

use onway_core::wire::health::Health;
use worker::Response;

#[cfg(feature = "test-utils")]
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::wall;
use crate::problem::{Answer, ours};

pub fn health() -> Answer {
    let health =
        Health { status: "ok".into(), version: env!("CARGO_PKG_VERSION").into(), time: wall().secs() };
    Response::from_json(&health).map_err(ours)
}

/// Asks a delivery's object what only tests may ask.
#[cfg(feature = "test-utils")]
pub async fn test(
    asked: DeliveryRequest,
    id: &str,
    env: &worker::Env,
    config: &crate::config::Config<'_>,
) -> Answer {
    let id = super::tracking::known_id(id, config)?;
    asked.ask(env, id.as_str(), None, None).await
}
