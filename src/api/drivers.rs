//! `/drivers`, `/tracking/driver` and `/ws/driver`: who is there, and what they carry.

use onway_core::auth::{Caller, Role};
use onway_core::rejection::Rejection;
use onway_core::wire::driver::{driver_id, parse_duty, parse_near, parse_order};
use onway_core::wire::input;
use serde_json::json;
use worker::{Env, Request};

use super::{body, follow};
use crate::config::Config;
use crate::contract::{Ask, DriverRequest};
use crate::identity::{known_caller, offers_subprotocol, socket_caller};
use crate::problem::{Answer, ours};
use crate::reply::json as json_reply;
use crate::roster::Roster;
use crate::sockets;

/// `/ws/driver/{id}`. A refusal, too, is a 101 that closes at once.
pub async fn follow(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let query = follow::upgrade(request)?;
    let subprotocol = offers_subprotocol(request)?;
    let asked = async {
        let by = socket_caller(request, query.get("token"), config).await?;
        let by = by.ok_or(Rejection::Unauthenticated)?;
        let id = named(id)?;
        permit(&by, &id)?;
        DriverRequest::Follow { by, subprotocol }.ask(env, &id, None, None).await
    };
    match asked.await {
        Ok(response) => Ok(response),
        Err(rejection) => sockets::refuse(&rejection, subprotocol).map_err(ours),
    }
}

/// `GET /tracking/driver/{id}`
pub async fn read(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let (id, _) = known(request, id, config).await?;
    DriverRequest::Read.ask(env, &id, None, None).await
}

/// `PUT /drivers/{id}/duty`
pub async fn duty(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read(&mut request).await;
    let (id, _) = known(&request, id, config).await?;
    let body = body?;
    parse_duty(&input::json(&body)?)?;
    DriverRequest::SetDuty.ask(env, &id, None, Some(body)).await
}

/// `PUT /drivers/{id}/deliveries`
pub async fn order(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read(&mut request).await;
    let (id, by) = known(&request, id, config).await?;
    if by.role == Role::Driver {
        return Err(Rejection::Forbidden("the order of stops is the dispatcher's".into()));
    }
    let body = body?;
    parse_order(&input::json(&body)?)?;
    DriverRequest::Order.ask(env, &id, None, Some(body)).await
}

/// `GET /drivers`
pub async fn list(request: &Request, env: &Env, config: &Config<'_>) -> Answer {
    let by = known_caller(request, config).await?;
    if !matches!(by.role, Role::Dispatcher | Role::Admin) {
        return Err(Rejection::Forbidden("the list of drivers is for dispatchers and admins".into()));
    }
    let query = super::query(request)?;
    let near = query("near").map(|near| parse_near(&near)).transpose()?;
    let available = match query("available").as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Rejection::invalid("available", "available must be true or false")),
    };
    let drivers = Roster::of(env).map_err(ours)?.drivers(near, available).await.map_err(ours)?;
    json_reply(&json!({ "drivers": drivers }), 200)
}

/// The driver in the path, and the caller, who may act for it.
pub async fn known(request: &Request, id: &str, config: &Config<'_>) -> Result<(String, Caller), Rejection> {
    let by = known_caller(request, config).await?;
    let id = named(id)?;
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
