//! `/drivers/{id}/emergency` and `/emergencies`: calls for help.

use onway_core::auth::Role;
use onway_core::rejection::Rejection;
use onway_core::wire::driver::parse_emergency;
use onway_core::wire::input;
use serde_json::json;
use worker::{Env, Request};

use super::{body, drivers};
use crate::config::Config;
use crate::contract::{Ask, DriverRequest};
use crate::identity::known_caller;
use crate::problem::{Answer, ours};
use crate::reply::json as json_reply;
use crate::roster::Roster;

/// `POST /drivers/{id}/emergency`
pub async fn raise(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read_optional(&mut request).await;
    let (id, by) = drivers::known(&request, id, config).await?;
    if by.role != Role::Driver {
        return Err(Rejection::Forbidden("a driver calls for help itself".into()));
    }
    let body = body?;
    parse_emergency(&input::json(&body)?)?;
    DriverRequest::Raise.ask(env, &id, None, Some(body)).await
}

/// `GET /emergencies`
pub async fn list(request: &Request, env: &Env, config: &Config<'_>) -> Answer {
    let by = known_caller(request, config).await?;
    let store = match (by.role, &by.store_id) {
        (Role::Dispatcher | Role::Admin, _) => None,
        (Role::Store, Some(store)) => Some(store.as_str()),
        _ => return Err(Rejection::Forbidden("emergencies are for stores, dispatchers and admins".into())),
    };
    let emergencies = Roster::of(env).map_err(ours)?.emergencies(store).await.map_err(ours)?;
    json_reply(&json!({ "emergencies": emergencies }), 200)
}

/// `POST /emergencies/{id}/acknowledge`
pub async fn acknowledge(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let by = known_caller(request, config).await?;
    if !matches!(by.role, Role::Dispatcher | Role::Admin) {
        return Err(Rejection::Forbidden("emergencies are acknowledged by dispatchers and admins".into()));
    }
    let known = Roster::of(env).map_err(ours)?.emergency(id).await.map_err(ours)?;
    let known = known.ok_or_else(|| Rejection::NotFound("there is no such emergency".into()))?;
    let asked = DriverRequest::Acknowledge { by, id: id.to_owned() };
    asked.ask(env, &known.driver_id, None, None).await
}
