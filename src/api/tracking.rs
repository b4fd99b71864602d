//! `/tracking`: start a delivery, report on it, read it.

use onway_core::access::Look;
use onway_core::fix::Position;
use onway_core::permission::{StartOwners, may_start};
use onway_core::region;
use onway_core::rejection::Rejection;
use onway_core::routes::Endpoint;
use onway_core::tracking_id::TrackingId;
use onway_core::wire::StartRequest;
use onway_core::wire::report::{REQUEST_FIXES_MAX, Report, parse_status};
use onway_core::wire::start::idempotency_key;
use worker::Request;

use super::asked::{Asked, Handled};
use super::links;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::wall;

/// Longest `If-None-Match` that is compared, in bytes: some dozens of our tags.
const IF_NONE_MATCH_MAX: usize = 4 * 1024;

/// `POST /tracking/start`
pub fn start<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let by = asked.by()?;
    let mut start = StartRequest::parse(&asked.json()?.1)?;
    let StartOwners { driver_id, store_id } =
        may_start(&by, start.driver_id.as_deref(), start.store_id.as_deref())
            .ok_or_else(|| Rejection::Forbidden("this delivery is not yours to start".into()))?;
    (start.driver_id, start.store_id) = (driver_id, store_id);
    if start.clock.is_some() && !asked.config.allows_simulated_clock() {
        return Err(Rejection::invalid("clock", "clock needs ALLOW_SIM_CLOCK=1 in the deployment"));
    }
    let keys = asked.config.id_keys()?;
    let key = asked.header("Idempotency-Key")?;
    let repeatable = key.is_some();
    let id = match key.map(idempotency_key).transpose()? {
        Some(key) => keys.issue_for(&by.subject, &key),
        None => keys.issue(random()?),
    };
    let hint = start
        .pickup
        .as_ref()
        .map(|pickup| region::nearest(pickup.position()))
        .or_else(|| visitor_region(&asked.request));
    let body = serde_json::to_vec(&start).map_err(|_| Rejection::Internal)?;
    Ok(DeliveryRequest::Start { by, repeatable }.ask(asked.env, id.as_str(), hint, Some(body)))
}

/// `POST /tracking/update/{id}`
pub fn update<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let by = asked.by()?;
    let (body, json) = asked.json()?;
    // Read once here, so that what cannot be valid wakes no object.
    Report::parse(&json, wall(), REQUEST_FIXES_MAX)?;
    asked.pass_on(&DeliveryRequest::Update { by }, Some(body))
}

/// `POST /tracking/{id}/status`
pub fn set_status<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let by = asked.by()?;
    let (body, json) = asked.json()?;
    parse_status(&json)?;
    asked.pass_on(&DeliveryRequest::SetStatus { by }, Some(body))
}

/// `POST /tracking/{id}/assign`, `/unassign`, `/accept`, `/decline` and `/cancel`, and
/// `PATCH /tracking/{id}`
pub fn change<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let Endpoint::Change(change) = asked.endpoint else { return Err(Rejection::Internal) };
    let by = asked.by()?;
    let (body, json) = asked.json()?;
    change.command(&json, &str::to_owned)?;
    asked.pass_on(&DeliveryRequest::Change { by, asked: change }, Some(body))
}

/// `GET /tracking/{id}`
pub fn read<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    // Without it the answer is whole, which is never wrong.
    let if_none_match = asked.header("If-None-Match")?.filter(|tags| tags.len() <= IF_NONE_MATCH_MAX);
    let link = links::presented(asked, asked.delivery()?)?;
    let by = asked.by.take();
    asked.pass_on(&DeliveryRequest::Read { by, if_none_match, link, look: Some(Look::Read) }, None)
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
