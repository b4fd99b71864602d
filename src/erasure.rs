//! Erasing what is held outside the objects: of one delivery, and what of a driver is in the deliveries of others.

use onway_core::auth::Caller;
use onway_core::clock::Millis;
use onway_core::delivery::Actor;
use onway_core::own_json;
use onway_core::tracking_id::TrackingId;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use worker::{D1Database, Env, Result};

use crate::archive::{BINDING, figures, number};
use crate::config::Config;
use crate::d1;
use crate::identity::wall;
use crate::proofs;

/// So long the platform's own backups go back, in days: D1's Time Travel and the objects' point-in-time recovery.
const BACKUP_DAYS: i64 = 30;
/// What D1 holds of one delivery: its name in the receipt, and what erases it. `?1` is the tracking
/// id. What later comes to hold something of a delivery adds its line.
const STEPS: [(&str, &str); 5] = [
    ("positions", "DELETE FROM chunk WHERE tracking_id = ?1"),
    ("access_log", "DELETE FROM access WHERE tracking_id = ?1"),
    ("webhooks", "DELETE FROM told WHERE tracking_id = ?1"),
    ("push", "DELETE FROM push WHERE tracking_id = ?1"),
    ("summary", "DELETE FROM delivery WHERE tracking_id = ?1"),
];

/// Takes a driver who declined, `?1`, out of the notes in a column of JSON. The whole of the name: `d1` is not `d12`.
macro_rules! forget_declined {
    ($table:literal, $column:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $column,
            " = replace(replace(",
            $column,
            ",
                 'declined by ' || trim(json_quote(?1), '\"') || ': ', 'declined: '),
                 'declined by ' || trim(json_quote(?1), '\"') || '\"', 'declined\"')
             WHERE instr(",
            $column,
            ", 'declined by ' || trim(json_quote(?1), '\"')) > 0"
        )
    };
}
pub(crate) use forget_declined;

macro_rules! driven {
    () => {
        "(SELECT tracking_id FROM delivery WHERE driver_id = ?1 AND closed IS NOT NULL ORDER BY tracking_id LIMIT ?2)"
    };
}
/// The same for a driver's deliveries that others have a part in: whose it was, the way, and notes. `?1` is the
/// driver, `?2` how many deliveries at a time, `?3` the time and `?4` who erases; each takes the first of
/// these.
const OF_DRIVER: [(&str, usize); 8] = [
    (concat!("DELETE FROM chunk WHERE tracking_id IN ", driven!()), 2),
    (
        concat!(
            "UPDATE delivery SET driver_id = NULL, timeline = (SELECT json_group_array(json_object('status', value ->> 'status',
                'at', value -> 'at', 'note', NULL, 'reason', NULL, 'by', value -> 'by')) FROM json_each(delivery.timeline)),
             rest = json_set(rest, '$.acts.acts', json_insert(coalesce(rest -> '$.acts.acts', '[]'), '$[#]',
                json_object('kind', 'erased', 'at', cast(?3 AS INTEGER), 'after', json_array_length(timeline),
                    'by', json(?4), 'about', json_array('driver'))))
             WHERE tracking_id IN ",
            driven!()
        ),
        4,
    ),
    (forget_declined!("delivery", "timeline"), 1),
    // As it stands in `acts`.
    (
        "UPDATE delivery SET rest = replace(replace(rest,
             '\"driver\":' || json_quote(?1), '\"driver\":null'), '\"former\":' || json_quote(?1), '\"former\":null')
         WHERE instr(rest, ':' || json_quote(?1)) > 0",
        1,
    ),
    // What others were told in its name, whoever drives by now.
    ("DELETE FROM told WHERE instr(body, ':' || json_quote(?1)) > 0", 1),
    ("DELETE FROM emergency WHERE driver_id = ?1", 1),
    ("DELETE FROM push WHERE driver_id = ?1", 1),
    ("DELETE FROM driver WHERE driver_id = ?1", 1),
];

/// That a delivery has been erased.
#[derive(Deserialize)]
pub struct Erasure {
    at: f64,
    owner: Option<String>,
    erased_by: Option<String>,
}

impl Erasure {
    /// Whether a delivery has been erased, and for whom.
    pub async fn of(env: &Env, id: &TrackingId) -> Result<Option<Self>> {
        let query =
            env.d1(BINDING)?.prepare("SELECT at, owner, erased_by FROM erasure WHERE tracking_id = ?");
        let answer = d1::all(&query.bind(&[id.as_str().into()])?).await?;
        Ok(d1::first(&answer).map(own_json::of).transpose()?)
    }

    pub fn is_of(&self, env: &Env, id: &TrackingId, customer: &str) -> bool {
        self.owner.is_some() && self.owner == alias(env, id, Some(customer))
    }

    pub fn receipt(&self, id: &TrackingId) -> Value {
        let by = self.erased_by.as_ref().and_then(|by| own_json::read(by.as_bytes()).ok());
        receipt(id, Millis(self.at as i64), by, Vec::new())
    }
}

/// What a customer is called in the note of an erasure: a keyed alias, of this delivery alone.
fn alias(env: &Env, id: &TrackingId, customer: Option<&str>) -> Option<String> {
    Config::new(env).id_keys().ok().zip(customer).map(|(keys, customer)| keys.driver_alias(id, customer))
}

/// Erases what D1 and R2 hold of a delivery of this customer. Once more it changes nothing. Returns the receipt.
pub async fn erase(env: &Env, id: &TrackingId, customer: Option<&str>, by: &Caller) -> Result<Value> {
    let d1 = env.d1(BINDING)?;
    // First: once D1 says that it is done, nobody looks for them.
    let proofs = proofs::erase(env, id).await?;
    let (name, at) = (JsValue::from(id.as_str()), wall());
    let owner = alias(env, id, customer).map_or(JsValue::NULL, JsValue::from);
    let by = Actor::from(by);
    // The note comes with the deletion: what is still on its way to D1 is not taken any more.
    let mut statements = vec![
        d1.prepare(concat!(figures!(), " WHERE tracking_id = ?1")).bind(std::slice::from_ref(&name))?,
        d1.prepare("INSERT INTO erasure (tracking_id, at, owner, erased_by) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tracking_id) DO NOTHING")
            .bind(&[name.clone(), number(at), owner, serde_json::to_string(&by)?.into()])?,
    ];
    for (_, sql) in STEPS {
        statements.push(d1.prepare(sql).bind(std::slice::from_ref(&name))?);
    }
    let answers = d1::batch(&d1, &statements).await?;
    let mut erased = Vec::new();
    for ((what, _), answer) in STEPS.iter().zip(answers.as_array().into_iter().flatten().skip(2)) {
        erased.push(json!({"what": what, "count": d1::changes(answer)}));
    }
    erased.push(json!({"what": "proofs", "count": proofs}));
    Ok(receipt(id, at, Some(by), erased))
}

/// What was erased, and what remains of it where we cannot reach.
fn receipt(id: &TrackingId, at: Millis, by: Option<Actor>, erased: Vec<Value>) -> Value {
    json!({
        "tracking_id": id.as_str(), "erased_at": at.secs(), "erased_by": by, "erased": erased,
        "remains": remains(at),
    })
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
pub async fn erase_driver(d1: &D1Database, driver_id: &str, most: u32, by: &Caller) -> Result<()> {
    let by = serde_json::to_string(&Actor::from(by))?;
    let bindings: [JsValue; 4] = [driver_id.into(), most.into(), number(wall()), by.into()];
    let statements = OF_DRIVER
        .iter()
        .map(|(sql, taken)| d1.prepare(*sql).bind(bindings.get(..*taken).unwrap_or_default()));
    d1::batch(d1, &statements.collect::<Result<Vec<_>>>()?).await.map(drop)
}
