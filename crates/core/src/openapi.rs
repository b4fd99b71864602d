//! The OpenAPI document, from the types that cross the network. Served as `/openapi.json`; the
//! TypeScript types are generated from it. The functions below only carry the descriptions of the routes.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde::{Deserialize, Serialize};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::wire::frames::{ClientFrame, LocationUpdate, MessageId, Resumed, ServerFrame, StatusUpdate};
use crate::wire::health::Health;
use crate::wire::problem::Problem;
use crate::wire::report::{FixReport, StatusReport, UpdateRequest, Updated};
use crate::wire::snapshot::Snapshot;
use crate::wire::start::StartRequest;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Onway",
        description = "Live delivery tracking at the edge. The sockets speak the frames `ClientFrame` and `ServerFrame`; `docs/protocol.md` explains both.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(start, update, read, set_status, follow, follow_by_query, health),
    components(schemas(ClientFrame, ServerFrame, LocationUpdate, StatusUpdate, Resumed, MessageId, Problem)),
    modifiers(&Bearer),
    servers((url = "/")),
)]
pub struct Document;

struct Bearer;

/// What a body can be refused for.
#[derive(IntoResponses)]
enum BodyRefused {
    /// Not JSON.
    #[response(status = 400, content_type = "application/problem+json")]
    NotJson(Problem),
    /// Over 1 MiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// Not `application/json`.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(Problem),
    /// A field is wrong; or the `Idempotency-Key` has started a delivery with another body.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// What a caller can be refused for.
#[derive(IntoResponses)]
enum CallerRefused {
    /// No token where one is needed, or one that does not hold.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(Problem),
    /// Not theirs.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// The identity provider cannot be reached, so the token cannot be judged: `Retry-After` says when to
    /// come back.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// Why there is no delivery.
#[derive(IntoResponses)]
enum DeliveryMissing {
    /// No such tracking id.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// It has expired.
    #[response(status = 410, content_type = "application/problem+json")]
    Gone(Problem),
}

/// What an upgrade comes to.
#[derive(IntoResponses)]
enum UpgradeAnswer {
    /// Frames of `ServerFrame`; a refusal closes at once with its code.
    #[response(status = 101)]
    Switching,
    /// Not an upgrade.
    #[response(status = 426, content_type = "application/problem+json")]
    Required(Problem),
}

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        if let Some(components) = document.components.as_mut() {
            components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        }
    }
}

/// Starts a delivery.
///
/// A driver starts for itself, a store its own, a dispatcher or an admin any. The same
/// `Idempotency-Key` of the same subject with the same body gives the same delivery again.
#[utoipa::path(
    post, path = "/tracking/start", tag = "deliveries",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body(
        content = StartRequest,
        example = json!({"order_id": "ORD-12345", "driver_id": "RIDER-789", "mode": "scooter",
            "pickup": {"lat": 5.6145, "lng": -0.2057}, "dropoff": {"lat": 5.6037, "lng": -0.1869}}),
    ),
    responses(
        (status = 201, description = "Started", body = Snapshot),
        BodyRefused, CallerRefused,
    ),
    security(("bearer" = [])),
)]
fn start() {}

/// Reports positions, a status, or both.
///
/// A fix flat, or under `location`, or up to 1,000 under `locations`. With a status that is an illegal
/// step the positions are kept and the answer is 409 with the five counts.
#[utoipa::path(
    post, path = "/tracking/update/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "Tracking id", example = "TRK-AEAQCAIBAEAQCAIBAEAQCAIBAEVL5MNNM2WLVZI6")),
    request_body(
        content = UpdateBody,
        example = json!({"location": {"lat": 5.6045, "lng": -0.1875, "accuracy": 8, "speed": 6.1, "heading": 90}}),
    ),
    responses(
        (status = 200, description = "Taken", body = Updated),
        (status = 409, description = "The status is an illegal step; the positions are kept", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing,
    ),
    security(("bearer" = [])),
)]
fn update() {}

/// The body of an update: a fix flat, or the fields of [`UpdateRequest`].
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum UpdateBody {
    Flat(FixReport),
    Nested(UpdateRequest),
}

/// The delivery as the caller may see it.
#[utoipa::path(
    get, path = "/tracking/{id}", tag = "deliveries",
    params(
        ("id" = String, Path, description = "Tracking id", example = "TRK-AEAQCAIBAEAQCAIBAEAQCAIBAEVL5MNNM2WLVZI6"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer"),
    ),
    responses(
        (status = 200, description = "The snapshot", body = Snapshot),
        (status = 304, description = "Nothing has changed since"),
        CallerRefused, DeliveryMissing,
    ),
    security((), ("bearer" = [])),
)]
fn read() {}

/// Sets the status.
#[utoipa::path(
    post, path = "/tracking/{id}/status", tag = "deliveries",
    params(("id" = String, Path, description = "Tracking id", example = "TRK-AEAQCAIBAEAQCAIBAEAQCAIBAEVL5MNNM2WLVZI6")),
    request_body(content = StatusReport, example = json!({"status": "PICKED_UP"})),
    responses(
        (status = 200, description = "Set, or it stood there already", body = Snapshot),
        (status = 409, description = "An illegal step", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing,
    ),
    security(("bearer" = [])),
)]
fn set_status() {}

/// Follows a delivery over a WebSocket.
#[utoipa::path(
    get, path = "/ws/tracking/{id}", tag = "sockets",
    params(
        ("id" = String, Path, description = "Tracking id", example = "TRK-AEAQCAIBAEAQCAIBAEAQCAIBAEVL5MNNM2WLVZI6"),
        ("since" = Option<u64>, Query, description = "The last `seq` seen"),
        ("epoch" = Option<String>, Query, description = "The epoch it belongs to"),
        ("token" = Option<String>, Query, description = "A JWT, where no header can be set"),
    ),
    responses(
        UpgradeAnswer,
    ),
    security((), ("bearer" = [])),
)]
fn follow() {}

/// The same, the id in the query.
#[utoipa::path(
    get, path = "/ws/tracking/", tag = "sockets",
    params(("parcel_id" = String, Query, description = "Tracking id, by any of its names")),
    responses(
        UpgradeAnswer,
    ),
    security((), ("bearer" = [])),
)]
fn follow_by_query() {}

/// Whether the service answers.
#[utoipa::path(get, path = "/health", tag = "service", responses((status = 200, description = "It does", body = Health)))]
fn health() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_each_route_and_frame() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        for path in
            ["/tracking/start", "/tracking/update/{id}", "/tracking/{id}", "/tracking/{id}/status", "/health"]
        {
            assert!(document["paths"].get(path).is_some(), "{path}");
        }
        for schema in ["ServerFrame", "ClientFrame", "Snapshot", "Problem", "Location"] {
            assert!(document["components"]["schemas"].get(schema).is_some(), "{schema}");
        }
    }
}
