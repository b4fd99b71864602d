//! `/drivers/{id}/emergency` and `/emergencies`: calls for help.

use onway_core::auth::Role;
use onway_core::rejection::Rejection;
use onway_core::wire::driver::parse_emergency;
use serde_json::json;

use super::asked::{Asked, Handled};
use super::drivers;
use crate::contract::{Ask, DriverRequest};
use crate::problem::{Answer, ours};
use crate::reply::json as json_reply;
use crate::roster::Roster;

/// `POST /drivers/{id}/emergency`
pub fn raise<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let (id, by) = drivers::known(asked)?;
    if by.role != Role::Driver {
        return Err(Rejection::Forbidden("a driver calls for help itself".into()));
    }
    let (body, json) = asked.json()?;
    parse_emergency(&json)?;
    Ok(DriverRequest::Raise.ask(asked.env, &id, None, Some(body)))
}

/// `GET /emergencies`
pub async fn list(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let store = match (by.role, &by.store_id) {
        (Role::Dispatcher | Role::Admin, _) => None,
        (Role::Store, Some(store)) => Some(store.as_str()),
        _ => return Err(Rejection::Forbidden("emergencies are for stores, dispatchers and admins".into())),
    };
    let emergencies = Roster::of(asked.env).map_err(ours)?.emergencies(store).await.map_err(ours)?;
    json_reply(&json!({ "emergencies": emergencies }), 200)
}

/// `POST /emergencies/{id}/acknowledge`
pub async fn acknowledge(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    if !matches!(by.role, Role::Dispatcher | Role::Admin) {
        return Err(Rejection::Forbidden("emergencies are acknowledged by dispatchers and admins".into()));
    }
    let known = Roster::of(asked.env).map_err(ours)?.emergency(asked.id).await.map_err(ours)?;
    let known = known.ok_or_else(|| Rejection::NotFound("there is no such emergency".into()))?;
    let request = DriverRequest::Acknowledge { by, id: asked.id.to_owned() };
    request.ask(asked.env, &known.driver_id, None, None).await
}
