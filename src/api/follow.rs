//! `/ws/tracking`: upgrades to a socket that follows one delivery.

use onway_core::rejection::Rejection;
use onway_core::wire::input::names_of;
use web_sys::UrlSearchParams;
use worker::{Env, Request};

use super::links;
use super::tracking::known_id;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::{offers_subprotocol, socket_caller};
use crate::problem::{Answer, ours};
use crate::sockets;

/// Longest epoch that can be one of ours, in bytes: any other is as good as none.
const EPOCH_MAX: usize = 64;

/// `/ws/tracking/{id}`
pub async fn by_path(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let query = upgrade(request)?;
    follow(request, &query, Some(id.to_owned()), env, config).await
}

/// `/ws/tracking/?parcel_id={id}`, by any name of the id.
pub async fn by_query(request: &Request, env: &Env, config: &Config<'_>) -> Answer {
    let query = upgrade(request)?;
    let mut ids: Vec<_> = names_of("tracking_id")
        .flat_map(|name| query.get_all(name).iter().collect::<Vec<_>>())
        .filter_map(|id| id.as_string())
        .collect();
    ids.dedup();
    // Two that differ name no delivery.
    let id = ids.pop().filter(|_| ids.is_empty());
    follow(request, &query, id, env, config).await
}

/// A refusal, too, is a 101 that closes at once: a browser shows its script no HTTP status.
async fn follow(
    request: &Request,
    query: &UrlSearchParams,
    id: Option<String>,
    env: &Env,
    config: &Config<'_>,
) -> Answer {
    let subprotocol = offers_subprotocol(request)?;
    let asked = async {
        let id = known_id(&id.unwrap_or_default(), config)?;
        let by = socket_caller(request, query.get("token"), config).await?;
        let since = query.get("since").and_then(|since| since.parse().ok());
        let epoch = query.get("epoch").filter(|epoch| epoch.len() <= EPOCH_MAX);
        let link = links::presented(request, &id)?;
        let follow = DeliveryRequest::Follow { by, subprotocol, since, epoch, link };
        follow.ask(env, id.as_str(), None, None).await
    };
    match asked.await {
        Ok(response) => Ok(response),
        Err(rejection) => sockets::refuse(&rejection, subprotocol).map_err(ours),
    }
}

/// The query of an upgrade.
pub fn upgrade(request: &Request) -> Result<UrlSearchParams, Rejection> {
    let header = request.headers().get("Upgrade").map_err(ours)?.unwrap_or_default();
    if !header.eq_ignore_ascii_case("websocket") {
        return Err(Rejection::UpgradeRequired);
    }
    let url = web_sys::Url::new(&request.inner().url()).map_err(|error| ours(error.into()))?;
    Ok(url.search_params())
}
