//! Personal data: one delivery's is erased by whom it concerns, a person's is exported and erased by an admin.

use onway_core::auth::{Caller, Role};
use onway_core::permission::{self, Action};
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use onway_core::wire::driver::parse_opt_out;
use onway_core::wire::input;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use worker::{D1Database, Env};

use super::asked::Asked;
use super::drivers::named;
use crate::archive::{BINDING, Database, number};
use crate::contract::{Ask, DeliveryRequest, DriverRequest};
use crate::erasure::{self, Erasure, erase, erase_driver};
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::{d1, proofs, reply};

/// So many deliveries of a person one request erases, or shows: each is asked by itself.
const STEP: u32 = 25;

const PUSH_OF_DRIVER: &str =
    "SELECT json_group_array(json_object('endpoint', endpoint, 'kinds', json(kinds), 'language', language, 'created', created)) AS body
     FROM push WHERE driver_id = ?";
/// Of the deliveries of a page, who `?1` is, and after which `?2` and up to which `?3` they are.
const PUSH_OF_CUSTOMER: &str =
    "SELECT json_group_array(json_object('tracking_id', tracking_id, 'endpoint', endpoint, 'kinds', json(kinds), 'language', language, 'created', created)) AS body
     FROM push JOIN delivery USING (tracking_id)
     WHERE customer_id = ?1 AND party = 'customer' AND tracking_id > ?2 AND tracking_id <= ?3";

/// Whose data is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Person {
    Customer,
    Driver,
}

impl Person {
    /// The column of the archive that names it.
    const fn column(self) -> &'static str {
        match self {
            Self::Customer => "customer_id",
            Self::Driver => "driver_id",
        }
    }
}

#[derive(Deserialize)]
struct Row {
    tracking_id: String,
}

/// `DELETE /tracking/{id}/personal-data`
pub async fn erase_delivery(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let (id, env) = (asked.delivery()?, asked.env);
    let request = DeliveryRequest::Erase { by: by.clone(), judge: false };
    let answer = request.ask(env, id.as_str(), None, None).await?;
    if answer.status_code() != 410 {
        return Ok(answer);
    }
    let database = Database::of(env, asked.config.archive_timeout()).map_err(ours)?;
    if let Some(summary) = database.summary(id.as_str()).await.map_err(ours)? {
        permission::permit(Some(&by), summary.party(Some(&by)), Action::Erase, summary.circumstances())?;
        return reply::json(&erase(env, id, summary.customer_id.as_deref(), &by).await.map_err(ours)?, 200);
    }
    let done = Erasure::of(env, id).await.map_err(ours)?.ok_or(Rejection::Gone)?;
    let theirs = by.role == Role::Customer && done.is_of(env, id, &by.subject);
    if theirs || by.role == Role::Admin {
        // What came while it was erased goes, too.
        proofs::erase(env, id).await.map_err(ours)?;
        return reply::json(&done.receipt(id), 200);
    }
    Err(Rejection::Forbidden("this delivery is not yours to do that with".into()))
}

/// `PUT /customers/{id}/privacy`
pub async fn set_privacy(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let id = named(asked.id)?;
    if by.role != Role::Admin && (by.role != Role::Customer || by.subject != id) {
        return Err(Rejection::Forbidden("this is the customer's own to say".into()));
    }
    let opt_out = parse_opt_out(&asked.json()?.1)?;
    let write = "INSERT INTO privacy VALUES (?1, ?2, ?3)
        ON CONFLICT (customer_id) DO UPDATE SET opted_out = excluded.opted_out, at = excluded.at";
    let row = [id.as_str().into(), i32::from(opt_out).into(), number(wall())];
    let d1 = asked.env.d1(BINDING).map_err(ours)?;
    let write = d1.prepare(write).bind(&row).map_err(ours)?;
    d1::run(&write).await.map_err(ours)?;
    reply::json(&json!({"customer_id": id, "opt_out": opt_out}), 200)
}

/// `GET` and `DELETE /customers/{id}/personal-data` and `/drivers/{id}/personal-data`
pub async fn of_person(asked: &mut Asked<'_>, person: Person) -> Answer {
    let by = asked.by()?;
    if by.role != Role::Admin {
        return Err(Rejection::Forbidden("a person's data is exported and erased by admins".into()));
    }
    let (id, env) = (named(asked.id)?, asked.env);
    let held = Held { person, id, by, d1: env.d1(BINDING).map_err(ours)?, env };
    if asked.method() == "DELETE" {
        return held.erase().await;
    }
    held.export(&asked.query()?("cursor").unwrap_or_default()).await
}

/// What is held on a person.
struct Held<'a> {
    person: Person,
    id: String,
    by: Caller,
    d1: D1Database,
    env: &'a Env,
}

impl Held<'_> {
    async fn erase(&self) -> Answer {
        // Nothing is erased while something is under way.
        let open = self.deliveries("AND closed IS NULL").await?;
        for Row { tracking_id } in &open {
            let asked = match self.person {
                Person::Customer => DeliveryRequest::Erase { by: self.by.clone(), judge: true },
                Person::Driver => DeliveryRequest::ForgetDriver { driver_id: self.id.clone(), judge: true },
            };
            self.judged(asked, tracking_id).await?;
        }
        match self.person {
            Person::Customer => {
                for Row { tracking_id } in self.deliveries("").await? {
                    let asked = DeliveryRequest::Erase { by: self.by.clone(), judge: false };
                    if self.judged(asked, &tracking_id).await? == 410 {
                        let id = TrackingId::trusted(tracking_id);
                        erase(self.env, &id, Some(&self.id), &self.by).await.map_err(ours)?;
                    }
                }
                let forget = self.d1.prepare("DELETE FROM privacy WHERE customer_id = ?");
                let forget = forget.bind(&[self.id.as_str().into()]).map_err(ours)?;
                d1::run(&forget).await.map_err(ours)?;
            }
            Person::Driver => {
                let answer = DriverRequest::Erase.ask(self.env, &self.id, None, None).await?;
                if answer.status_code() >= 400 {
                    return Ok(answer);
                }
                // What has ended can be read for a while: it goes to the archive at once, and is found there next.
                for Row { tracking_id } in &open {
                    let asked = DeliveryRequest::ForgetDriver { driver_id: self.id.clone(), judge: false };
                    if self.judged(asked, tracking_id).await? == 204 {
                        // The archive knows who had it at the start, and not yet who has it now.
                        self.disown(tracking_id).await?;
                    } else {
                        self.judged(DeliveryRequest::Finish, tracking_id).await?;
                    }
                }
                erase_driver(&self.d1, &self.id, STEP, &self.by).await.map_err(ours)?;
            }
        }
        let count = format!("SELECT count(*) AS n FROM delivery WHERE {} = ?", self.person.column());
        let remaining = self.one(&count, &[self.id.as_str().into()], "n").await?.as_i64().unwrap_or_default();
        let done = json!({
            self.person.column(): self.id, "erased_at": wall().secs(), "remaining": remaining,
            "remains": erasure::remains(wall()),
        });
        reply::json(&done, 200)
    }

    async fn disown(&self, tracking_id: &str) -> Result<(), Rejection> {
        let sql = "UPDATE delivery SET driver_id = NULL WHERE tracking_id = ?1 AND driver_id = ?2";
        let bindings = [tracking_id.into(), self.id.as_str().into()];
        let query = self.d1.prepare(sql).bind(&bindings).map_err(ours)?;
        d1::run(&query).await.map(drop).map_err(ours)
    }

    /// Asks an object; what it says of itself but that it is empty is passed on.
    async fn judged(&self, asked: DeliveryRequest, tracking_id: &str) -> Result<u16, Rejection> {
        let answer = asked.ask(self.env, tracking_id, None, None).await?;
        match answer.status_code() {
            409 => {
                Err(Rejection::Conflict(format!("{tracking_id} is under way: what is active is not erased")))
            }
            status @ (200..=299 | 410) => Ok(status),
            503 => Err(Rejection::Unavailable { retry_after: 5 }),
            _ => Err(Rejection::Internal),
        }
    }

    async fn deliveries(&self, which: &str) -> Result<Vec<Row>, Rejection> {
        let column = self.person.column();
        let query = format!(
            "SELECT tracking_id FROM delivery WHERE {column} = ? {which} ORDER BY started LIMIT {STEP}"
        );
        let query = self.d1.prepare(query).bind(&[self.id.as_str().into()]).map_err(ours)?;
        d1::rows(&d1::all(&query).await.map_err(ours)?).map_err(ours)
    }

    /// All that is held, a page of deliveries at a time, as it is stored.
    async fn export(&self, cursor: &str) -> Answer {
        let column = self.person.column();
        let query = format!(
            "SELECT json_group_array(json_object('tracking_id', tracking_id, 'order_id', order_id, 'driver_id', driver_id,
                'customer_id', customer_id, 'store_id', store_id, 'mode', mode, 'status', status, 'started', started,
                'ended', ended, 'timeline', json(timeline), 'etas', json(etas), 'places', json(rest),
                'track', '/tracking/' || tracking_id || '/history')) AS body
             FROM (SELECT * FROM delivery WHERE {column} = ?1 AND tracking_id > ?2 ORDER BY tracking_id LIMIT {STEP})"
        );
        let keys = [self.id.as_str().into(), cursor.into()];
        let deliveries = self.json(&query, &keys).await?;
        let ids: Vec<String> = deliveries
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|delivery| delivery.get("tracking_id")?.as_str().map(str::to_owned))
            .collect();
        let mut live = Vec::new();
        for id in &ids {
            let mut answer = DeliveryRequest::Export.ask(self.env, id, None, None).await?;
            if answer.status_code() == 200 {
                live.push(input::json(&answer.bytes().await.map_err(ours)?)?);
            }
        }
        let own = &keys[..1];
        let last = ids.last().map_or_else(String::new, Clone::clone);
        let [whose, after] = keys.clone();
        let page = [whose, after, last.into()];
        let mut extra = match self.person {
            Person::Customer => {
                let said = "SELECT json_group_array(json_object('opt_out', opted_out = 1, 'at', at)) AS body FROM privacy WHERE customer_id = ?";
                let push = self.json(PUSH_OF_CUSTOMER, &page).await?;
                json!({"privacy": self.json(said, own).await?, "push": push})
            }
            Person::Driver => {
                let calls = "SELECT json_group_array(json(body)) AS body FROM emergency WHERE driver_id = ?";
                let mut answer = DriverRequest::Export.ask(self.env, &self.id, None, None).await?;
                json!({
                    "emergencies": self.json(calls, own).await?,
                    "push": self.json(PUSH_OF_DRIVER, own).await?,
                    "driver": input::json(&answer.bytes().await.map_err(ours)?)?,
                })
            }
        };
        let looks = format!(
            "SELECT json_group_array(json_object('tracking_id', tracking_id, 'entries', json(entries))) AS body FROM
             (SELECT * FROM access JOIN delivery USING (tracking_id) WHERE {column} = ?1 AND tracking_id > ?2 AND tracking_id <= ?3
              ORDER BY tracking_id LIMIT 500)"
        );
        // Who was told of them, and when: what, is in them.
        let told = format!(
            "SELECT json_group_array(json_object('tracking_id', tracking_id, 'type', kind, 'at', at,
                'to', coalesce((SELECT url FROM endpoint WHERE id = told.endpoint), endpoint))) AS body FROM
             (SELECT told.* FROM told JOIN delivery USING (tracking_id)
              WHERE {column} = ?1 AND tracking_id > ?2 AND tracking_id <= ?3 ORDER BY tracking_id LIMIT 5000) AS told"
        );
        let looks = self.json(&looks, &page).await?;
        let told = self.json(&told, &page).await?;
        let next = ids.last().filter(|_| ids.len() == STEP as usize);
        let whole = [
            (column, self.id.as_str().into()),
            ("access", looks),
            ("deliveries", deliveries),
            ("objects", live.into()),
            ("told", told),
            ("next_cursor", next.cloned().into()),
        ];
        if let Some(members) = extra.as_object_mut() {
            members.extend(whole.map(|(name, value)| (name.to_owned(), value)));
        }
        reply::personal_json(&extra)
    }

    async fn json(&self, query: &str, bindings: &[JsValue]) -> Result<Value, Rejection> {
        let text = self.one(query, bindings, "body").await?;
        input::json(text.as_str().unwrap_or_default().as_bytes()).map_err(|_| Rejection::Internal)
    }

    /// A column of the first row; null where there is none.
    async fn one(&self, query: &str, bindings: &[JsValue], column: &str) -> Result<Value, Rejection> {
        let query = self.d1.prepare(query).bind(bindings).map_err(ours)?;
        let answer = d1::all(&query).await.map_err(ours)?;
        Ok(d1::first(&answer).and_then(|row| row.get(column)).cloned().unwrap_or_default())
    }
}
