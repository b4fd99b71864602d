//! `GET /tracking?mine`: a customer's own deliveries.

use std::cell::RefCell;

use onway_core::access::Look;
use onway_core::archive::Summary;
use onway_core::auth::{Caller, Role};
use onway_core::clock::Millis;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::wire::mine::{Now, OwnDeliveries, OwnDelivery, PAGE, cursor, read_cursor};
use worker::Env;

use super::asked::Asked;
use crate::archive::Database;
use crate::beside;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply::personal_json;

/// `GET /tracking?mine`
pub async fn list(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let query = asked.query()?;
    if query("mine").is_none() {
        return Err(Rejection::invalid("mine", "mine is required: this lists a customer's own deliveries"));
    }
    if by.role != Role::Customer {
        return Err(Rejection::Forbidden("only a customer has deliveries of its own".into()));
    }
    let after = query("cursor").map(|text| read_cursor(&text)).transpose()?;
    let database = Database::of(asked.env, asked.config.archive_timeout()).map_err(ours)?;
    let after = after.unwrap_or((Millis(i64::MAX), String::new()));
    let mut summaries = database.of_customer(&by.subject, &after, PAGE + 1).await.map_err(ours)?;
    let more = summaries.len() > PAGE;
    summaries.truncate(PAGE);
    let next_cursor = summaries.last().filter(|_| more).map(cursor);
    let deliveries = current(summaries, &by, asked.env).await;
    personal_json(&OwnDeliveries { deliveries, next_cursor, server_time: wall().0 })
}

/// The same, each as it is now.
async fn current(summaries: Vec<Summary>, by: &Caller, env: &Env) -> Vec<OwnDelivery> {
    let found: RefCell<Vec<_>> = RefCell::new(summaries.iter().map(|_| Now::Unknown).collect());
    beside::five_at_a_time(summaries.iter().enumerate(), async |(at, summary)| {
        let now = read(&summary.tracking_id, by, env).await.unwrap_or(Now::Unknown);
        if let Some(place) = found.borrow_mut().get_mut(at) {
            *place = now;
        }
    })
    .await;
    summaries.into_iter().zip(found.take()).map(|(summary, now)| OwnDelivery::of(summary, now)).collect()
}

/// What the delivery says of itself; `None` where it does not say.
async fn read(tracking_id: &str, by: &Caller, env: &Env) -> Option<Now> {
    let asked = DeliveryRequest::Read {
        by: Some(by.clone()),
        if_none_match: None,
        link: None,
        look: Some(Look::Read),
    };
    let mut answer = asked.ask(env, tracking_id, None, None).await.ok()?;
    if answer.status_code() == 410 {
        return Some(Now::Gone);
    }
    let body = answer.bytes().await.ok()?;
    own_json::read(&body).ok().map(Now::Here)
}
