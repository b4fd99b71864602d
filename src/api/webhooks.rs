//! `/webhooks`: endpoints, for admins all of them, for a store its own; what was sent, and sending it again.

use onway_core::auth::{Caller, Role};
use onway_core::clock::Millis;
use onway_core::notice::endpoint::{DEPLOYMENT_MAX, EndpointChange, FORMER_MS, STORE_MAX};
use onway_core::notice::id_of;
use onway_core::notice::message::Errand;
use onway_core::notice::signature::{MADE_BYTES, secret_of};
use onway_core::notice::webhook::{AttemptQuery, ORDER_SERVICE, PAGE_ATTEMPTS, REDELIVER_MAX, Redelivery};
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::routes::Endpoint;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use worker::{Env, Response};

use super::asked::Asked;
use crate::archive::number;
use crate::config::Config;
use crate::d1::{self, or_null, text};
use crate::identity::wall;
use crate::notify::endpoints::forget;
use crate::notify::queue::Queue;
use crate::notify::webhook::{normalized, test};
use crate::problem::{Answer, ours};
use crate::reply;

/// An endpoint as it is shown: without its secret, which is added where it is new.
macro_rules! view {
    () => {
        "json_object('id', id, 'url', url, 'events', json(kinds), 'enabled', json(iif(enabled, 'true', 'false')),
            'description', description, 'store_id', store_id, 'created_at', created / 1000,
            'failing_since', failing_since / 1000, 'disabled_reason', disabled_reason)"
    };
}

const LIST: &str = concat!(
    "SELECT json_object('endpoints', json_group_array(json(one))) AS json FROM (SELECT ",
    view!(),
    " AS one FROM endpoint WHERE ?1 IS NULL OR store_id = ?1 ORDER BY created, id LIMIT 1000)"
);
const READ: &str =
    concat!("SELECT ", view!(), " AS json FROM endpoint WHERE id = ?1 AND (?2 IS NULL OR store_id = ?2)");
const MAKE: &str = concat!(
    "INSERT INTO endpoint (id, store_id, url, kinds, secret, enabled, description, created)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE (SELECT count(*) FROM endpoint WHERE store_id IS ?2) < ?9
     RETURNING json_insert(",
    view!(),
    ", '$.secret', secret) AS json"
);
// Enabled again, it begins anew.
const CHANGE: &str = concat!(
    "UPDATE endpoint SET url = coalesce(?3, url), kinds = iif(?4, ?5, kinds), description = iif(?10, ?6, description),
        former = iif(?7 IS NULL, former, secret), former_until = iif(?7 IS NULL, former_until, ?8),
        secret = coalesce(?7, secret), enabled = coalesce(?9, enabled),
        failing_since = iif(?9 OR ?3 IS NOT NULL, NULL, failing_since), disabled_reason = iif(?9, NULL, disabled_reason)
     WHERE id = ?1 AND (?2 IS NULL OR store_id = ?2)
     RETURNING json_insert(",
    view!(),
    ", iif(?7 IS NULL, '$', '$.secret'), ?7) AS json"
);
const DELETE: &str =
    "DELETE FROM endpoint WHERE id = ?1 AND (?2 IS NULL OR store_id = ?2) RETURNING id AS json";
const ATTEMPTS: &str = "
    WITH page AS (
        SELECT a.at AS at, a.event AS event, json_object('event_id', a.event, 'type', t.kind, 'tracking_id', nullif(t.tracking_id, ''),
            'at', a.at / 1000, 'attempt', a.n, 'status', a.status, 'ms', a.ms, 'error', a.error,
            'delivered', json(iif(a.status BETWEEN 200 AND 299, 'true', 'false'))) AS one
        FROM attempt a LEFT JOIN told t ON t.endpoint = a.endpoint AND t.event = a.event
        WHERE a.endpoint = ?1 AND (?2 IS NULL OR a.event = ?2)
            AND (?3 IS NULL OR coalesce(a.status BETWEEN 200 AND 299, 0) = ?3)
            AND (?4 IS NULL OR (a.at, a.event) < (?4, ?5))
        ORDER BY a.at DESC, a.event DESC LIMIT ?6)
    SELECT json_object('attempts', (SELECT json_group_array(json(one)) FROM (SELECT one FROM page ORDER BY at DESC, event DESC)),
        'next_cursor', (SELECT at || '.' || event FROM page ORDER BY at DESC, event DESC LIMIT 1 OFFSET ?6 - 1)) AS json";
/// What is sent again is not done yet.
macro_rules! again {
    ($which:literal) => {
        concat!(
            "UPDATE told SET done = 0 WHERE endpoint = ?1 AND event IN (SELECT event FROM told WHERE endpoint = ?1 AND ",
            $which,
            " ORDER BY at LIMIT ?5)
             RETURNING at, json_object('id', event, 'kind', kind, 'tracking_id', tracking_id, 'body', body) AS json"
        )
    };
}
const AGAIN_ONE: &str = again!("event = ?2 AND ?3 IS NULL AND ?4 IS NULL");
const AGAIN_RANGE: &str = again!("at BETWEEN ?2 AND ?3 AND (?4 OR done = 0)");

#[derive(Deserialize)]
struct Row {
    at: f64,
    json: String,
}

/// All that is asked of `/webhooks`.
pub async fn answer(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let (method, scope) = (asked.method(), scope(&by)?);
    let has_body = matches!(method.as_str(), "POST" | "PATCH") && asked.endpoint != Endpoint::TestWebhook;
    let body = if has_body { asked.json()?.1 } else { Value::Null };
    let (env, id) = (asked.env, asked.id);
    let named: [JsValue; 2] = [id.into(), or_null(scope)];
    let sql = |sql: &'static str, bindings: Vec<JsValue>| async move {
        text(env, sql, &bindings).await.map_err(ours)
    };
    match (asked.endpoint, method.as_str()) {
        (Endpoint::Webhooks, "POST") => make(&body, scope, env, &asked.config).await,
        (Endpoint::Webhooks, _) => json_text(sql(LIST, vec![or_null(scope)]).await?, 200),
        (Endpoint::Webhook, "PATCH") => change(&body, named, env, &asked.config).await,
        (Endpoint::Webhook, "DELETE") => {
            sql(DELETE, named.into()).await?.ok_or_else(unknown)?;
            forget();
            Ok(Response::empty().map_err(ours)?.with_status(204))
        }
        (Endpoint::Webhook, _) => json_text(sql(READ, named.into()).await?, 200),
        _ => {
            let found = known(id, named, env).await?;
            if asked.endpoint == Endpoint::WebhookAttempts {
                return attempts(asked).await;
            }
            if found.get("enabled") == Some(&Value::Bool(false)) {
                return Err(Rejection::Conflict("this endpoint is disabled: enable it first".into()));
            }
            let store_id = found.get("store_id").and_then(Value::as_str);
            match asked.endpoint {
                Endpoint::TestWebhook if id == ORDER_SERVICE => {
                    Err(Rejection::Conflict("the order service hears of orders alone: it has no test".into()))
                }
                Endpoint::TestWebhook => send_test(id, store_id, env).await,
                _ => redeliver(&body, id, store_id, env).await,
            }
        }
    }
}

/// Whose endpoints somebody may see: `None` stands for all.
fn scope(by: &Caller) -> Result<Option<&str>, Rejection> {
    match (by.role, &by.store_id) {
        (Role::Admin, _) => Ok(None),
        (Role::Store, Some(store)) => Ok(Some(store)),
        _ => Err(Rejection::Forbidden("webhooks are for admins, and a store's own for the store".into())),
    }
}

fn unknown() -> Rejection {
    Rejection::NotFound("there is no such endpoint".into())
}

/// JSON that D1 has written.
fn json_text(text: Option<String>, status: u16) -> Answer {
    Ok(reply::personal(text.ok_or_else(unknown)?, "application/json")?.with_status(status))
}

/// The endpoint of this name. The order service is one for admins.
async fn known(id: &str, named: [JsValue; 2], env: &Env) -> Result<Value, Rejection> {
    if id == ORDER_SERVICE && named.get(1).is_some_and(JsValue::is_null) {
        return Ok(Value::Null);
    }
    let found = text(env, READ, &named).await.map_err(ours)?.ok_or_else(unknown)?;
    own_json::read(found.as_bytes()).map_err(|_| Rejection::Internal)
}

async fn make(body: &Value, scope: Option<&str>, env: &Env, config: &Config<'_>) -> Answer {
    let asked = EndpointChange::parse_new(body)?;
    let store_id = match (scope, asked.store_id.as_deref()) {
        (None, given) => given,
        (Some(own), None) => Some(own),
        (Some(own), Some(given)) if own == given => Some(own),
        _ => return Err(Rejection::Forbidden("a store has endpoints of its own alone".into())),
    };
    let url = permitted(asked.url.as_deref().unwrap_or_default(), config)?;
    let most = if store_id.is_some() { STORE_MAX } else { DEPLOYMENT_MAX };
    let id = format!("ep_{}", base16ct::lower::encode_string(&random::<12>()?));
    let bindings: [JsValue; 9] = [
        id.into(),
        or_null(store_id),
        url.into(),
        kinds(asked.events.flatten()),
        secret(asked.secret.flatten())?.into(),
        i32::from(asked.enabled.unwrap_or(true)).into(),
        or_null(asked.description.flatten().as_deref()),
        number(wall()),
        most.into(),
    ];
    let made = text(env, MAKE, &bindings).await.map_err(ours)?;
    forget();
    match made {
        Some(made) => json_text(Some(made), 201),
        None => Err(Rejection::Conflict(format!("there are {most} endpoints already"))),
    }
}

async fn change(body: &Value, named: [JsValue; 2], env: &Env, config: &Config<'_>) -> Answer {
    let asked = EndpointChange::parse(body)?;
    let url = asked.url.as_deref().map(|url| permitted(url, config)).transpose()?;
    let secret = asked.secret.map(secret).transpose()?;
    let [id, scope] = named;
    let bindings: [JsValue; 10] = [
        id,
        scope,
        or_null(url.as_deref()),
        i32::from(asked.events.is_some()).into(),
        kinds(asked.events.flatten()),
        or_null(asked.description.as_ref().and_then(Option::as_deref)),
        or_null(secret.as_deref()),
        number(wall().plus(FORMER_MS)),
        asked.enabled.map_or(JsValue::NULL, |enabled| i32::from(enabled).into()),
        i32::from(asked.description.is_some()).into(),
    ];
    let changed = text(env, CHANGE, &bindings).await.map_err(ours)?;
    forget();
    json_text(changed, 200)
}

async fn attempts(asked: &Asked<'_>) -> Answer {
    let query = AttemptQuery::parse(asked.query()?)?;
    let (at, event) = query.after.unzip();
    let bindings: [JsValue; 6] = [
        asked.id.into(),
        or_null(query.event.as_deref()),
        query.taken.map_or(JsValue::NULL, |taken| i32::from(taken).into()),
        at.map_or(JsValue::NULL, |at| number(Millis(at))),
        or_null(event.as_deref()),
        PAGE_ATTEMPTS.into(),
    ];
    json_text(text(asked.env, ATTEMPTS, &bindings).await.map_err(ours)?, 200)
}

async fn send_test(id: &str, store_id: Option<&str>, env: &Env) -> Answer {
    let event = id_of(&["test", &base16ct::lower::encode_string(&random::<12>()?)]);
    send(&[test(id, store_id, &event)], env).await?;
    reply::json(&json!({ "event_id": event }), 202)
}

async fn redeliver(body: &Value, id: &str, store_id: Option<&str>, env: &Env) -> Answer {
    let asked = Redelivery::parse(body)?;
    let (sql, which): (_, [JsValue; 3]) = match &asked {
        Redelivery::Event(event) => (AGAIN_ONE, [event.as_str().into(), JsValue::NULL, JsValue::NULL]),
        Redelivery::Range { from, to, all } => {
            (AGAIN_RANGE, [number(Millis(*from)), number(Millis(*to)), i32::from(*all).into()])
        }
    };
    let [first, second, third] = which;
    let bindings = [id.into(), first, second, third, REDELIVER_MAX.into()];
    let d1 = env.d1(crate::archive::BINDING).map_err(ours)?;
    let query = d1.prepare(sql).bind(&bindings).map_err(ours)?;
    let rows: Vec<Row> = d1::rows(&d1::all(&query).await.map_err(ours)?).map_err(ours)?;
    let errands: Vec<Errand> = rows.iter().filter_map(|row| errand(row, id, store_id)).collect();
    if errands.is_empty() && matches!(asked, Redelivery::Event(_)) {
        return Err(Rejection::NotFound("this endpoint was not told of such an event".into()));
    }
    send(&errands, env).await?;
    let count = errands.len();
    let last = rows.iter().map(|row| row.at).reduce(f64::max).filter(|_| count == REDELIVER_MAX as usize);
    let next_from = last.map(|at| at / 1000.0);
    reply::json(&json!({ "count": count, "more": last.is_some(), "next_from": next_from }), 202)
}

/// The errand of a row that is sent again.
fn errand(row: &Row, endpoint: &str, store_id: Option<&str>) -> Option<Errand> {
    let mut told = own_json::read::<Value>(row.json.as_bytes()).ok()?;
    let errand = told.as_object_mut()?;
    errand.insert("do".into(), "webhook".into());
    errand.insert("endpoint".into(), endpoint.into());
    errand.insert("store_id".into(), store_id.into());
    errand.insert("tries".into(), 0.into());
    own_json::of(&told).ok()
}

async fn send(errands: &[Errand], env: &Env) -> Result<(), Rejection> {
    if !Queue::is_bound(env) {
        return Err(Rejection::NotOffered("this deployment has no queue, and tells nobody".into()));
    }
    Queue::of(env).map_err(ours)?.send(errands, 0).await.map_err(ours)
}

fn permitted(url: &str, config: &Config<'_>) -> Result<String, Rejection> {
    normalized(url, config).map_err(|why| Rejection::invalid("url", format!("url {why}")))
}

fn kinds(kinds: Option<Vec<&str>>) -> JsValue {
    kinds.map_or(JsValue::NULL, |kinds| json!(kinds).to_string().into())
}

/// The secret that was given, or one that nobody knows.
fn secret(given: Option<String>) -> Result<String, Rejection> {
    given.map_or_else(|| random::<MADE_BYTES>().map(|bytes| secret_of(&bytes)), Ok)
}

fn random<const N: usize>() -> Result<[u8; N], Rejection> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Rejection::Internal)?;
    Ok(bytes)
}
