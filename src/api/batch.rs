//! `/tracking/batch`: many deliveries in one request.

use std::cell::RefCell;

use onway_core::auth::Caller;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use onway_core::wire::batch::{BatchAnswer, BatchResult, addressee, called, updates};
use onway_core::wire::{Problem, input};
use serde_json::Value;
use worker::{Env, Response};

use super::asked::Asked;
use super::tracking::known_id;
use crate::beside;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::wall;
use crate::problem::{Answer, ours};

/// `POST /tracking/batch/status`
pub async fn set_statuses(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let (_, body) = asked.json()?;
    let updates = updates(&body)?;
    let mut results = Vec::new();
    // Those of one delivery are carried out in their order.
    let mut groups: Vec<(TrackingId, Vec<usize>)> = Vec::new();
    for (at, update) in updates.iter().enumerate() {
        let id = addressee(update).and_then(|id| known_id(&id, &asked.config));
        let problem = id.as_ref().err().map(problem_of);
        results.push(BatchResult { tracking_id: called(update), ok: problem.is_none(), problem });
        let Ok(id) = id else { continue };
        match groups.iter_mut().find(|(known, _)| *known == id) {
            Some((_, group)) => group.push(at),
            None => groups.push((id, vec![at])),
        }
    }
    let problems = RefCell::new(Vec::new());
    beside::five_at_a_time(groups, async |(id, group)| {
        for at in group {
            let Some(update) = updates.get(at) else { continue };
            let problem = set_status(asked.env, id.as_str(), &by, update).await;
            problems
                .borrow_mut()
                .push((at, problem.unwrap_or_else(|rejection| Some(problem_of(&rejection)))));
        }
    })
    .await;
    for (at, problem) in problems.take() {
        if let Some(result) = results.get_mut(at) {
            (result.ok, result.problem) = (problem.is_none(), problem);
        }
    }
    Response::from_json(&BatchAnswer { results, server_time: wall().0 }).map_err(ours)
}

/// Sets one status. Returns the problem that the delivery answered, if any.
async fn set_status(env: &Env, id: &str, by: &Caller, update: &Value) -> Result<Option<Value>, Rejection> {
    let body = serde_json::to_vec(update).map_err(|_| Rejection::Internal)?;
    let asked = DeliveryRequest::SetStatus { by: by.clone() };
    let mut response = asked.ask(env, id, None, Some(body)).await?;
    // Read in any case: a body that waits keeps its connection.
    let text = response.bytes().await.map_err(ours)?;
    if response.status_code() == 200 { Ok(None) } else { input::json(&text).map(Some) }
}

fn problem_of(rejection: &Rejection) -> Value {
    serde_json::to_string(&Problem::new(rejection, None))
        .ok()
        .and_then(|text| input::json(text.as_bytes()).ok())
        .unwrap_or_default()
}
