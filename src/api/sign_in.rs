//! How a driver's phone signs in: device keys for phone trackers, and one-time links for the app.

use onway_core::auth::{Role, hs256};
use onway_core::ingest::Protocol;
use onway_core::ingest::setup::{Setup, setup};
use onway_core::invite::{self, NotInvited};
use onway_core::rejection::Rejection;
use onway_core::wire::sign_in::{MadeKey, SignedIn, parse_invite, parse_label, parse_sign_in};
use serde::Serialize;
use serde_json::json;

use super::asked::{Asked, Handled, later};
use super::drivers;
use crate::contract::{Ask, DriverRequest, said};
use crate::identity::wall;
use crate::limits;
use crate::problem::Answer;
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
pub fn keys<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let (id, _) = drivers::known(asked)?;
    if asked.method() != "POST" {
        return Ok(DriverRequest::ListKeys.ask(asked.env, &id, None, None));
    }
    let (body, json) = asked.json()?;
    parse_label(&json)?;
    later(make_key(asked, id, body))
}

async fn make_key(asked: &Asked<'_>, id: String, body: Vec<u8>) -> Answer {
    let mut answer = DriverRequest::MakeKey.ask(asked.env, &id, None, Some(body)).await?;
    if answer.status_code() != 201 {
        return Ok(answer);
    }
    let made: MadeKey = said(&mut answer).await?;
    let origin = asked.url()?.origin();
    let setup = Protocol::ALL.into_iter().map(|protocol| setup(protocol, &origin, &made.key, &id)).collect();
    let MadeKey { key_id, label, created_at, key } = made;
    json_reply(&KeyWithSetup { key_id, label, created_at, key, setup }, 201)
}

/// `DELETE /drivers/{id}/device-keys/{key}`
pub fn revoke<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let (id, _) = drivers::known(asked)?;
    Ok(DriverRequest::RevokeKey { key_id: asked.second.to_owned() }.ask(asked.env, &id, None, None))
}

/// `POST /drivers/{id}/invite`
pub fn invite<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let (id, by) = drivers::known(asked)?;
    if by.role == Role::Driver {
        // A token that renews itself for ever could not be taken back.
        return Err(Rejection::Forbidden("dispatchers and admins invite drivers".into()));
    }
    let (body, json) = asked.json()?;
    parse_invite(&json)?;
    // Found out now, not by the driver.
    asked.config.signing()?;
    Ok(DriverRequest::Invite.ask(asked.env, &id, None, Some(body)))
}

/// `POST /drivers/sign-in`
pub async fn sign_in(asked: &mut Asked<'_>) -> Answer {
    let text = parse_sign_in(&asked.json()?.1)?;
    let signing = asked.config.signing()?;
    limits::admit(&asked.request, &asked.config)?;
    let invite = match invite::verify(&asked.config.id_keys()?, &text, wall()) {
        Ok(invite) => invite,
        Err(NotInvited::Expired) => return Err(Rejection::Gone),
        Err(why) => {
            limits::failed(&asked.request, &asked.config).await?;
            return Err(Rejection::InvalidToken(why.to_string()));
        }
    };
    let answer =
        DriverRequest::SignIn { id: invite.id }.ask(asked.env, &invite.driver_id, None, None).await?;
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
