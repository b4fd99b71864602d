//! Text messages to customers. Each is attempted once: what may have been sent is not sent again, since it would cost
//! money and annoy.

use std::time::Duration;

use onway_core::notice::message::{Errand, Fate, News, pause};
pub use onway_core::notice::sms::Message;
use onway_core::notice::sms::{Post, RETRIES, Verdict, written};
use onway_core::notice::texts::Words;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::IdKeys;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use web_sys::RequestInit;
use worker::{D1Database, Env, Error, Headers, Result};

use super::wording::Wording;
use crate::archive::{BINDING, number};
use crate::config::{Config, Sms};
use crate::d1::{self, or_null};
use crate::identity::wall;
use crate::log;
use crate::outgoing::{self, Bounds};

/// An answer of the provider is waited for so long, and read so far.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(10), bytes: 16 * 1024, any_status: true };
const DAY_MS: i64 = 86_400_000;

/// Why a message is not to be sent: null where it is.
macro_rules! refusal {
    () => {
        "CASE WHEN EXISTS (SELECT 1 FROM sms_stop WHERE number IN (SELECT value FROM json_each(?5))) THEN 'stopped'
              WHEN EXISTS (SELECT 1 FROM erasure WHERE tracking_id = ?7) THEN 'erased'
              WHEN EXISTS (SELECT 1 FROM privacy WHERE customer_id = ?6 AND opted_out = 1) THEN 'opted out'
              ELSE (SELECT 'limit of the ' || (scope.value ->> 2) FROM json_each(?3) AS scope
                  JOIN sms_count ON day = ?4 AND who = scope.value ->> 0 WHERE n >= scope.value ->> 1 LIMIT 1) END"
    };
}
const CLAIM: &str = concat!(
    "INSERT INTO sms (id, nonce, at) SELECT ?1, ?2, ?8 WHERE (",
    refusal!(),
    ") IS NULL ON CONFLICT (id) DO NOTHING"
);
const COUNT: &str = "
    INSERT INTO sms_count (day, who, n) SELECT ?4, value ->> 0, 1 FROM json_each(?3)
    WHERE EXISTS (SELECT 1 FROM sms WHERE id = ?1 AND nonce = ?2)
    ON CONFLICT (day, who) DO UPDATE SET n = n + 1";
const OUTCOME: &str = concat!(
    "SELECT CASE WHEN nonce = ?2 THEN '' WHEN nonce IS NOT NULL THEN 'attempted before' ELSE ",
    refusal!(),
    " END AS why FROM (SELECT (SELECT nonce FROM sms WHERE id = ?1) AS nonce)"
);
const RELEASE: &str = "DELETE FROM sms WHERE id = ?1 AND nonce = ?2";
const DISCOUNT: &str = "
    UPDATE sms_count SET n = n - 1 WHERE day = ?2 AND who IN (SELECT value ->> 0 FROM json_each(?1))";
const STOP: &str = "INSERT INTO sms_stop (number, at) VALUES (?1, ?2) ON CONFLICT (number) DO NOTHING";
const START: &str = "DELETE FROM sms_stop WHERE number IN (SELECT value FROM json_each(?1))";

/// The message that an event is told by, if any. What is configured wrongly is logged, and keeps no other channel.
pub fn wanted(news: &News, env: &Env) -> Option<Errand> {
    let config = Config::new(env);
    message(news, &config).unwrap_or_else(|error| {
        log::error("sms", error);
        None
    })
}

fn message(news: &News, config: &Config<'_>) -> std::result::Result<Option<Errand>, Rejection> {
    let Some(sms) = config.sms()? else { return Ok(None) };
    let Some(to) = sms.rules.number(news) else { return Ok(None) };
    let wording = Wording::of(config)?;
    let page = config.public_url();
    if page.is_none() {
        log::warn("sms", "PUBLIC_URL is not set: texts have no link");
    }
    let link = page.filter(|_| news.is_public).map(|public| format!("{public}/track/{}", news.tracking_id));
    let eta = news.eta_at.and_then(|at| wording.time(at));
    let words = Words {
        operator: &wording.operator,
        order_id: &news.order_id,
        eta: eta.as_deref(),
        link: link.as_deref(),
    };
    let text = written(news, &wording.texts, wording.language, &words);
    let message = |text| Message {
        id: news.id.clone(),
        to: to.to_owned(),
        text,
        store_id: news.store_id.clone(),
        starter: news.starter.clone(),
        customer_id: news.customer_id.clone(),
        tracking_id: news.tracking_id.clone(),
        tries: 0,
    };
    Ok(text.map(|text| Errand::Sms(message(text))))
}

/// Sends a message, unless something speaks against it.
pub async fn carry_out(message: &Message, env: &Env) -> Result<Fate> {
    let config = Config::new(env);
    let Some(sms) = config.sms().map_err(failed)? else { return Ok(Fate::Over) };
    let d1 = env.d1(BINDING)?;
    let claim = Claim::new(message, &config.id_keys().map_err(failed)?, &sms)?;
    if let Some(why) = claim.make(&d1).await? {
        log::warn("sms", format!("{} is not sent: {why}", message.id));
        return Ok(Fate::Over);
    }
    let verdict = match send(&sms.provider.request(&message.to, &message.text)).await {
        Ok((status, body)) => sms.provider.judge(status, &body),
        // It may have been sent.
        Err(error) => {
            log::warn("sms", format!("{} is not sent again: {error}", message.id));
            return Ok(Fate::Over);
        }
    };
    match verdict {
        Verdict::Sent => {}
        Verdict::Stopped => note(env, &message.to, false).await?,
        Verdict::Refused(code) => log::warn("sms", format!("{} was refused: {code}", message.id)),
        Verdict::Again => {
            claim.release(&d1).await?;
            let luck = js_sys::Math::random();
            match pause(&RETRIES, message.tries + 1, luck) {
                Some(secs) => return Ok(Fate::Again { secs }),
                None => log::warn("sms", format!("{} is given up: the provider is away", message.id)),
            }
        }
    }
    Ok(Fate::Over)
}

/// Notes whether somebody wants to hear more.
pub async fn note(env: &Env, phone: &str, wants: bool) -> Result<()> {
    let names = Config::new(env).id_keys().map_err(failed)?.number_names(phone);
    let database = env.d1(BINDING)?;
    let statement = match wants {
        true => database.prepare(START).bind(&[serde_json::to_string(&names)?.into()])?,
        false => database.prepare(STOP).bind(&[names.first().into(), number(wall())])?,
    };
    d1::run(&statement).await.map(drop)
}

/// The right to send a message: its row, which nobody else has.
struct Claim([JsValue; 8]);

impl Claim {
    fn new(message: &Message, keys: &IdKeys, sms: &Sms) -> Result<Self> {
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(|error| Error::RustError(error.to_string()))?;
        let now = wall();
        let names = keys.number_names(&message.to);
        let who = names.first().map(String::as_str).unwrap_or_default();
        let store = message.store_id.as_deref().unwrap_or_default();
        let mut scopes = vec![
            json!([format!("number {who}"), sms.per_number, "number"]),
            json!([format!("store {store}"), sms.per_store, "store"]),
            json!(["all", sms.per_day, "day"]),
        ];
        if let Some(starter) = &message.starter {
            scopes.push(json!([format!("by {}", keys.starter_name(starter)), sms.per_starter, "starter"]));
        }
        Ok(Self([
            message.id.as_str().into(),
            base16ct::lower::encode_string(&nonce).into(),
            Value::from(scopes).to_string().into(),
            JsValue::from_f64(now.0.div_euclid(DAY_MS) as f64),
            serde_json::to_string(&names)?.into(),
            or_null(message.customer_id.as_deref()),
            message.tracking_id.as_str().into(),
            number(now),
        ]))
    }

    /// Why it is not to be had; `None` where it is.
    async fn make(&self, database: &D1Database) -> Result<Option<String>> {
        let bound =
            |sql: &str, count: usize| database.prepare(sql).bind(self.0.get(..count).unwrap_or_default());
        let statements = [bound(CLAIM, 8)?, bound(COUNT, 4)?, bound(OUTCOME, 7)?];
        let answers = d1::batch(database, &statements).await?;
        let outcome = answers.as_array().and_then(|answers| answers.last()).and_then(d1::first);
        let why = outcome.and_then(|outcome| Some(outcome.get("why")?.as_str()?.to_owned()));
        Ok(Some(why.unwrap_or_else(|| "nothing speaks against it".into())).filter(|why| !why.is_empty()))
    }

    /// Gives it back: nothing was sent.
    async fn release(&self, database: &D1Database) -> Result<()> {
        let [id, nonce, scopes, day, ..] = &self.0;
        let statements = [
            database.prepare(RELEASE).bind(&[id.clone(), nonce.clone()])?,
            database.prepare(DISCOUNT).bind(&[scopes.clone(), day.clone()])?,
        ];
        d1::batch(database, &statements).await.map(drop)
    }
}

async fn send(post: &Post) -> Result<(u16, Vec<u8>)> {
    let headers = Headers::new();
    headers.set("Authorization", &post.authorization)?;
    headers.set("Content-Type", "application/x-www-form-urlencoded")?;
    headers.set("Accept", "application/json")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(headers.as_ref());
    init.set_body(&post.form.as_str().into());
    outgoing::exchange(&post.url, &init, BOUNDS).await
}

fn failed(error: Rejection) -> Error {
    Error::RustError(error.to_string())
}
