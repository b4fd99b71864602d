//! Erasing what is held outside the objects: of one delivery, and what of a driver is in the deliveries of others.

use onway_core::clock::Millis;
use onway_core::tracking_id::TrackingId;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use worker::{D1Database, Env, Result};

use crate::archive::{BINDING, figures, number};
use crate::config::Config;
use crate::identity::wall;

/// So long the platform's own backups go back, in days: D1's Time Travel and the objects' point-in-time recovery.
const BACKUP_DAYS: i64 = 30;
/// The proofs of deliveries, where there is such a bucket: their keys begin with the tracking id.
const PROOFS: &str = "PROOFS";
/// Most lists of proofs that are gone through: each has up to 1,000.
const LISTS: usize = 10;

/// What D1 holds of one delivery: its name in the receipt, and what erases it. `?1` is the tracking
/// id. What later comes to hold something of a delivery adds its line.
const STEPS: [(&str, &str); 3] = [
    ("positions", "DELETE FROM chunk WHERE tracking_id = ?1"),
    ("access_log", "DELETE FROM access WHERE tracking_id = ?1"),
    ("summary", "DELETE FROM delivery WHERE tracking_id = ?1"),
];

macro_rules! driven {
    () => {
        "(SELECT tracking_id FROM delivery WHERE driver_id = ?1 AND closed IS NOT NULL ORDER BY tracking_id LIMIT ?2)"
    };
}
/// The same for a driver's deliveries that others have a part in: whose it was, the way, and notes. `?1` is the
/// driver, `?2` how many deliveries at a time.
const OF_DRIVER: [&str; 5] = [
    concat!("DELETE FROM chunk WHERE tracking_id IN ", driven!()),
    concat!(
        "UPDATE delivery SET driver_id = NULL, timeline = (SELECT json_group_array(json_object('status', value ->> 'status',
            'at', value -> 'at', 'note', NULL, 'reason', NULL)) FROM json_each(delivery.timeline)) WHERE tracking_id IN ",
        driven!()
    ),
    "UPDATE delivery SET timeline = replace(replace(timeline,
         'declined by ' || trim(json_quote(?1), '\"') || ': ', 'declined: '),
         'declined by ' || trim(json_quote(?1), '\"') || '\"', 'declined\"')
     WHERE instr(timeline, 'declined by ' || trim(json_quote(?1), '\"')) > 0 AND ?2 > 0",
    "DELETE FROM emergency WHERE driver_id = ?1 AND ?2 > 0",
    "DELETE FROM driver WHERE driver_id = ?1 AND ?2 > 0",
];

/// That a delivery has been erased.
#[derive(Deserialize)]
pub struct Erasure {
    at: f64,
    owner: Option<String>,
}

impl Erasure {
    /// Whether a delivery has been erased, and for whom.
    pub async fn of(env: &Env, id: &TrackingId) -> Result<Option<Self>> {
        let query = env.d1(BINDING)?.prepare("SELECT at, owner FROM erasure WHERE tracking_id = ?");
        query.bind(&[id.as_str().into()])?.first(None).await
    }

    pub fn is_of(&self, env: &Env, id: &TrackingId, customer: &str) -> bool {
        self.owner.is_some() && self.owner == alias(env, id, Some(customer))
    }

    pub fn receipt(&self, id: &TrackingId) -> Value {
        receipt(id, Millis(self.at as i64), Vec::new())
    }
}

/// What a customer is called in the note of an erasure: a keyed alias, of this delivery alone.
fn alias(env: &Env, id: &TrackingId, customer: Option<&str>) -> Option<String> {
    Config::new(env).id_keys().ok().zip(customer).map(|(keys, customer)| keys.driver_alias(id, customer))
}

/// Erases what D1 and R2 hold of a delivery of this customer. Once more it changes nothing. Returns the receipt.
pub async fn erase(env: &Env, id: &TrackingId, customer: Option<&str>) -> Result<Value> {
    let d1 = env.d1(BINDING)?;
    // First: once D1 says that it is done, nobody looks for them.
    let proofs = erase_proofs(env, id).await?;
    let (name, at) = (JsValue::from(id.as_str()), wall());
    let owner = alias(env, id, customer).map_or(JsValue::NULL, JsValue::from);
    // The note comes with the deletion: what is still on its way to D1 is not taken any more.
    let mut statements = vec![
        d1.prepare(concat!(figures!(), " WHERE tracking_id = ?1")).bind(std::slice::from_ref(&name))?,
        d1.prepare("INSERT INTO erasure VALUES (?1, ?2, ?3) ON CONFLICT (tracking_id) DO NOTHING")
            .bind(&[name.clone(), number(at), owner])?,
    ];
    for (_, sql) in STEPS {
        statements.push(d1.prepare(sql).bind(std::slice::from_ref(&name))?);
    }
    let results = d1.batch(statements).await?;
    let mut erased = Vec::new();
    for ((what, _), result) in STEPS.iter().zip(results.iter().skip(2)) {
        let rows = result.meta()?.and_then(|meta| meta.changes).unwrap_or_default();
        erased.push(json!({"what": what, "count": rows}));
    }
    erased.push(json!({"what": "proofs", "count": proofs}));
    Ok(receipt(id, at, erased))
}

/// Deletes the images of a delivery; none where there is no bucket.
pub async fn erase_proofs(env: &Env, id: &TrackingId) -> Result<usize> {
    let Ok(bucket) = env.bucket(PROOFS) else { return Ok(0) };
    let mut gone = 0;
    for _ in 0..LISTS {
        let found = bucket.list().prefix(format!("{}/", id.as_str())).execute().await?.objects();
        if found.is_empty() {
            break;
        }
        gone += found.len();
        bucket.delete_multiple(found.iter().map(|proof| proof.key()).collect()).await?;
    }
    Ok(gone)
}

/// What was erased, and what remains of it where we cannot reach.
fn receipt(id: &TrackingId, at: Millis, erased: Vec<Value>) -> Value {
    json!({"tracking_id": id.as_str(), "erased_at": at.secs(), "erased": erased, "remains": remains(at)})
}

pub fn remains(at: Millis) -> Value {
    let until = at.plus(BACKUP_DAYS * 86_400_000).secs();
    json!({
        "days": BACKUP_DAYS,
        "until": until,
        "where": ["Cloudflare D1 Time Travel", "Cloudflare Durable Objects point-in-time recovery"],
        "explanation": "Nothing of it is in use any more. The platform's backups hold it until then; nobody restores them but to mend a failure, and what is restored is erased again.",
    })
}

/// Takes a driver out of some deliveries that are over, and off the lists.
pub async fn erase_driver(d1: &D1Database, driver_id: &str, most: u32) -> Result<()> {
    let bindings = [driver_id.into(), most.into()];
    let statements = OF_DRIVER.iter().map(|sql| d1.prepare(*sql).bind(&bindings));
    d1.batch(statements.collect::<Result<_>>()?).await.map(drop)
}
