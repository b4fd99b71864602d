//! D1's endpoints, and what was told to each. The schema is in `migrations`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use onway_core::clock::Millis;
use onway_core::notice::webhook::{FAILING_MS, Verdict};
use onway_core::own_json;
use serde::Deserialize;
use wasm_bindgen::JsValue;
use worker::{Env, Error, Result};

use crate::archive::{BINDING, number};
use crate::config::Config;
use crate::d1::{self, or_null, text};
use crate::identity::wall;

/// Stores whose endpoints an isolate remembers.
const STORES_MAX: usize = 500;

const READ: &str = "
    SELECT json_group_array(json_object('id', id, 'url', url, 'kinds', json(kinds), 'secret', secret,
        'former', iif(former_until > ?2, former, NULL))) AS json
    FROM endpoint WHERE enabled = 1 AND store_id IS ?1";

// Of what has been erased nothing comes back.
const TOLD: &str = "
    INSERT INTO told (endpoint, event, kind, tracking_id, at, body, done) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
    WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE tracking_id = ?4)
    ON CONFLICT (endpoint, event) DO UPDATE SET done = 1 WHERE excluded.done = 1";
const ATTEMPT: &str = "
    INSERT INTO attempt (endpoint, at, event, n, status, ms, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT DO NOTHING";
const TAKEN: &str = "UPDATE endpoint SET failing_since = NULL WHERE id = ?1 AND failing_since IS NOT NULL";
/// The first writes only where that is new. The second, where an event is given up: a receiver that starts again
/// after days of quiet is not judged by one attempt. Its changes are looked at.
const FAILED: [&str; 2] = [
    "UPDATE endpoint SET failing_since = ?2 WHERE id = ?1 AND failing_since IS NULL",
    "UPDATE endpoint SET enabled = 0, disabled_reason = 'nothing but failures for five days'
     WHERE id = ?1 AND enabled = 1 AND failing_since < ?2 - ?3",
];
const GONE: &str = "
    UPDATE endpoint SET enabled = 0, disabled_reason = 'it answered 410 Gone' WHERE id = ?1 AND enabled = 1";
const IS_OVER: &str = "
    SELECT '1' AS json FROM told WHERE endpoint = ?1 AND event = ?2 AND done = 1 UNION ALL
    SELECT '1' FROM erasure WHERE tracking_id = ?3 LIMIT 1";

/// Where webhooks go.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    pub id: String,
    pub url: String,
    pub kinds: Option<Vec<String>>,
    pub secret: Option<String>,
    /// The one before, while it signs too.
    pub former: Option<String>,
}

/// An attempt that has been made.
pub struct Attempt<'a> {
    pub endpoint: &'a str,
    pub event: &'a str,
    pub kind: &'a str,
    pub tracking_id: &'a str,
    pub body: &'a str,
    pub began: Millis,
    pub n: u32,
    /// Whether the event is given up if this one has failed.
    pub is_last: bool,
    pub status: Option<u16>,
    pub error: Option<&'a str>,
}

type Known = BTreeMap<Option<String>, (Millis, Rc<Vec<Target>>)>;

thread_local! {
    static KNOWN: RefCell<Known> = const { RefCell::new(BTreeMap::new()) };
    /// How often what is known was forgotten.
    static CHANGES: Cell<u32> = const { Cell::new(0) };
}

/// The enabled endpoints of a store, or of the deployment, as they were a few seconds ago.
pub async fn of(env: &Env, store_id: Option<&str>) -> Result<Rc<Vec<Target>>> {
    let (now, fresh) = (wall(), Config::new(env).webhooks_cache());
    let known = KNOWN.with_borrow(|known| known.get(&store_id.map(str::to_owned)).cloned());
    match known.filter(|(at, _)| now.0 - at.0 < fresh) {
        Some((_, targets)) => Ok(targets),
        None => read(env, store_id).await,
    }
}

/// The enabled endpoints of a store, or of the deployment, as they are.
pub async fn read(env: &Env, store_id: Option<&str>) -> Result<Rc<Vec<Target>>> {
    let (now, changes) = (wall(), CHANGES.get());
    let read = text(env, READ, &[or_null(store_id), number(now)]).await?.unwrap_or_default();
    let targets: Rc<Vec<Target>> =
        Rc::new(own_json::read(read.as_bytes()).map_err(|error| Error::RustError(error.to_string()))?);
    // What was read before a change is not what is there after it.
    if CHANGES.get() == changes {
        KNOWN.with_borrow_mut(|known| {
            if known.len() >= STORES_MAX {
                known.clear();
            }
            known.insert(store_id.map(str::to_owned), (now, Rc::clone(&targets)));
        });
    }
    Ok(targets)
}

/// Whatever is known may have changed.
pub fn forget() {
    KNOWN.with_borrow_mut(BTreeMap::clear);
    CHANGES.set(CHANGES.get().wrapping_add(1));
}

/// Whether the endpoint has taken the event, or its delivery has been erased.
pub async fn is_over(env: &Env, endpoint: &str, event: &str, tracking_id: &str) -> Result<bool> {
    Ok(text(env, IS_OVER, &[endpoint.into(), event.into(), tracking_id.into()]).await?.is_some())
}

/// Notes an attempt and what follows from it, all or nothing. Whether the endpoint is disabled by it.
pub async fn note(env: &Env, attempt: &Attempt<'_>) -> Result<bool> {
    let database = env.d1(BINDING)?;
    let (endpoint, event) = (JsValue::from(attempt.endpoint), JsValue::from(attempt.event));
    let now = wall();
    let verdict = Verdict::of(attempt.status);
    let done = f64::from(u8::from(verdict == Verdict::Taken));
    let told: [JsValue; 7] = [
        endpoint.clone(),
        event.clone(),
        attempt.kind.into(),
        attempt.tracking_id.into(),
        number(attempt.began),
        attempt.body.into(),
        done.into(),
    ];
    let made: [JsValue; 7] = [
        endpoint.clone(),
        number(attempt.began),
        event,
        attempt.n.into(),
        attempt.status.map_or(JsValue::NULL, JsValue::from),
        number(Millis(now.0 - attempt.began.0)),
        or_null(attempt.error),
    ];
    let mut statements = vec![database.prepare(TOLD).bind(&told)?, database.prepare(ATTEMPT).bind(&made)?];
    let bindings = [endpoint, number(now), number(Millis(FAILING_MS))];
    let (follows, count): (&[&str], usize) = match verdict {
        Verdict::Taken => (&[TAKEN], 1),
        Verdict::Gone => (&[GONE], 1),
        Verdict::Failed if attempt.is_last => (&FAILED, 2),
        Verdict::Failed => (&FAILED[..1], 2),
    };
    for (at, sql) in follows.iter().enumerate() {
        statements.push(database.prepare(*sql).bind(bindings.get(..count + at).unwrap_or_default())?);
    }
    let answers = d1::batch(&database, &statements).await?;
    let changed = answers.as_array().and_then(|answers| answers.last()).map_or(0, d1::changes);
    let may_disable = verdict == Verdict::Gone || verdict == Verdict::Failed && attempt.is_last;
    let is_disabled = may_disable && changed > 0;
    if is_disabled {
        forget();
    }
    Ok(is_disabled)
}
