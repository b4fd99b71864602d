//! The routes of the document. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::wire::batch::BatchAnswer;
use crate::wire::frames::{LocationUpdate, MessageId, Resumed, ServerFrame, StatusUpdate};
use crate::wire::health::Health;
use crate::wire::history::{GeoJsonHistory, History, PolylineHistory, Timeline};
use crate::wire::problem::Problem;
use crate::wire::report::Updated;
use crate::wire::snapshot::Snapshot;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Onway",
        description = "Live delivery tracking at the edge. The sockets speak the frames `ClientFrame` and `ServerFrame`; `docs/protocol.md` explains both. Every path answers a method that it does not have with 405 and `Allow`. A number that no double holds, invalid UTF-8 and more than 128 levels are not JSON: 400. A name given twice in an object, and two names of one field with different values, are 422. Null counts as absent, and fields that are not listed are ignored.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(start, update, read, set_status, set_statuses, assign, unassign, accept, decline, cancel, history, events, follow, follow_by_query, health, document, landing, page),
    components(schemas(ServerFrame, LocationUpdate, StatusUpdate, Resumed, MessageId, Problem, PolylineHistory)),
    modifiers(&Bearer),
    servers((url = "/")),
)]
pub struct Paths;

struct Bearer;

/// The names of what may be sent; `input` has their schemas.
#[derive(ToSchema)]
struct StartRequest;
#[derive(ToSchema)]
struct UpdateRequest;
#[derive(ToSchema)]
struct StatusReport;
#[derive(ToSchema)]
struct BatchRequest;
#[derive(ToSchema)]
struct AssignRequest;
#[derive(ToSchema)]
struct ReasonReport;
#[derive(ToSchema)]
struct Empty;

/// What a body can be refused for.
#[derive(IntoResponses)]
pub enum BodyRefused {
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

/// What a query can be refused for.
#[derive(IntoResponses)]
pub enum QueryRefused {
    /// A parameter is wrong.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// What a caller can be refused for.
#[derive(IntoResponses)]
pub enum CallerRefused {
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

/// Why a repeated start gives no delivery.
#[derive(IntoResponses)]
enum Expired {
    /// The delivery that this `Idempotency-Key` started has expired.
    #[response(status = 410, content_type = "application/problem+json")]
    Gone(Problem),
}

/// What is our fault alone.
#[derive(IntoResponses)]
pub enum Failed {
    /// Something went wrong on our side, or the deployment is not configured.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
}

/// Why there is no delivery.
#[derive(IntoResponses)]
pub enum DeliveryMissing {
    /// No such tracking id.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// It has expired.
    #[response(status = 410, content_type = "application/problem+json")]
    Gone(Problem),
}

/// What an upgrade comes to.
#[derive(IntoResponses)]
pub enum UpgradeAnswer {
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
    request_body = StartRequest,
    responses(
        (status = 201, description = "Started", body = Snapshot),
        BodyRefused, CallerRefused, Expired, Failed,
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
    params(("id" = String, Path, description = "Tracking id")),
    request_body = UpdateRequest,
    responses(
        (status = 200, description = "Taken", body = Updated),
        (status = 409, description = "The status is an illegal step; the positions are kept", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn update() {}

/// The delivery as the caller may see it.
#[utoipa::path(
    get, path = "/tracking/{id}", tag = "deliveries",
    params(
        ("id" = String, Path, description = "Tracking id"),
        ("link" = Option<String>, Query, description = "A share link"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer"),
    ),
    responses(
        (status = 200, description = "The snapshot", body = Snapshot),
        (status = 304, description = "Nothing has changed since"),
        CallerRefused, DeliveryMissing, Failed,
    ),
    security((), ("bearer" = [])),
)]
fn read() {}

/// Sets the status.
#[utoipa::path(
    post, path = "/tracking/{id}/status", tag = "deliveries",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = StatusReport,
    responses(
        (status = 200, description = "Set, or it stood there already", body = Snapshot),
        (status = 409, description = "An illegal step", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn set_status() {}

/// Sets the status of many deliveries, each judged alone.
///
/// Those of one delivery are carried out in their order.
#[utoipa::path(
    post, path = "/tracking/batch/status", tag = "deliveries",
    request_body = BatchRequest,
    responses(
        (status = 200, description = "A result for each, in their order", body = BatchAnswer),
        BodyRefused, CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn set_statuses() {}

/// Gives the delivery to a driver, its first or another.
///
/// For its store, dispatchers and admins. The former driver loses access at once.
#[utoipa::path(
    post, path = "/tracking/{id}/assign", tag = "assignments",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = AssignRequest,
    responses(
        (status = 200, description = "Assigned, or it was that driver's already", body = Snapshot),
        (status = 409, description = "It has ended", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn assign() {}

/// Takes the delivery from its driver, before the pickup.
#[utoipa::path(
    post, path = "/tracking/{id}/unassign", tag = "assignments",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = Option<Empty>,
    responses(
        (status = 200, description = "It has no driver", body = Snapshot),
        (status = 409, description = "It has been picked up", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn unassign() {}

/// The driver agrees to it.
#[utoipa::path(
    post, path = "/tracking/{id}/accept", tag = "assignments",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = Option<Empty>,
    responses(
        (status = 200, description = "Accepted, now or before", body = Snapshot),
        (status = 409, description = "It has ended", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn accept() {}

/// The driver does not take it.
///
/// The answer is what anybody else may see of it.
#[utoipa::path(
    post, path = "/tracking/{id}/decline", tag = "assignments",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = Option<ReasonReport>,
    responses(
        (status = 200, description = "It has no driver", body = Snapshot),
        (status = 409, description = "It has been picked up", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn decline() {}

/// Cancels the delivery.
#[utoipa::path(
    post, path = "/tracking/{id}/cancel", tag = "deliveries",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = Option<ReasonReport>,
    responses(
        (status = 200, description = "Cancelled, now or before", body = Snapshot),
        (status = 409, description = "It has ended", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn cancel() {}

/// Where the delivery went: each fix with what was made of it, in the order of time.
///
/// Also after it has expired, for its store, dispatchers and admins. With `max_points` and as GeoJSON only
/// what is believed; so it is as GPX and as an encoded polyline. `format` or `Accept` (`application/geo+json`,
/// `application/gpx+xml`) says which; of a GPX document the header `Link` names the next page.
#[utoipa::path(
    get, path = "/tracking/{id}/history", tag = "deliveries",
    params(
        ("id" = String, Path, description = "Tracking id"),
        ("since" = Option<String>, Query, description = "Unix seconds, Unix milliseconds or ISO 8601"),
        ("until" = Option<String>, Query, description = "The same; not before `since`"),
        ("max_points" = Option<u64>, Query, description = "2 to 10,000: the points that shape the line"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("format" = Option<String>, Query, description = "`json`, `geojson`, `gpx` or `polyline` (in JSON)"),
    ),
    responses(
        (status = 200, description = "A page of at most 10,000 points", content((History = "application/json"), (GeoJsonHistory = "application/geo+json"), (String = "application/gpx+xml"))),
        QueryRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn history() {}

/// What happened, and which ETA was published when.
///
/// Statuses for all who may; who did what, and what else was done, for the store, dispatchers and admins. Also by a share
/// link; and after it has expired, for its store, dispatchers and admins.
#[utoipa::path(
    get, path = "/tracking/{id}/events", tag = "deliveries",
    params(("id" = String, Path, description = "Tracking id"), ("link" = Option<String>, Query, description = "A share link")),
    responses(
        (status = 200, description = "The timeline", body = Timeline),
        CallerRefused, DeliveryMissing, Failed,
    ),
    security((), ("bearer" = [])),
)]
fn events() {}

/// Follows a delivery over a WebSocket.
#[utoipa::path(
    get, path = "/ws/tracking/{id}", tag = "sockets",
    params(
        ("id" = String, Path, description = "Tracking id"),
        ("since" = Option<u64>, Query, description = "The last `seq` seen"),
        ("epoch" = Option<String>, Query, description = "The epoch it belongs to"),
        ("token" = Option<String>, Query, description = "A JWT, where no header can be set"),
        ("link" = Option<String>, Query, description = "A share link"),
    ),
    responses(
        UpgradeAnswer, Failed,
    ),
    security((), ("bearer" = [])),
)]
fn follow() {}

/// The same, the id in the query.
#[utoipa::path(
    get, path = "/ws/tracking/", tag = "sockets",
    params(
        ("tracking_id" = Option<String>, Query, description = "Tracking id"),
        ("parcel_id" = Option<String>, Query, description = "The same"),
        ("shipment_id" = Option<String>, Query, description = "The same"),
        ("delivery_id" = Option<String>, Query, description = "The same"),
        ("since" = Option<u64>, Query, description = "The last `seq` seen"),
        ("epoch" = Option<String>, Query, description = "The epoch it belongs to"),
        ("token" = Option<String>, Query, description = "A JWT, where no header can be set"),
        ("link" = Option<String>, Query, description = "A share link"),
    ),
    responses(
        UpgradeAnswer, Failed,
    ),
    security((), ("bearer" = [])),
)]
fn follow_by_query() {}

/// Whether the service answers.
#[utoipa::path(get, path = "/health", tag = "service", responses((status = 200, description = "It does", body = Health)))]
fn health() {}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "service", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
fn document() {}

/// The landing page.
#[utoipa::path(get, path = "/", tag = "pages", responses((status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"), Failed))]
fn landing() {}

/// The page of a delivery, with its status and ETA as the public may see them.
#[utoipa::path(
    get, path = "/track/{id}", tag = "pages",
    params(("id" = String, Path, description = "Tracking id")),
    responses(
        (status = 200, description = "HTML; also for a private delivery, which then asks for the token or link", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "HTML: no such tracking id", body = String, content_type = "text/html; charset=utf-8"),
        (status = 410, description = "HTML: it has expired", body = String, content_type = "text/html; charset=utf-8"),
        (status = 500, description = "HTML: something went wrong on our side", body = String, content_type = "text/html; charset=utf-8"),
    ),
)]
fn page() {}
