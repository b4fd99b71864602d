//! How a driver's phone signs in: device keys for phone trackers, and one-time links for the app.

use onway_core::auth::{Role, hs256};
use onway_core::ingest::Protocol;
use onway_core::ingest::setup::{Setup, setup};
use onway_core::invite::{self, NotInvited};
use onway_core::rejection::Rejection;
use onway_core::wire::input;
use onway_core::wire::sign_in::{MadeKey, SignedIn, parse_invite, parse_label, parse_sign_in};
use serde::Serialize;
use serde_json::json;
use worker::{Env, Request};

use super::{body, drivers};
use crate::config::Config;
use crate::contract::{Ask, DriverRequest, said};
use crate::identity::wall;
use crate::limits;
use crate::problem::{Answer, ours};
use crate::reply::json as json_reply;

/// A new key, which is shown this once, with how each app is set up for it.
#[derive(Serialize)]
struct KeyWithSetup {
    key_id: String,
    label: String,
    created_at: i64,
    key: String,
    setup: Vec<Setup>,
}

/// `POST` and `GET /drivers/{id}/device-keys`
pub async fn keys(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    if request.inner().method() != "POST" {
        let (id, _) = drivers::known(&request, id, config).await?;
        return DriverRequest::ListKeys.ask(env, &id, None, None).await;
    }
    let body = body::read_optional(&mut request).await;
    let (id, _) = drivers::known(&request, id, config).await?;
    let body = body?;
    parse_label(&input::json(&body)?)?;
    let mut answer = DriverRequest::MakeKey.ask(env, &id, None, Some(body)).await?;
    if answer.status_code() != 201 {
        return Ok(answer);
    }
    let made: MadeKey = said(&mut answer).await?;
    let origin = web_sys::Url::new(&request.inner().url()).map_err(|error| ours(error.into()))?.origin();
    let setup = Protocol::ALL.into_iter().map(|protocol| setup(protocol, &origin, &made.key, &id)).collect();
    let MadeKey { key_id, label, created_at, key } = made;
    json_reply(&KeyWithSetup { key_id, label, created_at, key, setup }, 201)
}

/// `DELETE /drivers/{id}/device-keys/{key}`
pub async fn revoke(request: &Request, id: &str, key: &str, env: &Env, config: &Config<'_>) -> Answer {
    let (id, _) = drivers::known(request, id, config).await?;
    DriverRequest::RevokeKey { key_id: key.to_owned() }.ask(env, &id, None, None).await
}

/// `POST /drivers/{id}/invite`
pub async fn invite(mut request: Request, id: &str, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read_optional(&mut request).await;
    let (id, by) = drivers::known(&request, id, config).await?;
    if by.role == Role::Driver {
        // A token that renews itself for ever could not be taken back.
        return Err(Rejection::Forbidden("dispatchers and admins invite drivers".into()));
    }
    let body = body?;
    parse_invite(&input::json(&body)?)?;
    // Found out now, not by the driver.
    config.signing()?;
    DriverRequest::Invite.ask(env, &id, None, Some(body)).await
}

/// `POST /drivers/sign-in`
pub async fn sign_in(mut request: Request, env: &Env, config: &Config<'_>) -> Answer {
    let body = body::read(&mut request).await?;
    let text = parse_sign_in(&input::json(&body)?)?;
    let signing = config.signing()?;
    limits::admit(&request, config)?;
    let invite = match invite::verify(&config.id_keys()?, &text, wall()) {
        Ok(invite) => invite,
        Err(NotInvited::Expired) => return Err(Rejection::Gone),
        Err(why) => {
            limits::failed(&request, config).await?;
            return Err(Rejection::InvalidToken(why.to_string()));
        }
    };
    let answer = DriverRequest::SignIn { id: invite.id }.ask(env, &invite.driver_id, None, None).await?;
    if answer.status_code() >= 400 {
        return Ok(answer);
    }
    let iat = wall().secs();
    let exp = iat + signing.lasts_secs;
    let mut claims = json!({"sub": invite.driver_id, "iat": iat, "exp": exp});
    if let Some(map) = claims.as_object_mut() {
        map.insert(signing.role_claim, "driver".into());
        for (name, value) in [("iss", signing.issuer), ("aud", signing.audience)] {
            if let Some(value) = value {
                map.insert(name.into(), value.into());
            }
        }
    }
    let token = hs256::sign(&claims, signing.secret.as_bytes()).ok_or(Rejection::Internal)?;
    json_reply(&SignedIn { token, driver_id: invite.driver_id, expires_at: exp }, 200)
}
