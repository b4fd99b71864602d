//! `/access-log`: who looked at what, for admins.

use onway_core::auth::Role;
use onway_core::rejection::Rejection;
use onway_core::wire::access::AccessQuery;
use worker::{Env, Request};

use crate::archive::Database;
use crate::config::Config;
use crate::identity::known_caller;
use crate::problem::{Answer, ours};
use crate::reply;

/// `GET /access-log`
pub async fn list(request: &Request, env: &Env, config: &Config<'_>) -> Answer {
    let by = known_caller(request, config).await?;
    if by.role != Role::Admin {
        return Err(Rejection::Forbidden("the access log is for admins".into()));
    }
    let url = web_sys::Url::new(&request.inner().url()).map_err(|error| ours(error.into()))?;
    let query = AccessQuery::parse(|name| url.search_params().get(name))?;
    let database = Database::of(env, config.archive_timeout()).map_err(ours)?;
    reply::json(&database.visits(&query).await.map_err(ours)?, 200)
}
