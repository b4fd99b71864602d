//! `/access-log`: who looked at what, for admins.

use onway_core::auth::Role;
use onway_core::rejection::Rejection;
use onway_core::wire::access::AccessQuery;

use super::asked::Asked;
use crate::archive::Database;
use crate::problem::{Answer, ours};
use crate::reply;

/// `GET /access-log`
pub async fn list(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    if by.role != Role::Admin {
        return Err(Rejection::Forbidden("the access log is for admins".into()));
    }
    let query = AccessQuery::parse(asked.query()?)?;
    let database = Database::of(asked.env, asked.config.archive_timeout()).map_err(ours)?;
    reply::json(&database.visits(&query).await.map_err(ours)?, 200)
}
