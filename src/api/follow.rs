//! `/ws/tracking`: upgrades to a socket that follows one delivery.

use onway_core::rejection::Rejection;
use onway_core::wire::input::names_of;
use worker::{Env, Request, Url};

use super::tracking::known_id;
use crate::config::Config;
use crate::contract::DeliveryRequest;
use crate::identity::{offers_subprotocol, socket_caller};
use crate::problem::{Answer, ours};
use crate::sockets;

/// `/ws/tracking/{id}`
pub async fn by_path(request: &Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let url = upgrade(request)?;
    follow(request, &url, Some(id.to_owned()), env, config).await
}

/// `/ws/tracking/?parcel_id={id}`, by any name of the id.
pub async fn by_query(request: &Request, env: &Env, config: &Config<'_>) -> Answer {
    let url = upgrade(request)?;
    let id = names_of("tracking_id").find_map(|name| parameter(&url, name));
    follow(request, &url, id, env, config).await
}

/// A refusal, too, is a 101 that closes at once: a browser shows its script no HTTP status.
async fn follow(request: &Request, url: &Url, id: Option<String>, env: &Env, config: &Config<'_>) -> Answer {
    let subprotocol = offers_subprotocol(request)?;
    let asked = async {
        let id = known_id(&id.unwrap_or_default(), config)?;
        let by = socket_caller(request, url, config)?;
        let since = parameter(url, "since").and_then(|since| since.parse().ok());
        let follow = DeliveryRequest::Follow { by, subprotocol, since, epoch: parameter(url, "epoch") };
        follow.ask(env, id.as_str(), None, None).await
    };
    match asked.await {
        Ok(response) => Ok(response),
        Err(rejection) => sockets::refuse(&rejection, subprotocol).map_err(ours),
    }
}

fn upgrade(request: &Request) -> Result<Url, Rejection> {
    let header = request.headers().get("Upgrade").map_err(ours)?.unwrap_or_default();
    if !header.eq_ignore_ascii_case("websocket") {
        return Err(Rejection::UpgradeRequired);
    }
    request.url().map_err(|_| Rejection::NotFound("there is nothing here".into()))
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
