//! `/tracking/{id}/proof` and `/rating`: what is said of a delivery at its end.

use onway_core::access::Look;
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use onway_core::wire::handover::{image_kind, image_type, parse_code, parse_rating};
use onway_core::wire::input::{self, Fields};
use worker::{Env, Request};

use super::links;
use super::record::{archived, note};
use super::tracking::known_id;
use super::{body, query};
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::{caller, known_caller};
use crate::problem::Answer;
use crate::proofs::Proofs;

/// `POST /tracking/{id}/proof`
pub async fn prove(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let is_json = body::is_json(&request);
    let body = body::whole(&mut request).await;
    let id = known_id(id, config)?;
    let by = known_caller(&request, config).await?;
    let (is_json, body) = (is_json?, body?);
    let kind = if is_json {
        parse_code(&Fields::of(&input::json(&body)?, "body")?)?;
        None
    } else {
        body::permit_image(&request)?;
        image_type(&body)?;
        Some(image_kind(query(&request)?("kind").as_deref())?)
    };
    DeliveryRequest::Prove { by, kind }.ask(env, id.as_str(), None, Some(body)).await
}

/// `GET /tracking/{id}/proof/{proof_id}`
pub async fn proof(request: &Request, id: &str, proof_id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let id = known_id(id, config)?;
    let by = caller(request, config).await?;
    let asked = DeliveryRequest::Proof { by: by.clone(), id: proof_id.to_owned() };
    let answer = asked.ask(env, id.as_str(), None, None).await?;
    if answer.status_code() != 410 {
        return Ok(answer);
    }
    let (database, summary, party) = archived(&id, by.as_ref(), Action::SeeProof, env, config).await?;
    note(&database, &id, by.as_ref(), party, Look::Proof, config).await?;
    let known = summary.rest.handover.proofs.iter().find(|known| known.id == proof_id);
    let content_type = known.and_then(|known| known.content_type.as_deref());
    let content_type = content_type.ok_or_else(|| Rejection::NotFound("there is no such image".into()))?;
    Proofs::of(env)?.read(id.as_str(), proof_id, content_type).await
}

/// `POST /tracking/{id}/rating`
pub async fn rate(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read(&mut request).await;
    let id = known_id(id, config)?;
    let by = caller(&request, config).await?;
    let link = links::presented(&request, &id)?;
    if by.is_none() && link.is_none() {
        return Err(Rejection::Unauthenticated);
    }
    let body = body?;
    parse_rating(&Fields::of(&input::json(&body)?, "body")?)?;
    DeliveryRequest::Rate { by, link }.ask(env, id.as_str(), None, Some(body)).await
}
