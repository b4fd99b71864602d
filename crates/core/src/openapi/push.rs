//! The routes of push messages, and what they take. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use super::input::{IDENTIFIER, described, text};
use super::paths::{BodyRefused, CallerRefused, DeliveryMissing, Failed};
use crate::notice::push::{CUSTOMER, DRIVER, ENDPOINT_MAX};
use crate::wire::problem::Problem;

#[derive(OpenApi)]
#[openapi(paths(push_key, subscribe_push, unsubscribe_push))]
pub struct Paths;

/// The names of what may be sent.
#[derive(ToSchema)]
struct PushRequest;
#[derive(ToSchema)]
struct PushEnd;

/// The public key of the sender: `applicationServerKey` of the browser's Push API.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushKey {
    /// A point of P-256, uncompressed, in base64url.
    key: String,
}

/// What is subscribed to now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushSubscription {
    id: String,
    /// Names of events.
    kinds: Vec<String>,
}

const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const ENDPOINT: &str = "https://push.example.com/send/a1b2";

/// The schemas of what may be sent.
pub fn schemas() -> [(&'static str, Value); 2] {
    let names: Vec<_> = CUSTOMER.iter().chain(&DRIVER[2..]).map(|kind| kind.name()).collect();
    let endpoint = json!({"type": "string", "format": "push-endpoint", "description": format!("The `https` address of a push service, of at most {ENDPOINT_MAX} characters.")});
    let known = json!({"type": "string", "minLength": 1, "maxLength": ENDPOINT_MAX, "pattern": IDENTIFIER});
    let key = |bytes: usize, pattern: &str| json!({"type": "string", "pattern": pattern, "description": format!("{bytes} bytes in base64url.")});
    let point = key(65, "^B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]=*$");
    let secret = key(16, "^[A-Za-z0-9_-]{21}[AQgw]=*$");
    let tracking_id =
        |said: &str| described(json!({"type": ["string", "null"], "format": "tracking-id"}), said);
    [
        (
            "PushRequest",
            json!({
                "type": "object",
                "properties": {
                    "tracking_id": tracking_id("The delivery to be told of; a driver leaves it out, and is told of all its own."),
                    "subscription": {
                        "type": "object",
                        "description": "As `PushSubscription.toJSON()` gives it.",
                        "properties": {
                            "endpoint": endpoint,
                            "keys": {
                                "type": "object",
                                "properties": {"p256dh": point, "auth": secret},
                                "required": ["p256dh", "auth"],
                            },
                        },
                        "required": ["endpoint", "keys"],
                    },
                    "kinds": {
                        "type": ["array", "null"], "minItems": 1, "maxItems": CUSTOMER.len(),
                        "items": {"type": "string", "enum": names},
                        "description": "Of which events: of a delivery any but `delivery.declined`, of a driver's `delivery.assigned`, `delivery.cancelled` and `delivery.declined`.",
                    },
                    "language": described(text(35), "BCP 47: the language of the texts. English where there is none in it."),
                },
                "required": ["subscription"],
            }),
        ),
        (
            "PushEnd",
            json!({
                "type": "object",
                "properties": {"endpoint": known, "tracking_id": tracking_id("Of this delivery alone.")},
                "required": ["endpoint"],
            }),
        ),
    ]
}

/// An example of each body.
pub fn examples() -> [(&'static str, &'static str, Value); 2] {
    let subscription =
        json!({"endpoint": ENDPOINT, "keys": {"p256dh": KEY, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}});
    [
        (
            "/push/subscriptions",
            "post",
            json!({"tracking_id": super::examples::TRACKING_ID, "subscription": subscription, "kinds": ["delivery.arrived"]}),
        ),
        ("/push/subscriptions", "delete", json!({"endpoint": ENDPOINT})),
    ]
}

/// An example of the answer of this schema.
pub fn answer(schema: &str) -> Option<Value> {
    match schema {
        "PushKey" => Some(json!({"key": KEY})),
        "PushSubscription" => {
            Some(json!({"id": "sub_ABCDEFGHIJKLMNOPQRSTUVWX", "kinds": ["delivery.arrived"]}))
        }
        _ => None,
    }
}

/// Under which key push messages are sent.
#[utoipa::path(
    get, path = "/push/key", tag = "push messages",
    responses(
        (status = 200, description = "The key", body = PushKey),
        (status = 501, description = "This deployment sends no push messages", body = Problem, content_type = "application/problem+json"),
        CallerRefused, Failed,
    ),
    security((), ("bearer" = [])),
)]
fn push_key() {}

/// Subscribes a browser to a delivery that the caller may see, or a driver's to its own. Again by the same endpoint it
/// changes what was subscribed.
#[utoipa::path(
    post, path = "/push/subscriptions", tag = "push messages",
    params(("link" = Option<String>, Query, description = "A share link of the delivery")),
    request_body = PushRequest,
    responses(
        (status = 201, description = "Subscribed", body = PushSubscription),
        (status = 409, description = "There are ten already", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This deployment sends no push messages", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security((), ("bearer" = [])),
)]
fn subscribe_push() {}

/// Ends what a browser has subscribed to: whoever knows its endpoint may.
#[utoipa::path(
    delete, path = "/push/subscriptions", tag = "push messages",
    request_body = PushEnd,
    responses((status = 204, description = "There is no such subscription, or none any more"), BodyRefused, CallerRefused, Failed),
    security((), ("bearer" = [])),
)]
fn unsubscribe_push() {}
