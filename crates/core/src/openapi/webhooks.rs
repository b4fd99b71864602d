//! The routes of webhooks, and what they take. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoResponses, OpenApi, ToSchema};

use super::examples::TRACKING_ID;
use super::input::{IDENTIFIER, described, present, text, time_or_null};
use super::paths::{BodyRefused, CallerRefused, Failed, QueryRefused};
use crate::notice::Kind;
use crate::notice::endpoint::{DESCRIPTION_MAX, URL_MAX};
use crate::wire::problem::Problem;

#[derive(OpenApi)]
#[openapi(paths(
    list_webhooks,
    make_webhook,
    read_webhook,
    change_webhook,
    delete_webhook,
    webhook_attempts,
    redeliver,
    test_webhook
))]
pub struct Paths;

/// `whsec_` and 24 to 64 bytes in base64, its last bits 0.
const SECRET: &str = "^whsec_(([A-Za-z0-9+/]{4}){8,20}([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?|([A-Za-z0-9+/]{4}){21}([A-Za-z0-9+/][AQgw]==)?)$";

/// The names of what may be sent.
#[derive(ToSchema)]
struct EndpointRequest;
#[derive(ToSchema)]
struct EndpointChange;
#[derive(ToSchema)]
struct RedeliveryRequest;

/// An endpoint that hears of deliveries.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointView {
    id: String,
    url: String,
    /// Names of what it hears of; null: everything.
    events: Option<Vec<Kind>>,
    enabled: bool,
    description: Option<String>,
    /// Whose deliveries it hears of, as that store sees them; null: of all.
    store_id: Option<String>,
    /// Unix seconds.
    created_at: i64,
    /// Nothing but failures since, in Unix seconds.
    failing_since: Option<i64>,
    /// Why it was disabled, where it was not by hand.
    disabled_reason: Option<String>,
    /// Where it is new: it is shown this once.
    #[serde(default)]
    #[schema(required = false)]
    secret: Option<String>,
}

/// Endpoints, the oldest first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointList {
    endpoints: Vec<EndpointView>,
}

/// An attempt to tell an endpoint of an event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttemptView {
    event_id: String,
    /// Null where it was erased.
    #[serde(rename = "type")]
    kind: Option<Kind>,
    tracking_id: Option<String>,
    /// Unix seconds.
    at: i64,
    /// 1 for the first.
    attempt: u32,
    /// Of the answer; null where there was none.
    status: Option<u16>,
    /// How long it took.
    ms: i64,
    /// Why there was no answer.
    error: Option<String>,
    delivered: bool,
}

/// A page of attempts, the newest first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttemptPage {
    attempts: Vec<AttemptView>,
    /// Where the next page begins: send it as `cursor`. Null on the last page.
    next_cursor: Option<String>,
}

/// What is on its way again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redelivered {
    count: u32,
    /// There may be more: ask again from `next_from` on.
    more: bool,
    /// Unix seconds, to the millisecond; null where that was all.
    next_from: Option<f64>,
}

/// A test event is on its way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSent {
    event_id: String,
}

/// Why there is no endpoint.
#[derive(IntoResponses)]
enum EndpointMissing {
    /// There is none of this name that is the caller's.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// Why nothing can be sent to it.
#[derive(IntoResponses)]
enum NothingSent {
    /// It is disabled.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// This deployment has no queue.
    #[response(status = 501, content_type = "application/problem+json")]
    NotOffered(Problem),
}

/// The schemas of what may be sent.
pub fn schemas() -> [(&'static str, Value); 3] {
    let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).filter(|name| *name != "test").collect();
    let url = json!({
        "type": "string", "format": "webhook-url", "maxLength": URL_MAX,
        "description": "https, a public name or address, no user and no password.",
    });
    let properties = json!({
        "url": url,
        "events": {
            "type": ["array", "null"], "minItems": 1, "maxItems": Kind::ALL.len(),
            "items": {"type": "string", "enum": names},
            "description": "What it hears of; null: everything.",
        },
        "secret": {
            "type": ["string", "null"], "pattern": SECRET,
            "description": "`whsec_` and base64 of 24 to 64 bytes. Null makes one here. In a change the former one signs too, for a day.",
        },
        "enabled": {"type": ["boolean", "null"], "description": "Enabled again, it begins anew."},
        "description": text(DESCRIPTION_MAX),
    });
    let mut made = json!({"type": "object", "properties": properties, "required": ["url"]});
    made["properties"]["store_id"] = json!({
        "type": ["string", "null"], "minLength": 1, "maxLength": 128, "pattern": r"^[!-~]+$",
        "description": "Of this store's deliveries alone, as the store sees them. A store's own where a store makes it.",
    });
    let mut url_or_null = properties.clone();
    url_or_null["url"]["type"] = json!(["string", "null"]);
    let told = || described(time_or_null(), "When it was told: from and to that time.");
    [
        ("EndpointRequest", made),
        (
            "EndpointChange",
            json!({
                "type": "object",
                "description": "What is not named stays as it is.",
                "properties": url_or_null,
            }),
        ),
        (
            "RedeliveryRequest",
            json!({
                "type": "object",
                "description": "One event, or all of a span of time that were not taken.",
                "properties": {
                    "event_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 64, "pattern": IDENTIFIER},
                    "from": told(),
                    "to": told(),
                    "all": {"type": ["boolean", "null"], "description": "Also those that were taken."},
                },
                "anyOf": [present("event_id"), {"allOf": [present("from"), present("to")]}],
            }),
        ),
    ]
}

/// An example of each body.
pub fn examples() -> [(&'static str, &'static str, Value); 3] {
    let url = "https://shop.example.com/onway";
    [
        ("/webhooks", "post", json!({"url": url, "events": ["delivery.delivered", "delivery.failed"]})),
        ("/webhooks/{endpoint_id}", "patch", json!({"events": null, "secret": null})),
        ("/webhooks/{endpoint_id}/redeliver", "post", json!({"from": 1_704_067_200, "to": 1_704_070_800})),
    ]
}

/// An example of the answer of this schema.
pub fn answer(schema: &str) -> Option<Value> {
    let event = "evt_MFRGGZDFMZTWQ2LKNNWG23TP";
    let endpoint = json!({
        "id": "ep_0123456789abcdef01234567", "url": "https://shop.example.com/onway",
        "events": ["delivery.delivered", "delivery.failed"], "enabled": true, "description": null,
        "store_id": null, "created_at": 1_704_067_200, "failing_since": null, "disabled_reason": null,
    });
    Some(match schema {
        "EndpointView" => endpoint,
        "EndpointList" => json!({"endpoints": [endpoint]}),
        "AttemptPage" => json!({
            "attempts": [{
                "event_id": event, "type": "delivery.delivered", "tracking_id": TRACKING_ID, "at": 1_704_068_450,
                "attempt": 1, "status": 200, "ms": 84, "error": null, "delivered": true,
            }],
            "next_cursor": null,
        }),
        "Redelivered" => json!({"count": 3, "more": false, "next_from": null}),
        "TestSent" => json!({"event_id": event}),
        _ => return None,
    })
}

/// The endpoints, the oldest first.
///
/// For admins all of them; for a store its own.
#[utoipa::path(
    get, path = "/webhooks", tag = "webhooks",
    responses((status = 200, description = "The endpoints", body = EndpointList), CallerRefused, Failed),
    security(("bearer" = [])),
)]
fn list_webhooks() {}

/// Makes an endpoint. Its secret is in the answer, and is not shown again.
///
/// Every endpoint hears at least once of each event, signed after Standard Webhooks; receivers sort by `seq`.
#[utoipa::path(
    post, path = "/webhooks", tag = "webhooks",
    request_body = EndpointRequest,
    responses(
        (status = 201, description = "The endpoint, with its secret", body = EndpointView),
        (status = 409, description = "There are 20 for all deliveries, or 5 of this store, already", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn make_webhook() {}

/// An endpoint.
#[utoipa::path(
    get, path = "/webhooks/{endpoint_id}", tag = "webhooks",
    params(("endpoint_id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint", body = EndpointView), CallerRefused, EndpointMissing, Failed),
    security(("bearer" = [])),
)]
fn read_webhook() {}

/// Changes an endpoint: what is not named stays. A new secret is in the answer.
#[utoipa::path(
    patch, path = "/webhooks/{endpoint_id}", tag = "webhooks",
    params(("endpoint_id" = String, Path, description = "The endpoint's id")),
    request_body = EndpointChange,
    responses((status = 200, description = "The endpoint as it is now", body = EndpointView), BodyRefused, CallerRefused, EndpointMissing, Failed),
    security(("bearer" = [])),
)]
fn change_webhook() {}

/// Deletes an endpoint: it hears nothing more.
#[utoipa::path(
    delete, path = "/webhooks/{endpoint_id}", tag = "webhooks",
    params(("endpoint_id" = String, Path, description = "The endpoint's id")),
    responses((status = 204, description = "Deleted"), CallerRefused, EndpointMissing, Failed),
    security(("bearer" = [])),
)]
fn delete_webhook() {}

/// What was sent to an endpoint, attempt by attempt, the newest first. `order-service` is the operator's own.
#[utoipa::path(
    get, path = "/webhooks/{endpoint_id}/attempts", tag = "webhooks",
    params(
        ("endpoint_id" = String, Path, description = "The endpoint's id"),
        ("event_id" = Option<String>, Query, description = "Of this event"),
        ("outcome" = Option<String>, Query, description = "`delivered` or `failed`"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page of attempts before"),
    ),
    responses((status = 200, description = "The attempts", body = AttemptPage), QueryRefused, CallerRefused, EndpointMissing, Failed),
    security(("bearer" = [])),
)]
fn webhook_attempts() {}

/// Sends an event again, or up to 500 of a span of time, with the same ids.
#[utoipa::path(
    post, path = "/webhooks/{endpoint_id}/redeliver", tag = "webhooks",
    params(("endpoint_id" = String, Path, description = "The endpoint's id")),
    request_body = RedeliveryRequest,
    responses((status = 202, description = "How many are on their way", body = Redelivered), BodyRefused, CallerRefused, EndpointMissing, NothingSent, Failed),
    security(("bearer" = [])),
)]
fn redeliver() {}

/// Sends a test event.
#[utoipa::path(
    post, path = "/webhooks/{endpoint_id}/test", tag = "webhooks",
    params(("endpoint_id" = String, Path, description = "The endpoint's id")),
    responses((status = 202, description = "It is on its way", body = TestSent), CallerRefused, EndpointMissing, NothingSent, Failed),
    security(("bearer" = [])),
)]
fn test_webhook() {}
