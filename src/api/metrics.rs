//! `GET /metrics`: what is counted, for whoever watches the service.

use onway_core::auth::Role;
use onway_core::counts::HubCounts;
use onway_core::metrics::{CONTENT_TYPE, Metrics, render};
use onway_core::own_json;
use onway_core::rejection::Rejection;
use worker::Env;

use super::asked::Asked;
use super::fleet;
use crate::config::Config;
use crate::contract::FleetRequest;
use crate::identity::wall;
use crate::problem::Answer;
use crate::reply::personal;

/// `GET /metrics`
pub async fn metrics(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    if by.role != Role::Admin {
        return Err(Rejection::Forbidden("metrics are for admins".into()));
    }
    let mut metrics = Metrics::default();
    hubs(asked.env, &asked.config).await.iter().for_each(|answer| metrics.add(answer.as_ref()));
    personal(render(&metrics, env!("CARGO_PKG_VERSION"), wall()), CONTENT_TYPE)
}

/// What each hub has counted; `None` of one that does not answer.
async fn hubs(env: &Env, config: &Config<'_>) -> Vec<Option<HubCounts>> {
    let answers = fleet::ask_each(env, fleet::hubs(None, config.fleet_shards()), &FleetRequest::Count).await;
    answers.into_iter().map(|answer| own_json::read(&answer.ok()?).ok()).collect()
}
