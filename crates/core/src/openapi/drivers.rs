//! The routes of drivers, and what they take. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde_json::{Value, json};
use utoipa::{IntoResponses, OpenApi, ToSchema};

use super::examples::{TRACKING_ID, snapshot};
use super::input::{TEXT, described, message_id, text};
use super::paths::{BodyRefused, CallerRefused, Failed, QueryRefused, UpgradeAnswer};
use crate::ingest::Protocol;
use crate::ingest::setup::{Setup, setup};
use crate::wire::driver::{DriverEntry, DriverFrame, DriverState, EmergencyView};
use crate::wire::problem::Problem;
use crate::wire::report::NOTE_MAX;
use crate::wire::sign_in::{DriverInvite, Keys, SignedIn};

#[derive(OpenApi)]
#[openapi(
    paths(
        driver_line,
        driver,
        rider,
        drivers,
        set_duty,
        order_stops,
        list_keys,
        make_key,
        revoke_key,
        invite_driver,
        sign_in,
        raise_emergency,
        emergencies,
        acknowledge_emergency,
        log_positions,
        drive,
        drive_connect
    ),
    components(schemas(DriverFrame))
)]
pub struct Paths;

/// The names of what may be sent.
#[derive(ToSchema)]
struct DutyReport;
#[derive(ToSchema)]
struct StopOrder;
#[derive(ToSchema)]
struct KeyLabel;
#[derive(ToSchema)]
struct InviteRequest;
#[derive(ToSchema)]
struct SignInRequest;
#[derive(ToSchema)]
struct EmergencyRequest;

/// The schemas of what may be sent.
pub fn schemas() -> [(&'static str, Value); 6] {
    let object = |properties: Value, required: &[&str]| json!({"type": "object", "properties": properties, "required": required});
    [
        ("DutyReport", object(json!({"on_duty": {"type": "boolean"}}), &["on_duty"])),
        (
            "StopOrder",
            object(
                json!({"tracking_ids": {"type": "array", "maxItems": 100, "items": {"type": "string"}, "description": "Active deliveries of the driver, each once; those not named keep their order, behind"}}),
                &["tracking_ids"],
            ),
        ),
        ("KeyLabel", object(json!({"label": described(text(100), "What the phone or app is called")}), &[])),
        (
            "InviteRequest",
            object(
                json!({"expires_in": {"type": ["number", "null"], "minimum": 60, "maximum": 604_800, "description": "Seconds; a day where it is left out"}}),
                &[],
            ),
        ),
        (
            "SignInRequest",
            object(json!({"invite": {"type": "string", "maxLength": 1024, "pattern": TEXT}}), &["invite"]),
        ),
        (
            "EmergencyRequest",
            json!({
                "type": "object",
                "properties": {
                    "id": described(message_id(), "The same id again is the same call"),
                    "message": text(NOTE_MAX),
                    "lat": {"type": "number", "minimum": -90, "maximum": 90},
                    "lng": {"type": "number", "minimum": -180, "maximum": 180},
                },
                "dependentRequired": {"lat": ["lng"], "lng": ["lat"]},
            }),
        ),
    ]
}

/// An example of each body.
pub fn examples() -> [(&'static str, &'static str, Value); 6] {
    [
        ("/drivers/{driver_id}/duty", "put", json!({"on_duty": true})),
        ("/drivers/{driver_id}/deliveries", "put", json!({"tracking_ids": []})),
        ("/drivers/{driver_id}/device-keys", "post", json!({"label": "Old phone, Traccar Client"})),
        ("/drivers/{driver_id}/invite", "post", json!({"expires_in": 3600})),
        (
            "/drivers/{driver_id}/emergency",
            "post",
            json!({"message": "An accident", "lat": 5.6, "lng": -0.19}),
        ),
        ("/drivers/sign-in", "post", json!({"invite": "AQ…"})),
    ]
}

/// An example of the answer of this schema.
pub fn answer(schema: &str) -> Option<Value> {
    let emergency = json!({
        "id": "K5SXI3DPNFXGOLTDN5WQ", "driver_id": "RIDER-789", "at": 1_704_067_850, "message": "An accident",
        "lat": 5.6, "lng": -0.19, "location_at": 1_704_067_845, "tracking_ids": [TRACKING_ID],
        "acknowledged_at": null, "acknowledged_by": null,
    });
    let key = json!({"key_id": "0123456789abcdef", "label": "Old phone", "created_at": 1_704_067_200, "last_used_at": null});
    Some(match schema {
        "DriverState" => json!({
            "driver_id": "RIDER-789", "on_duty": true, "online": true, "reason": null, "last_seen": 1_704_067_850,
            "last_location": {"lat": 5.6, "lng": -0.19, "timestamp": 1_704_067_845, "accuracy": 8.0, "speed": 6.1, "battery": 80},
            "deliveries": [snapshot()], "emergencies": [emergency], "server_time": 1_704_067_850_123_i64,
        }),
        "Drivers" => json!({"drivers": [{
            "driver_id": "RIDER-789", "on_duty": true, "online": true, "reason": null, "last_seen": 1_704_067_850,
            "lat": 5.6, "lng": -0.19, "location_at": 1_704_067_845, "battery": 80, "deliveries": 1, "distance_m": 420,
        }]}),
        "Keys" => json!({"keys": [key]}),
        "NewKey" => json!({
            "key_id": "0123456789abcdef", "label": "Old phone", "created_at": 1_704_067_200, "key": "AQEjRWeJq83v…",
            "setup": [setup(Protocol::Traccar, "https://track.example.com", "AQEjRWeJq83v…", "RIDER-789")],
        }),
        "DriverInvite" => {
            json!({"invite": "AQEjRWeJq83v…", "path": "/drive#invite=AQEjRWeJq83v…", "expires_at": 1_704_154_250})
        }
        "SignedIn" => {
            json!({"token": "eyJhbGciOiJIUzI1NiJ9…", "driver_id": "RIDER-789", "expires_at": 1_704_672_650})
        }
        "EmergencyView" => emergency,
        "Emergencies" => json!({"emergencies": [emergency]}),
        _ => return None,
    })
}

/// What a list answers.
#[derive(ToSchema)]
struct Drivers {
    drivers: Vec<DriverEntry>,
}

#[derive(ToSchema)]
struct Emergencies {
    emergencies: Vec<EmergencyView>,
}

/// A new key, which is shown this once.
#[derive(ToSchema)]
struct NewKey {
    key_id: String,
    label: String,
    /// Unix seconds.
    created_at: i64,
    key: String,
    setup: Vec<Setup>,
}

/// What the path can be refused for.
#[derive(IntoResponses)]
enum DriverMissing {
    /// No driver can have this id.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// The line of a driver, over a WebSocket.
///
/// For the driver itself; dispatchers and admins listen. Frames of `DriverFrame`.
#[utoipa::path(
    get, path = "/ws/driver/{driver_id}", tag = "sockets",
    params(("driver_id" = String, Path, description = "The driver"), ("token" = Option<String>, Query, description = "A JWT, where no header can be set")),
    responses(UpgradeAnswer, Failed),
    security((), ("bearer" = [])),
)]
fn driver_line() {}

/// A driver and its active deliveries, in stop order.
#[utoipa::path(
    get, path = "/tracking/driver/{driver_id}", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver")),
    responses((status = 200, description = "The driver", body = DriverState), CallerRefused, DriverMissing, Failed),
    security(("bearer" = [])),
)]
fn driver() {}

/// The same.
#[utoipa::path(
    get, path = "/tracking/rider/{driver_id}", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver")),
    responses((status = 200, description = "The driver", body = DriverState), CallerRefused, DriverMissing, Failed),
    security(("bearer" = [])),
)]
fn rider() {}

/// Drivers as they are listed, a moment behind: at most 500.
#[utoipa::path(
    get, path = "/drivers", tag = "drivers",
    params(
        ("near" = Option<String>, Query, description = "`lat,lng`: within about 55 km, the nearest first"),
        ("available" = Option<String>, Query, description = "`true`: on duty, online and without deliveries; `false`: the others"),
    ),
    responses((status = 200, description = "The drivers", body = Drivers), QueryRefused, CallerRefused, Failed),
    security(("bearer" = [])),
)]
fn drivers() {}

/// Goes on or off duty: off duty nothing is kept.
#[utoipa::path(
    put, path = "/drivers/{driver_id}/duty", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver")),
    request_body = DutyReport,
    responses(
        (status = 200, description = "The driver", body = DriverState),
        (status = 409, description = "There are goods on board", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DriverMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn set_duty() {}

/// Puts the deliveries of a driver in order.
///
/// Dispatchers and admins put all in order, a store its own, among the places that these have.
#[utoipa::path(
    put, path = "/drivers/{driver_id}/deliveries", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver")),
    request_body = StopOrder,
    responses(
        (status = 200, description = "The driver", body = DriverState),
        (status = 204, description = "Done, for a store: the rest of the driver's list is not for it"),
        BodyRefused, CallerRefused, DriverMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn order_stops() {}

/// The device keys of a driver, without what makes them work.
#[utoipa::path(
    get, path = "/drivers/{driver_id}/device-keys", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver")),
    responses((status = 200, description = "The keys", body = Keys), CallerRefused, DriverMissing, Failed),
    security(("bearer" = [])),
)]
fn list_keys() {}

/// Makes a key for a phone tracker, and says how each app is set up for it.
#[utoipa::path(
    post, path = "/drivers/{driver_id}/device-keys", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver")),
    request_body = Option<KeyLabel>,
    responses(
        (status = 201, description = "The key, shown this once", body = NewKey),
        (status = 409, description = "There are 20 already", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DriverMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn make_key() {}

/// Revokes a key at once.
#[utoipa::path(
    delete, path = "/drivers/{driver_id}/device-keys/{key_id}", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver"), ("key_id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "Revoked"), CallerRefused, DriverMissing, Failed),
    security(("bearer" = [])),
)]
fn revoke_key() {}

/// Makes a sign-in link for the driver's page: it works once.
#[utoipa::path(
    post, path = "/drivers/{driver_id}/invite", tag = "drivers",
    params(("driver_id" = String, Path, description = "The driver")),
    request_body = Option<InviteRequest>,
    responses((status = 201, description = "The link", body = DriverInvite), BodyRefused, CallerRefused, DriverMissing, Failed),
    security(("bearer" = [])),
)]
fn invite_driver() {}

/// Signs a driver in by a link.
#[utoipa::path(
    post, path = "/drivers/sign-in", tag = "drivers",
    request_body = SignInRequest,
    responses(
        (status = 200, description = "A token of the driver", body = SignedIn),
        (status = 401, description = "It is not one of ours", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "It has been used, or has expired", body = Problem, content_type = "application/problem+json"),
        BodyRefused, Failed,
    ),
)]
fn sign_in() {}

/// The driver calls for help.
#[utoipa::path(
    post, path = "/drivers/{driver_id}/emergency", tag = "emergencies",
    params(("driver_id" = String, Path, description = "The driver")),
    request_body = Option<EmergencyRequest>,
    responses((status = 201, description = "It has been told, now or before", body = EmergencyView), BodyRefused, CallerRefused, DriverMissing, Failed),
    security(("bearer" = [])),
)]
fn raise_emergency() {}

/// Calls for help, open ones first: a store's own, or all of them.
#[utoipa::path(
    get, path = "/emergencies", tag = "emergencies",
    responses((status = 200, description = "At most 200", body = Emergencies), CallerRefused, Failed),
    security(("bearer" = [])),
)]
fn emergencies() {}

/// Somebody has it.
#[utoipa::path(
    post, path = "/emergencies/{emergency_id}/acknowledge", tag = "emergencies",
    params(("emergency_id" = String, Path, description = "The emergency")),
    responses(
        (status = 200, description = "Acknowledged, now or before", body = EmergencyView),
        (status = 404, description = "There is no such emergency", body = Problem, content_type = "application/problem+json"),
        CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn acknowledge_emergency() {}

/// Positions from a phone tracker, by `GET`, `POST` or `PUT`, as each app sends them.
///
/// `docs/drivers.md` has the protocols. What cannot be read gets the reply that stops retries.
#[utoipa::path(
    get, path = "/log/{protocol}/{key}", tag = "phone trackers",
    params(
        ("protocol" = String, Path, description = "`osmand`, `traccar`, `owntracks`, `overland` or `gpslogger`"),
        ("key" = String, Path, description = "A device key; a further segment, the device, is not looked at"),
    ),
    responses(
        (status = 200, description = "As the app expects it; empty, `[]` or `{\"result\":\"ok\"}`"),
        (status = 401, description = "The key is forged or revoked, in the app's form"),
        (status = 404, description = "No such protocol", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB, or 1,000 fixes, in the app's form"),
        (status = 503, description = "To be sent again, in the app's form"),
    ),
)]
fn log_positions() {}

/// The driver's page.
#[utoipa::path(get, path = "/drive", tag = "pages", responses((status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"), Failed))]
fn drive() {}

/// The page that sets phone trackers up.
#[utoipa::path(get, path = "/drive/connect", tag = "pages", responses((status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"), Failed))]
fn drive_connect() {}
