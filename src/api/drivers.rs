//! `/drivers`, `/tracking/driver` and `/ws/driver`: who is there, and what they carry.

use onway_core::auth::{Caller, Role};
use onway_core::rejection::Rejection;
use onway_core::wire::driver::{driver_id, parse_duty, parse_near, parse_order};
use serde_json::json;

use super::asked::{Asked, Handled};
use super::follow;
use crate::contract::{Ask, DriverRequest};
use crate::problem::{Answer, ours};
use crate::reply::json as json_reply;
use crate::roster::Roster;

/// `/ws/driver/{id}`. A refusal, too, is a 101 that closes at once.
pub fn follow<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let query = follow::upgrade(asked)?;
    let (env, id) = (asked.env, asked.id);
    follow::refusing(asked, query.get("token"), Ok(()), move |by, subprotocol| {
        let by = by.ok_or(Rejection::Unauthenticated)?;
        let id = named(id)?;
        permit(&by, &id)?;
        Ok(DriverRequest::Follow { by, subprotocol }.ask(env, &id, None, None))
    })
}

/// `GET /tracking/driver/{id}`
pub fn read<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let (id, _) = known(asked)?;
    Ok(DriverRequest::Read.ask(asked.env, &id, None, None))
}

/// `PUT /drivers/{id}/duty`
pub fn duty<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let (id, _) = known(asked)?;
    let (body, json) = asked.json()?;
    parse_duty(&json)?;
    Ok(DriverRequest::SetDuty.ask(asked.env, &id, None, Some(body)))
}

/// `PUT /drivers/{id}/deliveries`
pub fn order<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let by = asked.by()?;
    let id = named(asked.id)?;
    let may = match by.role {
        Role::Dispatcher | Role::Admin => true,
        // Its own, among the places that they have.
        Role::Store => by.store_id.is_some(),
        Role::Driver | Role::Customer => false,
    };
    if !may {
        return Err(Rejection::Forbidden("the order of stops is the store's and the dispatcher's".into()));
    }
    let (body, json) = asked.json()?;
    parse_order(&json)?;
    Ok(DriverRequest::Order { by }.ask(asked.env, &id, None, Some(body)))
}

/// `GET /drivers`
pub async fn list(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    if !matches!(by.role, Role::Dispatcher | Role::Admin) {
        return Err(Rejection::Forbidden("the list of drivers is for dispatchers and admins".into()));
    }
    let query = asked.query()?;
    let near = query("near").map(|near| parse_near(&near)).transpose()?;
    let available = match query("available").as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Rejection::invalid("available", "available must be true or false")),
    };
    let drivers = Roster::of(asked.env).map_err(ours)?.drivers(near, available).await.map_err(ours)?;
    json_reply(&json!({ "drivers": drivers }), 200)
}

/// The driver in the path, and the caller, who may act for it.
pub fn known(asked: &mut Asked<'_>) -> Result<(String, Caller), Rejection> {
    let by = asked.by()?;
    let id = named(asked.id)?;
    permit(&by, &id)?;
    Ok((id, by))
}

/// A driver itself, dispatchers and admins.
fn permit(by: &Caller, id: &str) -> Result<(), Rejection> {
    match by.role {
        Role::Dispatcher | Role::Admin => Ok(()),
        Role::Driver if by.subject == id => Ok(()),
        _ => Err(Rejection::Forbidden("this driver is not you, nor yours to look after".into())),
    }
}

/// The id in the path: it comes from another system, so that escapes are undone.
pub fn named(segment: &str) -> Result<String, Rejection> {
    let text = js_sys::decode_uri_component(segment).ok().and_then(|text| text.as_string());
    driver_id(&text.unwrap_or_default())
}
