//! What dashboards see: many deliveries at once, each with what a map and a list need of it.

use serde::{Deserialize, Serialize};

use crate::status::Status;
use crate::wire::driver::EmergencyView;
use crate::wire::snapshot::{LocationState, WindowView};
use crate::wire::start::Mode;

/// A delivery as dashboards see it; what else there is, `GET /tracking/{id}` tells. Names as in the snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetDelivery {
    pub tracking_id: String,
    pub order_id: String,
    pub store_id: Option<String>,
    pub driver_id: Option<String>,
    pub status: Status,
    /// When it reached its status, in Unix seconds.
    pub status_at: i64,
    pub mode: Mode,
    pub pickup: Option<FleetPlace>,
    pub dropoff: FleetPlace,
    /// When it is promised.
    pub window: Option<WindowView>,
    /// Unix seconds.
    pub started_at: i64,
    /// The driver has called for help, and nobody has it yet.
    pub emergency: bool,
    #[serde(flatten)]
    pub moving: FleetMoving,
}

/// What changes with each position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetMoving {
    pub current_location: Option<FleetLocation>,
    pub location_state: LocationState,
    /// Unix seconds; null where none is published.
    pub eta_at: Option<i64>,
    /// Metres.
    pub remaining_m: Option<i64>,
    /// Of the driver, before this one.
    pub stops_before: u32,
    pub off_route: bool,
    pub driver_online: bool,
    /// Of the driver's phone, in per cent.
    pub battery: Option<u8>,
    pub seq: u64,
    /// Unix seconds.
    pub updated_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetPlace {
    /// Degrees, WGS84.
    pub lat: f64,
    /// Degrees, WGS84.
    pub lng: f64,
}

/// The smoothed position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetLocation {
    /// Degrees, WGS84.
    pub lat: f64,
    /// Degrees, WGS84.
    pub lng: f64,
    /// When it was measured, in Unix seconds.
    pub timestamp: i64,
    /// Degrees clockwise from north.
    pub heading: Option<f64>,
    /// Metres per second.
    pub speed: Option<f64>,
}

/// A delivery whose position changed, and nothing else that a dashboard sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetMoved {
    pub tracking_id: String,
    #[serde(flatten)]
    pub moving: FleetMoving,
}

/// The body of `GET /fleet`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fleet {
    /// How many sockets of `/ws/fleet?shard=` a dashboard opens: 0 up to this, without it.
    pub shards: u32,
    /// Active ones, or those with the statuses asked for.
    pub deliveries: Vec<FleetDelivery>,
    /// Send it as `cursor`. Null on the last page.
    pub next_cursor: Option<String>,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// What a dashboard's socket is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FleetFrame {
    /// On connecting, on `get` and after each `subscribe`: all that fits the subscription. The first page takes the
    /// place of what was known.
    FleetState {
        data: FleetPage,
    },
    /// At most once a second.
    FleetUpdate {
        data: FleetChange,
    },
    /// A driver calls for help: on shard 0 and at the store.
    EmergencyAlert {
        data: EmergencyView,
    },
    /// Somebody has it: on shard 0 and at the store.
    EmergencyAcknowledged {
        data: EmergencyView,
    },
    Pong,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetPage {
    /// Null at a store.
    pub shard: Option<u32>,
    /// How many there are.
    pub shards: u32,
    /// From 1 on.
    pub page: u32,
    pub pages: u32,
    pub deliveries: Vec<FleetDelivery>,
    pub seq: u64,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// What changed, of what fits the subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetChange {
    /// New ones, and those of which more than the position changed.
    pub deliveries: Vec<FleetDelivery>,
    pub moved: Vec<FleetMoved>,
    /// Tracking ids of what fits no longer, or has expired.
    pub removed: Vec<String>,
    pub seq: u64,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// The body of `GET /stats/tracking`: at most 60 s old.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrackingStats {
    /// Deliveries that have not expired, the finished among them.
    pub total_active_sessions: u64,
    /// Of watchers, drivers and dashboards.
    pub total_websocket_connections: u64,
    /// How many have each status.
    pub status_distribution: std::collections::BTreeMap<String, u64>,
    pub sessions_by_recency: Recency,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// How many were last updated so long ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recency {
    pub last_5_min: u64,
    pub last_hour: u64,
    pub older: u64,
}

/// The body of `GET /health/socket`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SocketHealth {
    /// Always `ok`.
    pub status: String,
    /// Open sockets, as of the last minute.
    pub connections: u64,
}
