//! The platform's rate limits: whoever asks too often hears when to come back.
//!
//! They err on the side of answering: a binding that is missing or fails refuses nobody.

use std::cell::{Cell, RefCell};

use onway_core::auth::Caller;
use onway_core::clock::Millis;
use onway_core::limits::{self, Limit};
use onway_core::rejection::Rejection;
use onway_core::routes;
use worker::{Request, Result};

use crate::config::Config;
use crate::identity::wall;
use crate::log;
use crate::problem::ours;

/// Most networks that an isolate remembers as blocked. Beyond it the oldest is judged anew.
const BLOCKED_MAX: usize = 1_000;

thread_local! {
    /// Networks whose tokens are not looked at, and until when. The platform can count and cannot be asked, so
    /// that each isolate learns of a network by one more failure.
    static BLOCKED: RefCell<Vec<(String, Millis)>> = const { RefCell::new(Vec::new()) };
    static WARNED: Cell<bool> = const { Cell::new(false) };
}

/// Counts a request, as `by` where there is a token.
pub async fn count(
    request: &Request,
    by: Option<&Caller>,
    config: &Config<'_>,
) -> std::result::Result<(), Rejection> {
    let (method, path) = (request.inner().method(), request.path());
    let Ok((endpoint, [named, ..])) = routes::find(&method, &path) else { return Ok(()) };
    let Some(limit) = Limit::of(&method, endpoint) else { return Ok(()) };
    // Of a share link the delivery counts: whatever follows it anybody can make up.
    let named = named.split('.').next().unwrap_or_default();
    let network = if by.is_some() { String::new() } else { network(request, config) };
    count_as(limit, limits::key(by, named, &network), config).await
}

/// Counts what comes under this key.
pub async fn count_as(limit: Limit, key: String, config: &Config<'_>) -> std::result::Result<(), Rejection> {
    match ask(limit, key, config).await {
        Ok(false) => Err(Rejection::RateLimited { retry_after: limit.period() }),
        Ok(true) => Ok(()),
        Err(error) => {
            if !WARNED.replace(true) {
                log::warn("limits", format!("{}: {error}: requests are not limited by it", limit.binding()));
            }
            Ok(())
        }
    }
}

/// Refuses a network of which too many tokens, keys or invites have failed, before the next is judged.
pub fn admit(request: &Request, config: &Config<'_>) -> std::result::Result<(), Rejection> {
    BLOCKED.with_borrow_mut(|blocked| {
        let now = wall();
        blocked.retain(|(_, until)| *until > now);
        if blocked.is_empty() {
            return Ok(());
        }
        let network = network(request, config);
        match blocked.iter().find(|(known, _)| *known == network) {
            Some((_, until)) => {
                Err(Rejection::RateLimited { retry_after: (until.since(now) / 1_000) as u32 + 1 })
            }
            None => Ok(()),
        }
    })
}

/// Counts a token, key or invite that did not hold. One too many is told so instead.
pub async fn failed(request: &Request, config: &Config<'_>) -> std::result::Result<(), Rejection> {
    let network = network(request, config);
    let counted = count_as(Limit::Failures, network.clone(), config).await;
    if counted.is_err() {
        let until = wall().plus(i64::from(Limit::Failures.period()) * 1_000);
        BLOCKED.with_borrow_mut(|blocked| {
            if blocked.len() >= BLOCKED_MAX {
                blocked.remove(0);
            }
            blocked.push((network, until));
        });
    }
    counted
}

async fn ask(limit: Limit, key: String, config: &Config<'_>) -> Result<bool> {
    Ok(config.env().rate_limiter(limit.binding())?.limit(key).await?.success)
}

/// The network that a request comes from, under a name that says nothing to others.
fn network(request: &Request, config: &Config<'_>) -> String {
    let address = request.headers().get("CF-Connecting-IP").map_err(ours).ok().flatten().unwrap_or_default();
    let network = limits::network(&address);
    config.id_keys().map_or_else(|_| String::new(), |keys| keys.network_name(&network))
}
