//! `/sms/twilio`: what those write back who were sent a text.

use onway_core::notice::sms::twilio;
use onway_core::rejection::Rejection;
use worker::Response;

use super::asked::Asked;
use super::body;
use crate::identity::web_crypto;
use crate::limits;
use crate::notify::sms;
use crate::problem::{Answer, ours};

/// That nothing is to be answered.
const NOTHING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

/// `POST /sms/twilio`
pub async fn twilio(asked: &mut Asked<'_>) -> Answer {
    let (is_form, body) = (body::is_form(&asked.request)?, asked.body());
    limits::admit(&asked.request, &asked.config)?;
    limits::count(&asked.request, None, &asked.config).await?;
    let (token, public) = asked.config.sms_replies()?;
    let body = body?;
    if !is_form {
        return Err(Rejection::UnsupportedMediaType { expected: "application/x-www-form-urlencoded" });
    }
    let (inbound, signed) = twilio::inbound(&format!("{public}/sms/twilio"), &body);
    let header = asked.request.headers().get("X-Twilio-Signature").map_err(ours)?.unwrap_or_default();
    let holds = match twilio::signature(&header) {
        Some(signature) => web_crypto::is_hmac_sha1(&token, &signed, &signature).await?,
        None => false,
    };
    if !holds {
        limits::failed(&asked.request, &asked.config).await?;
        return Err(Rejection::Forbidden("X-Twilio-Signature is not that of this request".into()));
    }
    if let Some(wants) = inbound.wants {
        sms::note(asked.env, &inbound.from, wants).await.map_err(ours)?;
    }
    let response = Response::ok(NOTHING).map_err(ours)?;
    response.headers().set("Content-Type", "text/xml").map_err(ours)?;
    response.headers().set("Cache-Control", "no-store").map_err(ours)?;
    Ok(response)
}
