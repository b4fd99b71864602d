//! The route of what is written back to text messages. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use utoipa::{OpenApi, ToSchema};

use super::paths::Failed;
use crate::wire::problem::Problem;

#[derive(OpenApi)]
#[openapi(paths(twilio_reply))]
pub struct Paths;

/// Of the form that Twilio sends, what is read.
#[derive(ToSchema)]
struct TwilioReply {
    /// Who wrote, in E.164.
    #[schema(rename = "From", example = "+233201234567")]
    from: String,
    /// A word alone, as `STOP` or `START`; anything else changes nothing.
    #[schema(rename = "Body", example = "STOP")]
    body: String,
    /// Goes before the body, where Twilio knows what was meant.
    #[schema(rename = "OptOutType", example = "STOP")]
    opt_out_type: Option<String>,
}

/// What somebody writes back who was sent a text, from Twilio.
///
/// `docs/sms.md` has the words. The address that is signed is `PUBLIC_URL` and this path.
#[utoipa::path(
    post, path = "/sms/twilio", tag = "text messages",
    params(("X-Twilio-Signature" = String, Header, description = "Base64 of HMAC-SHA1, keyed with the account's token, over the address and the parameters in order")),
    request_body(content = TwilioReply, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "TwiML that answers nothing", body = String, content_type = "text/xml"),
        (status = 403, description = "The signature is not that of this request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "No form, or one that is compressed", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "No text messages are sent from here", body = Problem, content_type = "application/problem+json"),
        Failed,
    ),
)]
fn twilio_reply() {}
