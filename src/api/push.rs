//! `/push`: the key of the sender, and who wants push messages.

use onway_core::access::Look;
use onway_core::auth::Role;
use onway_core::etag;
use onway_core::notice::push::{self, SUBSCRIPTIONS_MAX, Subscribe};
use onway_core::rejection::Rejection;
use onway_core::visibility::Audience;
use serde_json::json;
use wasm_bindgen::JsValue;
use worker::Response;

use super::asked::Asked;
use super::links;
use super::tracking::known_id;
use crate::archive::{BINDING, number};
use crate::contract::{Ask, DeliveryRequest};
use crate::d1::{self, or_null};
use crate::identity::wall;
use crate::notify::webhook::normalized;
use crate::problem::{Answer, ours};
use crate::reply;

/// Again by the same endpoint it changes the row; a new one finds room, or nothing is written.
const WRITE: &str = "
    INSERT INTO push (id, tracking_id, driver_id, party, link, endpoint, p256dh, auth, kinds, language, created)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
    WHERE (SELECT count(*) FROM push WHERE id <> ?1 AND (tracking_id = ?2 OR driver_id = ?3)) < ?12
    ON CONFLICT (id) DO UPDATE SET party = excluded.party, link = excluded.link, p256dh = excluded.p256dh,
        auth = excluded.auth, kinds = excluded.kinds, language = excluded.language, created = excluded.created";

/// `GET /push/key`
pub fn key(asked: &Asked<'_>) -> Answer {
    reply::json(&json!({"key": asked.config.vapid()?.key}), 200)
}

/// `POST` and `DELETE /push/subscriptions`
pub async fn subscriptions(asked: &mut Asked<'_>) -> Answer {
    let (by, body) = (asked.by.take(), asked.json());
    let database = asked.env.d1(BINDING).map_err(ours)?;
    if asked.method() == "DELETE" {
        // Nobody but the browser and we know the endpoint.
        let (endpoint, tracking_id) = push::parse_end(&body?.1)?;
        let sql = "DELETE FROM push WHERE endpoint = ?1 AND (?2 IS NULL OR tracking_id = ?2)";
        let bindings = [endpoint.into(), or_null(tracking_id.as_deref())];
        d1::run(&database.prepare(sql).bind(&bindings).map_err(ours)?).await.map_err(ours)?;
        return Ok(Response::empty().map_err(ours)?.with_status(204));
    }
    asked.config.vapid()?;
    let wanted = Subscribe::parse(&body?.1)?;
    if let Err(why) = normalized(&wanted.endpoint, &asked.config) {
        return Err(Rejection::invalid("subscription.endpoint", format!("subscription.endpoint {why}")));
    }
    let mut link = None;
    let (about, party) = match &wanted.tracking_id {
        None => {
            let by = by.ok_or(Rejection::Unauthenticated)?;
            if by.role != Role::Driver {
                return Err(Rejection::invalid("tracking_id", "tracking_id is required but of drivers"));
            }
            (by.subject, "driver".to_owned())
        }
        Some(id) => {
            let id = known_id(id, &asked.config)?;
            link = links::presented(asked, &id)?;
            let read =
                DeliveryRequest::Read { by, if_none_match: None, link: link.clone(), look: Some(Look::Read) };
            let answer = read.ask(asked.env, id.as_str(), None, None).await?;
            if answer.status_code() != 200 {
                return Ok(answer);
            }
            let tag = answer.headers().get("ETag").map_err(ours)?.unwrap_or_default();
            let party = match etag::audience(&tag).ok_or(Rejection::Internal)? {
                Audience::Driver => {
                    return Err(Rejection::invalid("tracking_id", "a driver leaves tracking_id out"));
                }
                Audience::Public if link.is_some() => "link",
                audience => audience.name(),
            };
            (id.as_str().to_owned(), party.to_owned())
        }
    };
    let id = push::subscription_id(&about, &wanted.endpoint);
    let kinds: Vec<_> = wanted.kinds.iter().map(|kind| kind.name()).collect();
    let (tracking_id, driver_id) = if party == "driver" { (None, Some(about)) } else { (Some(about), None) };
    let row: [JsValue; 12] = [
        id.as_str().into(),
        or_null(tracking_id.as_deref()),
        or_null(driver_id.as_deref()),
        party.into(),
        or_null(link.as_deref()),
        wanted.endpoint.into(),
        wanted.p256dh.into(),
        wanted.auth.into(),
        json!(kinds).to_string().into(),
        wanted.language.into(),
        number(wall()),
        SUBSCRIPTIONS_MAX.into(),
    ];
    let written = d1::run(&database.prepare(WRITE).bind(&row).map_err(ours)?).await.map_err(ours)?;
    if d1::changes(&written) == 0 {
        let why = format!("there are {SUBSCRIPTIONS_MAX} subscriptions already: end one");
        return Err(Rejection::Conflict(why));
    }
    reply::json(&json!({"id": id, "kinds": kinds}), 201)
}

/// Encrypts with the keys and the salt of a test.
#[cfg(feature = "test-utils")]
pub async fn test(mut request: worker::Request) -> Answer {
    use super::asked::Body;
    use super::body;
    use onway_core::wire::input;

    let asked = input::json(&body::read(&mut request, Body::Json).await?)?;
    let text = |name: &str| asked.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let bytes = |name: &str| push::decoded(text(name)).unwrap_or_default();
    let jwk = [("kty", "EC"), ("crv", "P-256"), ("d", text("d")), ("x", text("x")), ("y", text("y"))];
    let own = crate::notify::push::crypto::Own::given(&jwk).await.map_err(ours)?;
    let sealed =
        own.seal(text("text"), &bytes("p256dh"), &bytes("auth"), &bytes("salt")).await.map_err(ours)?;
    Response::from_bytes(sealed).map_err(ours)
}
