//! Who calls: the token of a request, from the header, the subprotocol or the query.

mod jwks;
pub mod web_crypto;

use std::future::Future;
use std::pin::Pin;

use onway_core::auth::{self, Caller};
use onway_core::clock::Millis;
use onway_core::rejection::Rejection;
use worker::{Date, Request};

use self::jwks::Jwks;
use crate::config::Config;
use crate::problem::ours;
use crate::{headers, limits};

/// The subprotocol of our sockets.
pub const SUBPROTOCOL: &str = "onway.v1";

/// The wall clock.
pub fn wall() -> Millis {
    Millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}

/// The caller of an HTTP request: `None` without a token, refused with one that does not hold.
pub async fn caller(request: &Request, config: &Config<'_>) -> Result<Option<Caller>, Rejection> {
    checked(request, bearer(request)?, config).await
}

/// The caller of an upgrade; `token` is the one in the query.
pub async fn socket_caller(
    request: &Request,
    token: Option<String>,
    config: &Config<'_>,
) -> Result<Option<Caller>, Rejection> {
    headers::admit_origin(request, config)?;
    let offered =
        offered(request)?.into_iter().find_map(|name| name.strip_prefix("bearer.").map(str::to_owned));
    checked(request, bearer(request)?.or(offered).or(token), config).await
}

/// Boxed for the same reason as [`check`].
fn checked<'a>(
    request: &'a Request,
    token: Option<String>,
    config: &'a Config<'_>,
) -> Pin<Box<dyn Future<Output = Result<Option<Caller>, Rejection>> + 'a>> {
    Box::pin(async move {
        let by = match token {
            Some(token) => {
                limits::admit(request, config)?;
                let judged = check(&token, config).await;
                if let Err(Rejection::InvalidToken(_)) = judged {
                    limits::failed(request, config).await?;
                }
                Some(judged?)
            }
            None => None,
        };
        limits::count(request, by.as_ref(), config).await?;
        Ok(by)
    })
}

/// Checks a token against what the deployment trusts. Only a token of the provider makes this wait. Boxed,
/// since each handler that waits for it would hold a copy of its code.
pub fn check<'a>(
    token: &'a str,
    config: &'a Config<'_>,
) -> Pin<Box<dyn Future<Output = Result<Caller, Rejection>> + 'a>> {
    Box::pin(checked_against(token, config))
}

async fn checked_against(token: &str, config: &Config<'_>) -> Result<Caller, Rejection> {
    let trust = config.trust()?;
    let rules = trust.rules();
    let provider = Jwks::of(&trust);
    let verified =
        auth::check::check(token, trust.secret.as_deref(), provider.as_ref(), &rules, wall()).await?;
    verified.caller(&rules, wall())
}

/// Whether our subprotocol was offered: the 101 then has to echo it.
pub fn offers_subprotocol(request: &Request) -> Result<bool, Rejection> {
    Ok(offered(request)?.iter().any(|name| name == SUBPROTOCOL))
}

fn offered(request: &Request) -> Result<Vec<String>, Rejection> {
    let header = request.headers().get("Sec-WebSocket-Protocol").map_err(ours)?.unwrap_or_default();
    Ok(header.split(',').map(|name| name.trim().to_owned()).collect())
}

fn bearer(request: &Request) -> Result<Option<String>, Rejection> {
    let Some(header) = request.headers().get("Authorization").map_err(ours)? else { return Ok(None) };
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Some(token.trim_matches(' ').to_owned()))
        }
        _ => Err(Rejection::InvalidToken("Authorization must be `Bearer` and a JWT".into())),
    }
}
