//! The routes of corrections, proofs, ratings and a customer's own list. The functions only carry the
//! descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use super::examples::TRACKING_ID;
use super::input::{described, start, text};
use super::paths::{BodyRefused, CallerRefused, DeliveryMissing, Failed, QueryRefused};
use crate::wire::handover::{CODE_MAX, COMMENT_MAX, STARS_MAX};
use crate::wire::mine::OwnDeliveries;
use crate::wire::problem::Problem;
use crate::wire::snapshot::Snapshot;

#[derive(OpenApi)]
#[openapi(paths(correct, rate, prove, proof, mine, mine_page))]
pub struct Paths;

/// The names of what may be sent.
#[derive(ToSchema)]
struct Correction;
#[derive(ToSchema)]
struct RatingReport;
#[derive(ToSchema)]
struct CodeReport;

/// The schemas of what may be sent.
pub fn schemas() -> [(&'static str, Value); 3] {
    let fields = ["dropoff", "window", "phone", "instructions", "visibility", "visibility_rules", "route"];
    let started = start();
    let given: serde_json::Map<_, _> =
        fields.iter().map(|field| ((*field).to_owned(), started["properties"][field].clone())).collect();
    let removable = ["window", "phone", "instructions", "route"].map(|field| json!({"required": [field]}));
    let others = [("dropoff", "object"), ("visibility", "string"), ("visibility_rules", "object")];
    let others =
        others.map(|(field, kind)| json!({"required": [field], "properties": {field: {"type": kind}}}));
    let corrected: Vec<_> = removable.into_iter().chain(others).collect();
    [
        (
            "Correction",
            json!({
                "type": "object",
                "description": "What was wrong: at least one of these. `null` removes `window`, `phone`, `instructions` or `route`. The dropoff may be flat, as in a start.",
                "properties": given,
                "anyOf": corrected,
            }),
        ),
        (
            "RatingReport",
            json!({
                "type": "object",
                "required": ["stars"],
                "properties": {
                    "stars": {"type": "integer", "minimum": 1, "maximum": STARS_MAX},
                    "comment": text(COMMENT_MAX),
                },
            }),
        ),
        (
            "CodeReport",
            json!({
                "type": "object",
                "required": ["code"],
                "properties": {"code": described(json!({"type": "string", "minLength": 1, "maxLength": CODE_MAX, "pattern": "^[A-Za-z0-9]+$"}), "What the recipient said")},
            }),
        ),
    ]
}

/// An example of each body.
pub fn examples() -> [(&'static str, &'static str, Value); 3] {
    [
        (
            "/tracking/{id}",
            "patch",
            json!({"instructions": "The blue gate", "window": {"to": 1_704_070_800}, "phone": null}),
        ),
        ("/tracking/{id}/rating", "post", json!({"stars": 5, "comment": "Kind and quick"})),
        ("/tracking/{id}/proof", "post", json!({"code": "A7K2"})),
    ]
}

/// An example of an answer.
pub fn answer() -> Value {
    json!({
        "deliveries": [{
            "tracking_id": TRACKING_ID, "order_id": "ORD-12345", "status": "IN_TRANSIT",
            "started_at": 1_704_067_200, "ended_at": null, "dropoff": {"lat": 5.6037, "lng": -0.1869},
            "window": {"from": 1_704_067_200, "to": 1_704_070_800}, "eta_at": 1_704_068_030, "rating": null, "expired": false,
        }],
        "next_cursor": null, "server_time": 1_704_067_850_123_i64,
    })
}

/// Corrects what was said at the start.
///
/// For its store, dispatchers and admins; the customer may change the instructions. Another dropoff makes
/// the route void, unless another comes with it. Whoever follows is told the whole state.
#[utoipa::path(
    patch, path = "/tracking/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = Correction,
    responses(
        (status = 200, description = "Corrected, or it was so already", body = Snapshot),
        (status = 409, description = "It has ended", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn correct() {}

/// How the customer found it, or who has a share link of it. The last one counts.
#[utoipa::path(
    post, path = "/tracking/{id}/rating", tag = "deliveries",
    params(
        ("id" = String, Path, description = "Tracking id"),
        ("link" = Option<String>, Query, description = "A share link, instead of a token"),
    ),
    request_body = RatingReport,
    responses(
        (status = 200, description = "Taken", body = Snapshot),
        (status = 409, description = "It has not been delivered", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security((), ("bearer" = [])),
)]
fn rate() {}

/// A proof that it was handed over: a photo, a signature or a code. The same again changes nothing.
///
/// From the driver. An image of at most 1 MiB is the body itself, `image/jpeg` or `image/png`; a code is JSON.
/// Where the delivery was started with a `handover_code`, it has to be that one.
#[utoipa::path(
    post, path = "/tracking/{id}/proof", tag = "deliveries",
    params(
        ("id" = String, Path, description = "Tracking id"),
        ("kind" = Option<String>, Query, description = "Of an image: `photo` or `signature`; a photo where it is left out"),
    ),
    request_body(content((CodeReport = "application/json"), (String = "image/jpeg"), (String = "image/png"))),
    responses(
        (status = 200, description = "Kept, now or before", body = Snapshot),
        (status = 409, description = "The code is another, it was not on the way, or there are too many", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "No bucket is bound here: only a code can be kept", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn prove() {}

/// The image of a proof.
///
/// For the driver and the customer until it expires, for its store, dispatchers and admins also after.
#[utoipa::path(
    get, path = "/tracking/{id}/proof/{proof_id}", tag = "deliveries",
    params(("id" = String, Path, description = "Tracking id"), ("proof_id" = String, Path, description = "The `id` of the proof")),
    responses(
        (status = 200, description = "The image", content((String = "image/jpeg"), (String = "image/png"))),
        (status = 501, description = "No bucket is bound here", body = Problem, content_type = "application/problem+json"),
        CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn proof() {}

/// A customer's own deliveries, the newest first.
#[utoipa::path(
    get, path = "/tracking", tag = "deliveries",
    params(
        ("mine" = String, Query, description = "Has to be there; any value"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of at most 20", body = OwnDeliveries),
        QueryRefused, CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn mine() {}

/// The page of a customer's own deliveries.
#[utoipa::path(get, path = "/deliveries", tag = "pages", responses((status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"), Failed))]
fn mine_page() {}
