//! `/ws/tracking`: upgrades to a socket that follows one delivery.

use onway_core::auth::Caller;
use onway_core::rejection::Rejection;
use onway_core::wire::input::names_of;
use web_sys::UrlSearchParams;

use super::asked::{Asked, Handled};
use super::links;
use super::tracking::known_id;
use crate::contract::{Ask, Asking, DeliveryRequest};
use crate::identity::{offers_subprotocol, socket_caller};
use crate::problem::{Answer, ours};
use crate::sockets;

/// Longest epoch that can be one of ours, in bytes: any other is as good as none.
const EPOCH_MAX: usize = 64;

/// `/ws/tracking/{id}`
pub fn by_path<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let query = upgrade(asked)?;
    let id = asked.id;
    follow(asked, query, id)
}

/// `/ws/tracking/?parcel_id={id}`, by any name of the id.
pub fn by_query<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let query = upgrade(asked)?;
    let mut ids: Vec<_> = names_of("tracking_id")
        .flat_map(|name| query.get_all(name).iter().collect::<Vec<_>>())
        .filter_map(|id| id.as_string())
        .collect();
    ids.dedup();
    // Two that differ name no delivery.
    let id = ids.pop().filter(|_| ids.is_empty());
    follow(asked, query, &id.unwrap_or_default())
}

fn follow<'a>(asked: &'a Asked<'_>, query: UrlSearchParams, id: &str) -> Handled<'a> {
    let (id, early) = match known_id(id, &asked.config) {
        Ok(id) => (Some(id), Ok(())),
        Err(unknown) => (None, Err(unknown)),
    };
    refusing(asked, query.get("token"), early, move |by, subprotocol| {
        let id = id.ok_or(Rejection::Internal)?;
        let since = query.get("since").and_then(|since| since.parse().ok());
        let epoch = query.get("epoch").filter(|epoch| epoch.len() <= EPOCH_MAX);
        let link = links::presented(asked, &id)?;
        let follow = DeliveryRequest::Follow { by, subprotocol, since, epoch, link };
        Ok(follow.ask(asked.env, id.as_str(), None, None))
    })
}

/// What an upgrade asks for, once it is known whose it is; whether it offered our subprotocol comes with it.
type Opening<'a> = Box<dyn FnOnce(Option<Caller>, bool) -> Result<Asking, Rejection> + 'a>;

/// Answers an upgrade. A refusal, too, is a 101 that closes at once: a browser shows its script no HTTP status. `early`
/// is refused before the caller is known.
pub fn refusing<'a>(
    asked: &'a Asked<'_>,
    token: Option<String>,
    early: Result<(), Rejection>,
    open: impl FnOnce(Option<Caller>, bool) -> Result<Asking, Rejection> + 'a,
) -> Handled<'a> {
    Ok(Box::pin(opened(asked, token, early, Box::new(open))))
}

async fn opened(
    asked: &Asked<'_>,
    token: Option<String>,
    early: Result<(), Rejection>,
    open: Opening<'_>,
) -> Answer {
    let subprotocol = offers_subprotocol(&asked.request)?;
    let answer = async {
        early?;
        open(socket_caller(&asked.request, token, &asked.config).await?, subprotocol)?.await
    };
    answer.await.or_else(|rejection| sockets::refuse(&rejection, subprotocol).map_err(ours))
}

/// The query of an upgrade.
pub fn upgrade(asked: &Asked<'_>) -> Result<UrlSearchParams, Rejection> {
    if !asked.header("Upgrade")?.unwrap_or_default().eq_ignore_ascii_case("websocket") {
        return Err(Rejection::UpgradeRequired);
    }
    Ok(asked.url()?.search_params())
}
