//! `/tracking/{id}/links`, and what a request presents as `?link=`.

use onway_core::link;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use onway_core::wire::link::LinkChange;

use super::asked::{Asked, Handled};
use crate::contract::{DeliveryRequest, LinkRequest};

/// `POST` and `GET /tracking/{id}/links`
pub fn all<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let by = asked.by()?;
    if asked.method() != "POST" {
        return asked.pass_on(&DeliveryRequest::Links { by, asked: LinkRequest::List }, None);
    }
    let (body, json) = asked.json()?;
    LinkChange::parse_new(&json)?;
    let make = LinkRequest::Make { origin: asked.url()?.origin() };
    asked.pass_on(&DeliveryRequest::Links { by, asked: make }, Some(body))
}

/// `PATCH` and `DELETE /tracking/{id}/links/{link}`
pub fn one<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let by = asked.by()?;
    let id = asked.second.to_owned();
    if asked.method() != "PATCH" {
        return asked.pass_on(&DeliveryRequest::Links { by, asked: LinkRequest::Revoke { id } }, None);
    }
    let (body, json) = asked.json()?;
    LinkChange::parse(&json)?;
    asked.pass_on(&DeliveryRequest::Links { by, asked: LinkRequest::Change { id } }, Some(body))
}

/// The hash of the link that a request presents for a delivery; one that cannot be its link is refused here.
pub fn presented(asked: &Asked<'_>, id: &TrackingId) -> Result<Option<String>, Rejection> {
    let text = asked.url()?.search_params().get("link");
    text.map(|text| link::presented(&text, id)).transpose()
}
