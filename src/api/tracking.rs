//! `/tracking`: start a delivery, report on it, read it.

use onway_core::delivery::Change;
use onway_core::fix::Position;
use onway_core::permission::{StartOwners, may_start};
use onway_core::region;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use onway_core::wire::StartRequest;
use onway_core::wire::input;
use onway_core::wire::report::{REQUEST_FIXES_MAX, Report, parse_status};
use onway_core::wire::start::idempotency_key;
use worker::{Env, Request};

use super::{body, links};
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::{caller, known_caller, wall};
use crate::problem::{Answer, ours};

/// Longest `If-None-Match` that is compared, in bytes: some dozens of our tags.
const IF_NONE_MATCH_MAX: usize = 4 * 1024;

/// `POST /tracking/start`
pub async fn start(mut request: Request, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read(&mut request).await;
    let by = known_caller(&request, config).await?;
    let mut start = StartRequest::parse(&input::json(&body?)?)?;
    let StartOwners { driver_id, store_id } =
        may_start(&by, start.driver_id.as_deref(), start.store_id.as_deref())
            .ok_or_else(|| Rejection::Forbidden("this delivery is not yours to start".into()))?;
    (start.driver_id, start.store_id) = (driver_id, store_id);
    if start.clock.is_some() && !config.allows_simulated_clock() {
        return Err(Rejection::invalid("clock", "clock needs ALLOW_SIM_CLOCK=1 in the deployment"));
    }
    let keys = config.id_keys()?;
    let key = request.headers().get("Idempotency-Key").map_err(ours)?;
    let repeatable = key.is_some();
    let id = match key.map(idempotency_key).transpose()? {
        Some(key) => keys.issue_for(&by.subject, &key),
        None => keys.issue(random()?),
    };
    let hint = start
        .pickup
        .as_ref()
        .map(|pickup| region::nearest(pickup.position()))
        .or_else(|| visitor_region(&request));
    let body = serde_json::to_vec(&start).map_err(|_| Rejection::Internal)?;
    DeliveryRequest::Start { by, repeatable }.ask(env, id.as_str(), hint, Some(body)).await
}

/// `POST /tracking/update/{id}`
pub async fn update(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read(&mut request).await;
    let id = known_id(id, config)?;
    let by = known_caller(&request, config).await?;
    let body = body?;
    // Read once here, so that what cannot be valid wakes no object.
    Report::parse(&input::json(&body)?, wall(), REQUEST_FIXES_MAX)?;
    DeliveryRequest::Update { by }.ask(env, id.as_str(), None, Some(body)).await
}

/// `POST /tracking/{id}/status`
pub async fn set_status(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read(&mut request).await;
    let id = known_id(id, config)?;
    let by = known_caller(&request, config).await?;
    let body = body?;
    parse_status(&input::json(&body)?)?;
    DeliveryRequest::SetStatus { by }.ask(env, id.as_str(), None, Some(body)).await
}

/// `POST /tracking/{id}/assign`, `/unassign`, `/accept`, `/decline` and `/cancel`, and
/// `PATCH /tracking/{id}`
pub async fn change(mut request: Request, id: &str, asked: Change, env: &Env, config: &Config<'_>) -> Answer {
    let body = match asked.goes_without_body() {
        true => body::read_optional(&mut request).await,
        false => body::read(&mut request).await,
    };
    let id = known_id(id, config)?;
    let by = known_caller(&request, config).await?;
    let body = body?;
    asked.command(&input::json(&body)?, &str::to_owned)?;
    DeliveryRequest::Change { by, asked }.ask(env, id.as_str(), None, Some(body)).await
}

/// `GET /tracking/{id}`
pub async fn read(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let id = known_id(id, config)?;
    let by = caller(request, config).await?;
    let if_none_match = request.headers().get("If-None-Match").map_err(ours)?;
    // Without it the answer is whole, which is never wrong.
    let if_none_match = if_none_match.filter(|tags| tags.len() <= IF_NONE_MATCH_MAX);
    let link = links::presented(request, &id)?;
    DeliveryRequest::Read { by, if_none_match, link, page: false }.ask(env, id.as_str(), None, None).await
}

/// Reads a tracking id: one that we never gave out is 404, and wakes nothing.
pub fn known_id(id: &str, config: &Config<'_>) -> Result<TrackingId, Rejection> {
    config.id_keys()?.read(id).ok_or_else(|| Rejection::NotFound("there is no such tracking id".into()))
}

fn random() -> Result<[u8; 16], Rejection> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Rejection::Internal)?;
    Ok(bytes)
}

/// The region of whoever asks, from what the platform knows of the connection.
fn visitor_region(request: &Request) -> Option<&'static str> {
    let cf = js_sys::Reflect::get(request.inner(), &"cf".into()).ok()?;
    let degrees = |name: &str| js_sys::Reflect::get(&cf, &name.into()).ok()?.as_string()?.parse().ok();
    Some(region::nearest(Position::from_degrees(degrees("latitude")?, degrees("longitude")?)?))
}
