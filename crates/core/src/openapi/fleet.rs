//! The routes of fleets and statistics, and what their sockets are told.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde_json::{Value, json};
use utoipa::OpenApi;

use super::examples::TRACKING_ID;
use super::paths::{CallerRefused, Failed, QueryRefused, UpgradeAnswer};
use crate::wire::fleet::{Fleet, FleetFrame, SocketHealth, TrackingStats};
use crate::wire::statistics::DeliveryStats;

#[derive(OpenApi)]
#[openapi(
    paths(fleet, follow_fleet, follow_store, tracking_stats, socket_health, dispatch, store, integrations),
    components(schemas(Fleet, FleetFrame, TrackingStats, SocketHealth, DeliveryStats))
)]
pub struct Paths;

/// The schemas of what may be sent.
pub fn schemas() -> [(&'static str, Value); 1] {
    let statuses = json!({"type": "array", "items": {"$ref": "#/components/schemas/Status"}, "description": "None: all"});
    let edge = json!({"type": "number", "minimum": -180, "maximum": 180});
    [(
        "FleetSubscription",
        json!({
            "type": "object",
            "description": "What a dashboard's socket is to be told of, from then on",
            "properties": {
                "type": {"type": "string", "enum": ["subscribe"]},
                "bbox": {"type": ["array", "null"], "items": edge, "minItems": 4, "maxItems": 4, "description": "West, south, east and north in degrees; west above east crosses the antimeridian. What has no position of its own is at its pickup, or else its dropoff"},
                "status": statuses,
            },
            "required": ["type"],
        }),
    )]
}

/// An example of the answer of this schema.
pub fn answer(schema: &str) -> Option<Value> {
    Some(match schema {
        "Fleet" => json!({
            "shards": 4,
            "deliveries": [{
                "tracking_id": TRACKING_ID, "order_id": "ORD-12345", "store_id": "STORE-1", "driver_id": "RIDER-789",
                "status": "IN_TRANSIT", "status_at": 1_704_067_500, "mode": "scooter", "pickup": null,
                "dropoff": {"lat": 5.6037, "lng": -0.1869}, "window": null, "started_at": 1_704_067_200, "emergency": false,
                "current_location": {"lat": 5.6045, "lng": -0.1875, "timestamp": 1_704_067_850, "heading": 90.0, "speed": 6.1},
                "location_state": "live", "eta_at": 1_704_068_030, "remaining_m": 1_500, "stops_before": 0,
                "off_route": false, "driver_online": true, "battery": 80, "seq": 17, "updated_at": 1_704_067_850,
            }],
            "next_cursor": null, "server_time": 1_704_067_850_123_i64,
        }),
        "TrackingStats" => json!({
            "total_active_sessions": 3, "total_websocket_connections": 5,
            "status_distribution": {"ASSIGNED": 1, "IN_TRANSIT": 2},
            "sessions_by_recency": {"last_5_min": 2, "last_hour": 1, "older": 0}, "server_time": 1_704_067_850_123_i64,
        }),
        "SocketHealth" => json!({"status": "ok", "connections": 5}),
        _ => return None,
    })
}

/// Deliveries as dashboards see them, a moment behind: a store's own, or all of them.
///
/// In the order of their ids. One alone is read by `GET /tracking/{id}`.
#[utoipa::path(
    get, path = "/fleet", tag = "fleet",
    params(
        ("bbox" = Option<String>, Query, description = "`west,south,east,north` in degrees; west above east crosses the antimeridian"),
        ("status" = Option<String>, Query, description = "A list with commas; without it those that are not final"),
        ("store_id" = Option<String>, Query, description = "Those of a store"),
        ("driver_id" = Option<String>, Query, description = "Those of a driver"),
        ("limit" = Option<u32>, Query, description = "At most so many, up to 500"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before of the fleet"),
    ),
    responses((status = 200, description = "A page", body = Fleet), QueryRefused, CallerRefused, Failed),
    security(("bearer" = [])),
)]
fn fleet() {}

/// A shard of all deliveries, over a WebSocket: for dispatchers and admins.
///
/// Frames of `FleetFrame`; `FleetSubscription` narrows what comes.
#[utoipa::path(
    get, path = "/ws/fleet", tag = "sockets",
    params(
        ("shard" = Option<u32>, Query, description = "Which, from 0 on: the first frame says how many there are"),
        ("token" = Option<String>, Query, description = "A JWT, where no header can be set"),
    ),
    responses(UpgradeAnswer, Failed),
    security((), ("bearer" = [])),
)]
fn follow_fleet() {}

/// The deliveries of a store, over a WebSocket: for the store, dispatchers and admins.
#[utoipa::path(
    get, path = "/ws/store/{store_id}", tag = "sockets",
    params(("store_id" = String, Path, description = "The store"), ("token" = Option<String>, Query, description = "A JWT, where no header can be set")),
    responses(UpgradeAnswer, Failed),
    security((), ("bearer" = [])),
)]
fn follow_store() {}

/// How many deliveries and sockets there are, at most a minute ago: a store's own, or all.
#[utoipa::path(
    get, path = "/stats/tracking", tag = "fleet",
    responses((status = 200, description = "The counts", body = TrackingStats), CallerRefused, Failed),
    security(("bearer" = [])),
)]
fn tracking_stats() {}

/// How many sockets are open, as of the last minute.
#[utoipa::path(get, path = "/health/socket", tag = "service", responses((status = 200, description = "The count", body = SocketHealth), Failed))]
fn socket_health() {}

/// The dispatchers' page.
#[utoipa::path(get, path = "/dispatch", tag = "pages", responses((status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"), Failed))]
fn dispatch() {}

/// A store's page.
#[utoipa::path(get, path = "/store", tag = "pages", responses((status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"), Failed))]
fn store() {}

/// The page of webhooks, for admins and stores.
#[utoipa::path(get, path = "/integrations", tag = "pages", responses((status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"), Failed))]
fn integrations() {}
