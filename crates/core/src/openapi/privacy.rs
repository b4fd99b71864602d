//! The routes of personal data, and what they answer. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use super::examples::TRACKING_ID;
use super::paths::{BodyRefused, CallerRefused, DeliveryMissing, Failed};
use crate::delivery::Actor;
use crate::wire::problem::Problem;

#[derive(OpenApi)]
#[openapi(paths(erase_delivery, export_customer, erase_customer, export_driver, erase_driver, set_privacy))]
pub struct Paths;

/// The name of what may be sent.
#[derive(ToSchema)]
struct PrivacyReport;

/// The schema of what may be sent.
pub fn schemas() -> [(&'static str, Value); 1] {
    let opt_out = json!({"type": "boolean", "description": "No push and no SMS, and neither the way nor the ETAs are kept beyond the end"});
    [(
        "PrivacyReport",
        json!({"type": "object", "properties": {"opt_out": opt_out}, "required": ["opt_out"]}),
    )]
}

/// What was erased, and what remains of it where the service cannot reach.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    tracking_id: String,
    /// Unix seconds; of the first time, where it was asked for again.
    erased_at: i64,
    /// Null where it was erased before that was noted.
    erased_by: Option<Actor>,
    erased: Vec<Erased>,
    remains: Remains,
}

/// Rows or files of one kind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Erased {
    what: String,
    count: u64,
}

/// The platform's own backups.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Remains {
    days: u32,
    /// Unix seconds.
    until: i64,
    r#where: Vec<String>,
    explanation: String,
}

/// What was erased of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonErased {
    customer_id: Option<String>,
    driver_id: Option<String>,
    /// Unix seconds.
    erased_at: i64,
    /// Deliveries that are left: ask again until there is none.
    remaining: u64,
    remains: Remains,
}

/// What is held on a person, as it is stored: times are Unix milliseconds.
#[derive(Deserialize, ToSchema)]
pub struct PersonalData {
    /// Summaries of the archive, at most 25, each with the path of its track.
    deliveries: Vec<Value>,
    /// What the objects of these deliveries hold, where they have not gone yet.
    objects: Vec<Value>,
    /// Which webhooks were told of these deliveries: `tracking_id, type, at, to`.
    told: Vec<Value>,
    /// Subscriptions to push messages: a driver's own, or a customer's to these deliveries.
    push: Vec<Value>,
    /// The last delivery of this page, as `cursor` of the next; null on the last page.
    next_cursor: Option<String>,
}

/// What a customer wants of its data.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    customer_id: String,
    opt_out: bool,
}

/// Erases one delivery, for its customer or an admin; once more it changes nothing.
#[utoipa::path(
    delete, path = "/tracking/{id}/personal-data", tag = "privacy",
    params(("id" = String, Path, description = "Tracking id")),
    responses(
        (status = 200, description = "Erased, now or before", body = Receipt),
        (status = 409, description = "It is under way", body = Problem, content_type = "application/problem+json"),
        CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn erase_delivery() {}

/// All that is held on a customer, for an admin.
#[utoipa::path(
    get, path = "/customers/{customer_id}/personal-data", tag = "privacy",
    params(
        ("customer_id" = String, Path, description = "The customer"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page", body = PersonalData),
        (status = 404, description = "Nobody can have this id", body = Problem, content_type = "application/problem+json"),
        CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn export_customer() {}

/// Erases a customer's deliveries, up to 25 at a time, for an admin.
#[utoipa::path(
    delete, path = "/customers/{customer_id}/personal-data", tag = "privacy",
    params(("customer_id" = String, Path, description = "The customer")),
    responses(
        (status = 200, description = "Erased; `remaining` says whether to ask again", body = PersonErased),
        (status = 404, description = "Nobody can have this id", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A delivery of theirs is under way", body = Problem, content_type = "application/problem+json"),
        CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn erase_customer() {}

/// All that is held on a driver, for an admin.
#[utoipa::path(
    get, path = "/drivers/{driver_id}/personal-data", tag = "privacy",
    params(
        ("driver_id" = String, Path, description = "The driver"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page", body = PersonalData),
        (status = 404, description = "Nobody can have this id", body = Problem, content_type = "application/problem+json"),
        CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn export_driver() {}

/// Erases a driver: its line, keys, calls for help, and its part in deliveries, up to 25 at a time, for an admin.
#[utoipa::path(
    delete, path = "/drivers/{driver_id}/personal-data", tag = "privacy",
    params(("driver_id" = String, Path, description = "The driver")),
    responses(
        (status = 200, description = "Erased; `remaining` says whether to ask again", body = PersonErased),
        (status = 404, description = "Nobody can have this id", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A delivery of theirs is under way", body = Problem, content_type = "application/problem+json"),
        CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn erase_driver() {}

/// What a customer wants of its data: for itself, or by an admin.
#[utoipa::path(
    put, path = "/customers/{customer_id}/privacy", tag = "privacy",
    params(("customer_id" = String, Path, description = "The customer")),
    request_body = PrivacyReport,
    responses(
        (status = 200, description = "Noted", body = Privacy),
        (status = 404, description = "Nobody can have this id", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn set_privacy() {}

/// Examples of answers.
pub fn answer(schema: &str) -> Option<Value> {
    let at = 1_704_067_850;
    let remains = json!({
        "days": 30, "until": at + 30 * 86_400,
        "where": ["Cloudflare D1 Time Travel", "Cloudflare Durable Objects point-in-time recovery"],
        "explanation": "The platform's backups hold it until then.",
    });
    Some(match schema {
        "Receipt" => json!({
            "tracking_id": TRACKING_ID, "erased_at": at, "erased_by": {"role": "customer"}, "remains": remains,
            "erased": [{"what": "positions", "count": 3}, {"what": "summary", "count": 1}, {"what": "proofs", "count": 0}],
        }),
        "PersonErased" => {
            json!({"customer_id": "CUST-42", "erased_at": at, "remaining": 0, "remains": remains})
        }
        "PersonalData" => json!({
            "customer_id": "CUST-42", "privacy": [], "objects": [], "push": [], "next_cursor": null,
            "told": [{"tracking_id": TRACKING_ID, "type": "delivery.delivered", "at": 1_704_068_450_000_i64, "to": "https://shop.example.com/onway"}],
            "deliveries": [{"tracking_id": TRACKING_ID, "order_id": "ORD-12345", "status": "DELIVERED", "track": format!("/tracking/{TRACKING_ID}/history")}],
        }),
        "Privacy" => json!({"customer_id": "CUST-42", "opt_out": true}),
        _ => return None,
    })
}
