//! `/tracking/{id}/history` and `/events`: the delivery's object answers while it has them, then the archive.

use onway_core::access::{Look, Visit, Visitor};
use onway_core::archive::Summary;
use onway_core::history::{self, Named, Query};
use onway_core::permission::{self, Action, Party};
use onway_core::rejection::Rejection;

use super::asked::Asked;
use super::links;
use crate::archive::Database;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply::{self, personal_json};

/// `GET /tracking/{id}/history`
pub async fn history(asked: &mut Asked<'_>) -> Answer {
    let accept = asked.header("Accept")?;
    let query = Query::parse(asked.query()?, accept.as_deref())?;
    let id = asked.delivery()?.as_str();
    let request = DeliveryRequest::History { by: asked.by.clone(), query: query.clone() };
    let answer = request.ask(asked.env, id, None, None).await?;
    if answer.status_code() != 410 {
        return Ok(answer);
    }
    let (database, summary, party) = archived(asked, Action::History).await?;
    note(&database, asked, party, Look::History).await?;
    let recorded = database.track(id, query.span()).await.map_err(ours)?;
    let named = Named { tracking_id: &summary.tracking_id, order_id: &summary.order_id };
    let now = summary.rest.clock.now(wall());
    reply::page(&history::page(recorded, &query, named, now), query.format)
}

/// `GET /tracking/{id}/events`
pub async fn timeline(asked: &mut Asked<'_>) -> Answer {
    let id = asked.delivery()?;
    let link = links::presented(asked, id)?;
    let by_link = link.is_some() && asked.by.is_none();
    let request = DeliveryRequest::Timeline { by: asked.by.clone(), link };
    let answer = request.ask(asked.env, id.as_str(), None, None).await?;
    // A link is over with its delivery.
    if answer.status_code() != 410 || by_link {
        return Ok(answer);
    }
    let (database, summary, party) = archived(asked, Action::Timeline).await?;
    note(&database, asked, party, Look::Timeline).await?;
    let now = summary.rest.clock.now(wall());
    personal_json(&history::timeline(&summary, party.into(), now))
}

/// Notes who reads a record whose object notes nothing any more.
pub async fn note(database: &Database, asked: &Asked<'_>, party: Party, look: Look) -> Result<(), Rejection> {
    if !asked.config.logs_access() {
        return Ok(());
    }
    let visitor = Visitor { party, subject: asked.by.as_ref().map(|by| by.subject.clone()), link: None };
    let visit = Visit::new(visitor, look, wall());
    database.note_visit(asked.delivery()?.as_str(), visit).await.map_err(ours)
}

/// What the archive knows of a delivery whose object knows nothing any more, for those who may.
pub async fn archived(asked: &Asked<'_>, action: Action) -> Result<(Database, Summary, Party), Rejection> {
    let by = asked.by.as_ref();
    let database = Database::of(asked.env, asked.config.archive_timeout()).map_err(ours)?;
    let summary = database.summary(asked.delivery()?.as_str()).await.map_err(ours)?.ok_or(Rejection::Gone)?;
    let party = summary.party(by);
    permission::permit(by, party, action, summary.circumstances())?;
    Ok((database, summary, party))
}
