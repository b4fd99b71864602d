//! `/tracking/{id}/proof` and `/rating`: what is said of a delivery at its end.

use onway_core::access::Look;
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use onway_core::wire::handover::{image_kind, image_type, parse_code, parse_rating};
use onway_core::wire::input::{self, Fields};

use super::asked::{Asked, Handled};
use super::record::{archived, note};
use super::{body, links};
use crate::contract::{Ask, DeliveryRequest};
use crate::problem::Answer;
use crate::proofs::Proofs;

/// `POST /tracking/{id}/proof`
pub fn prove<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let by = asked.by()?;
    let is_json = body::is_json(&asked.request)?;
    let body = asked.body()?;
    let kind = if is_json {
        parse_code(&Fields::of(&input::json(&body)?, "body")?)?;
        None
    } else {
        body::permit_image(&asked.request)?;
        image_type(&body)?;
        Some(image_kind(asked.query()?("kind").as_deref())?)
    };
    asked.pass_on(&DeliveryRequest::Prove { by, kind }, Some(body))
}

/// `GET /tracking/{id}/proof/{proof_id}`
pub async fn proof(asked: &mut Asked<'_>) -> Answer {
    let (proof_id, id) = (asked.second, asked.delivery()?.as_str());
    let request = DeliveryRequest::Proof { by: asked.by.clone(), id: proof_id.to_owned() };
    let answer = request.ask(asked.env, id, None, None).await?;
    if answer.status_code() != 410 {
        return Ok(answer);
    }
    let (database, summary, party) = archived(asked, Action::SeeProof).await?;
    note(&database, asked, party, Look::Proof).await?;
    let known = summary.rest.handover.proofs.iter().find(|known| known.id == proof_id);
    let content_type = known.and_then(|known| known.content_type.as_deref());
    let content_type = content_type.ok_or_else(|| Rejection::NotFound("there is no such image".into()))?;
    Proofs::of(asked.env)?.read(id, proof_id, content_type).await
}

/// `POST /tracking/{id}/rating`
pub fn rate<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let link = links::presented(asked, asked.delivery()?)?;
    let by = asked.by.take();
    if by.is_none() && link.is_none() {
        return Err(Rejection::Unauthenticated);
    }
    let (body, json) = asked.json()?;
    parse_rating(&Fields::of(&json, "body")?)?;
    asked.pass_on(&DeliveryRequest::Rate { by, link }, Some(body))
}
