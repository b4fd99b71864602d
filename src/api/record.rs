//! `/tracking/{id}/history` and `/events`: the delivery's object answers while it has them, then the archive.

use onway_core::access::{Look, Visit, Visitor};
use onway_core::archive::Summary;
use onway_core::auth::Caller;
use onway_core::history::{self, Named, Query};
use onway_core::permission::{self, Action, Party};
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use worker::{Env, Request};

use super::tracking::known_id;
use super::{links, query};
use crate::archive::Database;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::{caller, wall};
use crate::problem::{Answer, ours};
use crate::reply::{self, personal_json};

/// `GET /tracking/{id}/history`
pub async fn history(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let id = known_id(id, config)?;
    let by = caller(request, config).await?;
    let accept = request.headers().get("Accept").map_err(ours)?;
    let query = Query::parse(query(request)?, accept.as_deref())?;
    let asked = DeliveryRequest::History { by: by.clone(), query: query.clone() };
    let answer = asked.ask(env, id.as_str(), None, None).await?;
    if answer.status_code() != 410 {
        return Ok(answer);
    }
    let (database, summary, party) = archived(&id, by.as_ref(), Action::History, env, config).await?;
    note(&database, &id, by.as_ref(), party, Look::History, config).await?;
    let recorded = database.track(id.as_str(), query.span()).await.map_err(ours)?;
    let named = Named { tracking_id: &summary.tracking_id, order_id: &summary.order_id };
    let now = summary.rest.clock.now(wall());
    reply::page(&history::page(recorded, &query, named, now), query.format)
}

/// `GET /tracking/{id}/events`
pub async fn timeline(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let id = known_id(id, config)?;
    let by = caller(request, config).await?;
    let link = links::presented(request, &id)?;
    let by_link = link.is_some() && by.is_none();
    let asked = DeliveryRequest::Timeline { by: by.clone(), link };
    let answer = asked.ask(env, id.as_str(), None, None).await?;
    // A link is over with its delivery.
    if answer.status_code() != 410 || by_link {
        return Ok(answer);
    }
    let (database, summary, party) = archived(&id, by.as_ref(), Action::Timeline, env, config).await?;
    note(&database, &id, by.as_ref(), party, Look::Timeline, config).await?;
    let now = summary.rest.clock.now(wall());
    personal_json(&history::timeline(&summary, party.into(), now))
}

/// Notes who reads a record whose object notes nothing any more.
pub async fn note(
    database: &Database,
    id: &TrackingId,
    by: Option<&Caller>,
    party: Party,
    look: Look,
    config: &Config<'_>,
) -> Result<(), Rejection> {
    if !config.logs_access() {
        return Ok(());
    }
    let visitor = Visitor { party, subject: by.map(|by| by.subject.clone()), link: None };
    database.note_visit(id.as_str(), Visit::new(visitor, look, wall())).await.map_err(ours)
}

/// What the archive knows of a delivery whose object knows nothing any more, for those who may.
pub async fn archived(
    id: &TrackingId,
    by: Option<&Caller>,
    action: Action,
    env: &Env,
    config: &Config<'_>,
) -> Result<(Database, Summary, Party), Rejection> {
    let database = Database::of(env, config.archive_timeout()).map_err(ours)?;
    let summary = database.summary(id.as_str()).await.map_err(ours)?.ok_or(Rejection::Gone)?;
    let party = summary.party(by);
    permission::permit(by, party, action, summary.circumstances())?;
    Ok((database, summary, party))
}
