//! `GET /tracking?mine`: a customer's own deliveries.

use std::cell::RefCell;

use futures_util::future::join5;
use onway_core::archive::Summary;
use onway_core::auth::{Caller, Role};
use onway_core::clock::Millis;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::wire::mine::{Current, OwnDeliveries, OwnDelivery, PAGE, cursor, read_cursor};
use worker::{Env, Request};

use super::query;
use crate::archive::Database;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::{known_caller, wall};
use crate::problem::{Answer, ours};
use crate::reply::personal_json;

/// `GET /tracking?mine`
pub async fn list(request: &Request, env: &Env, config: &Config<'_>) -> Answer {
    let by = known_caller(request, config).await?;
    let asked = query(request)?;
    if asked("mine").is_none() {
        return Err(Rejection::invalid("mine", "mine is required: this lists a customer's own deliveries"));
    }
    if by.role != Role::Customer {
        return Err(Rejection::Forbidden("only a customer has deliveries of its own".into()));
    }
    let after = asked("cursor").map(|text| read_cursor(&text)).transpose()?;
    let database = Database::of(env, config.archive_timeout()).map_err(ours)?;
    let after = after.unwrap_or((Millis(i64::MAX), String::new()));
    let mut summaries = database.of_customer(&by.subject, &after, PAGE + 1).await.map_err(ours)?;
    let more = summaries.len() > PAGE;
    summaries.truncate(PAGE);
    let next_cursor = summaries.last().filter(|_| more).map(cursor);
    let deliveries = current(summaries, &by, env).await;
    personal_json(&OwnDeliveries { deliveries, next_cursor, server_time: wall().0 })
}

/// The same, each as it is now. Five at a time: the platform has six connections.
async fn current(summaries: Vec<Summary>, by: &Caller, env: &Env) -> Vec<OwnDelivery> {
    let found: RefCell<Vec<_>> = RefCell::new(summaries.iter().map(|_| None).collect());
    let places = RefCell::new(0..summaries.len());
    let work = async || {
        while let Some(at) = { places.borrow_mut().next() } {
            let now = match summaries.get(at) {
                Some(summary) => read(&summary.tracking_id, by, env).await,
                None => None,
            };
            if let Some(place) = found.borrow_mut().get_mut(at) {
                *place = now;
            }
        }
    };
    join5(work(), work(), work(), work(), work()).await;
    let found = found.take();
    summaries.into_iter().zip(found).map(|(summary, now)| OwnDelivery::of(summary, now)).collect()
}

/// What the delivery says of itself; `None` where it has expired.
async fn read(tracking_id: &str, by: &Caller, env: &Env) -> Option<Current> {
    let asked = DeliveryRequest::Read { by: Some(by.clone()), if_none_match: None, link: None, page: false };
    let mut answer = asked.ask(env, tracking_id, None, None).await.ok()?;
    let body = answer.bytes().await.ok()?;
    own_json::read(&body).ok()
}
