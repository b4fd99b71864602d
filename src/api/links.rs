//! `/tracking/{id}/links`, and what a request presents as `?link=`.

use onway_core::link;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use onway_core::wire::input;
use onway_core::wire::link::LinkChange;
use worker::{Env, Request};

use super::body;
use super::tracking::known_id;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest, LinkRequest};
use crate::identity::known_caller;
use crate::problem::{Answer, ours};

/// `POST` and `GET /tracking/{id}/links`
pub async fn all(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let is_new = request.inner().method() == "POST";
    let body = if is_new { Some(body::read(&mut request).await) } else { None };
    let id = known_id(id, config)?;
    let by = known_caller(&request, config).await?;
    let body = body.transpose()?;
    let asked = match &body {
        Some(body) => {
            LinkChange::parse_new(&input::json(body)?)?;
            LinkRequest::Make { origin: url(&request)?.origin() }
        }
        None => LinkRequest::List,
    };
    DeliveryRequest::Links { by, asked }.ask(env, id.as_str(), None, body).await
}

/// `PATCH` and `DELETE /tracking/{id}/links/{link}`
pub async fn one(mut request: Request, id: &str, link: &str, env: &Env, config: &Config<'_>) -> Answer {
    let is_change = request.inner().method() == "PATCH";
    let body = if is_change { Some(body::read(&mut request).await) } else { None };
    let tracking_id = known_id(id, config)?;
    let by = known_caller(&request, config).await?;
    let body = body.transpose()?;
    let id = link.to_owned();
    let asked = match &body {
        Some(body) => {
            LinkChange::parse(&input::json(body)?)?;
            LinkRequest::Change { id }
        }
        None => LinkRequest::Revoke { id },
    };
    DeliveryRequest::Links { by, asked }.ask(env, tracking_id.as_str(), None, body).await
}

/// The hash of the link that a request presents for a delivery; one that cannot be its link is refused here.
pub fn presented(request: &Request, id: &TrackingId) -> Result<Option<String>, Rejection> {
    let text = url(request)?.search_params().get("link");
    text.map(|text| link::presented(&text, id)).transpose()
}

fn url(request: &Request) -> Result<web_sys::Url, Rejection> {
    web_sys::Url::new(&request.inner().url()).map_err(|error| ours(error.into()))
}
