//! Push messages: who wants one of an event, and sending it. What is subscribed to is a table of D1.

pub mod crypto;

use std::time::Duration;

use onway_core::geofence::FencedPlace;
use onway_core::notice::Kind;
use onway_core::notice::message::{Errand, Fate, News, lengthened, pause};
use onway_core::notice::push::{self, PAYLOAD_MAX, PAYLOAD_SHORT, Said};
use onway_core::notice::texts::{Audience, Language, Words};
use onway_core::rejection::Rejection;
use onway_core::wire::input;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use worker::{D1Database, Env, Headers, Result};

use super::wording::Wording;
use crate::archive::BINDING;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::d1::{self, or_null};
use crate::identity::wall;
use crate::{log, outgoing};

/// A push service that takes longer has not taken it.
const PATIENCE: Duration = Duration::from_secs(10);

const WHO: &str = "
    SELECT json_group_array(json_object('id', id, 'driver_id', driver_id, 'party', party, 'kinds', kinds, 'language', language)) AS json
    FROM push WHERE (tracking_id = ?1 OR driver_id = ?2 OR driver_id = ?3)
        AND NOT EXISTS (SELECT 1 FROM erasure WHERE tracking_id = ?1)";
const ONE: &str = "
    SELECT json_object('tracking_id', tracking_id, 'party', party, 'link', link, 'endpoint', endpoint, 'p256dh', p256dh,
        'auth', auth) AS json
    FROM push WHERE id = ?";

/// An errand for each subscription of the delivery, its driver, and the driver that it was taken from.
pub async fn wanted(news: &News, env: &Env) -> Result<Vec<Errand>> {
    let config = Config::new(env);
    match config.vapid() {
        Ok(_) => {}
        Err(Rejection::Misconfigured(why)) => {
            log::error("push", why);
            return Ok(Vec::new());
        }
        Err(_) => return Ok(Vec::new()),
    }
    if !push::CUSTOMER.contains(&news.kind) && !push::DRIVER.contains(&news.kind)
        || news.place == Some(FencedPlace::Pickup)
    {
        return Ok(Vec::new());
    }
    let bindings = [
        news.tracking_id.as_str().into(),
        or_null(news.driver_id.as_deref()),
        or_null(news.former_id.as_deref()),
    ];
    let rows = read(env, WHO, &bindings).await?;
    let wording = match Wording::of(&config) {
        Ok(wording) => wording,
        Err(why) => {
            log::error("push", why);
            return Ok(Vec::new());
        }
    };
    let eta = news.eta_at.and_then(|at| wording.time(at));
    let errand = |row: &Value| {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        // Each driver hears of it what it is to that one.
        let (kind, audience) = match text("driver_id") {
            None if matches!(text("party"), Some("store" | "operator")) || news.is_for_outside => {
                (news.kind, Audience::Customer)
            }
            None => return None,
            // Of who has it now nothing was taken, however late it is heard that another's was.
            Some(driver) if news.kind == Kind::Declined && news.former_id.as_deref() != Some(driver) => {
                return None;
            }
            Some(driver) if news.former_id.as_deref() == Some(driver) => (Kind::Declined, Audience::Driver),
            Some(_) => (news.kind, Audience::Driver),
        };
        text("kinds").filter(|kinds| kinds.contains(&format!("\"{}\"", kind.name())))?;
        let words = Words {
            operator: &wording.operator,
            order_id: &news.order_id,
            eta: eta.as_deref(),
            ..Words::default()
        };
        let language = Language::from_tag(text("language").unwrap_or_default());
        let said = wording.texts.text(kind, news.place, audience, language, &words)?;
        let url = match audience {
            Audience::Customer => format!("/track/{}", news.tracking_id),
            Audience::Driver => "/drive".into(),
        };
        let message = json!({
            "title": said.title, "body": said.body, "url": url, "tag": news.tracking_id, "kind": kind.name(),
            "tracking_id": news.tracking_id, "seq": news.seq,
        });
        Some(Errand::Push {
            subscription: text("id")?.to_owned(),
            id: news.id.clone(),
            payload: push::payload(message, PAYLOAD_MAX),
            tries: 0,
        })
    };
    Ok(rows.as_array().into_iter().flatten().filter_map(errand).collect())
}

/// Of what has ended for everybody nobody is told any more.
pub async fn forget(tracking_id: &str, env: &Env) -> Result<()> {
    let query = env.d1(BINDING)?.prepare("DELETE FROM push WHERE tracking_id = ?");
    d1::run(&query.bind(&[tracking_id.into()])?).await.map(drop)
}

/// Encrypts and sends one message.
pub async fn carry_out(subscription: &str, payload: &str, tries: u32, env: &Env) -> Result<Fate> {
    let database = env.d1(BINDING)?;
    let row = read(env, ONE, &[subscription.into()]).await?;
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let config = Config::new(env);
    let Ok(vapid) = config.vapid() else { return Ok(Fate::Over) };
    let Ok(url) = web_sys::Url::new(text("endpoint")) else { return Ok(Fate::Over) };
    if matches!(text("party"), "public" | "link") {
        // Nobody vouches for them: what the delivery shows them now is what they may be told.
        let link = row.get("link").and_then(Value::as_str).map(str::to_owned);
        let asked = DeliveryRequest::Read { by: None, if_none_match: None, link, look: None };
        match asked.ask(env, text("tracking_id"), None, None).await.map(|answer| answer.status_code()) {
            Ok(200) => {}
            Ok(401 | 403 | 410) => return end(&database, subscription).await,
            _ => return Ok(later(&config, tries, None)),
        }
    }
    let (mut payload, mut is_short) = (payload.to_owned(), false);
    loop {
        let mut salt = [0; push::SECRET];
        getrandom::fill(&mut salt).map_err(|error| error.to_string())?;
        let keys = push::decoded(text("p256dh")).zip(push::decoded(text("auth"))).unwrap_or_default();
        let own = crypto::Own::fresh().await?;
        let Ok(sealed) = own.seal(&payload, &keys.0, &keys.1, &salt).await else {
            log::warn("push", "the key of a subscription is none: it is removed");
            return end(&database, subscription).await;
        };
        let message = input::json(payload.as_bytes()).unwrap_or_default();
        let member = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
        let carried = push::carriage(Kind::named(member("kind")), member("tracking_id"));
        let headers = Headers::new();
        for (name, value) in [
            ("Authorization", crypto::authorization(&vapid, &url.origin(), wall()).await?.as_str()),
            ("Content-Encoding", "aes128gcm"),
            ("Content-Type", "application/octet-stream"),
            ("TTL", &carried.ttl.to_string()),
            ("Urgency", carried.urgency),
            ("Topic", &carried.topic),
        ] {
            headers.set(name, value)?;
        }
        let bytes = js_sys::Uint8Array::from(sealed.as_slice());
        let answered = match outgoing::post(&url.href(), &headers, &bytes, PATIENCE).await {
            Ok(answered) => answered,
            Err(error) => {
                log::warn("push", error);
                return Ok(later(&config, tries, None));
            }
        };
        match push::said(answered.status) {
            Said::Taken => return Ok(Fate::Over),
            Said::Gone => return end(&database, subscription).await,
            Said::Later => {
                return Ok(later(&config, tries, answered.retry_after.as_deref()));
            }
            Said::TooLarge if !is_short => {
                (payload, is_short) = (push::payload(message, PAYLOAD_SHORT), true);
            }
            Said::TooLarge | Said::Refused => {
                log::warn("push", format!("a push service answered {}", answered.status));
                return Ok(Fate::Over);
            }
        }
    }
}

fn later(config: &Config<'_>, tries: u32, retry_after: Option<&str>) -> Fate {
    match pause(&config.push_retries(), tries + 1, js_sys::Math::random()) {
        Some(secs) => Fate::Again { secs: lengthened(secs, retry_after) },
        None => {
            log::warn("push", "a message was not taken in time: it is dropped");
            Fate::Over
        }
    }
}

async fn end(database: &D1Database, subscription: &str) -> Result<Fate> {
    d1::run(&database.prepare("DELETE FROM push WHERE id = ?").bind(&[subscription.into()])?).await?;
    Ok(Fate::Over)
}

/// The JSON that a query makes; null where it finds nothing.
async fn read(env: &Env, sql: &str, bindings: &[JsValue]) -> Result<Value> {
    let text = d1::text(env, sql, bindings).await?;
    Ok(text.and_then(|text| input::json(text.as_bytes()).ok()).unwrap_or_default())
}
