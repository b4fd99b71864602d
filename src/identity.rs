//! Who calls: the token of a request, from the header, the subprotocol or the query.

use onway_core::auth::{Caller, verify};
use onway_core::clock::Millis;
use onway_core::rejection::Rejection;
use worker::{Date, Request};

use crate::config::Config;
use crate::problem::ours;

/// The subprotocol of our sockets.
pub const SUBPROTOCOL: &str = "onway.v1";

/// The wall clock.
pub fn wall() -> Millis {
    Millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}

/// The caller of an HTTP request: `None` without a token, refused with one that does not hold.
pub fn caller(request: &Request, config: &Config<'_>) -> Result<Option<Caller>, Rejection> {
    bearer(request)?.map(|token| check(&token, config)).transpose()
}

/// The caller of an HTTP request that needs one.
pub fn known_caller(request: &Request, config: &Config<'_>) -> Result<Caller, Rejection> {
    caller(request, config)?.ok_or(Rejection::Unauthenticated)
}

/// The caller of an upgrade; `token` is the one in the query.
pub fn socket_caller(
    request: &Request,
    token: Option<String>,
    config: &Config<'_>,
) -> Result<Option<Caller>, Rejection> {
    let offered =
        offered(request)?.into_iter().find_map(|name| name.strip_prefix("bearer.").map(str::to_owned));
    let token = bearer(request)?.or(offered).or(token);
    token.map(|token| check(&token, config)).transpose()
}

/// Checks a token against what the deployment trusts.
pub fn check(token: &str, config: &Config<'_>) -> Result<Caller, Rejection> {
    let secret = config.jwt_secret()?;
    let claims = config.claims();
    verify(token, &Config::token_rules(&secret, &claims), wall())
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
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim().to_owned())),
        _ => Err(Rejection::InvalidToken("Authorization must be `Bearer` and a JWT".into())),
    }
}
