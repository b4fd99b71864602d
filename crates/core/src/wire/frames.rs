//! What goes over a socket, one JSON message per text frame.

use serde::{Deserialize, Serialize};

use crate::driver::Away;
use crate::geofence::{Crossing, FencedPlace};
use crate::status::Status;
use crate::wire::driver::EmergencyView;
use crate::wire::report::{Counts, FixReport, StatusReport};
use crate::wire::snapshot::{EtaView, Location, LocationState, ProgressView, Snapshot};

/// The largest frame a client may send, in bytes: larger closes 1009.
pub const FRAME_MAX: usize = 64 * 1024;

/// Exactly these bytes are answered without waking the object.
pub const PING: &str = r#"{"type":"ping"}"#;
/// The answer to [`PING`].
pub const PONG: &str = r#"{"type":"pong"}"#;

/// A newer position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LocationUpdate {
    pub tracking_id: String,
    pub order_id: String,
    pub driver_id: Option<String>,
    pub status: Status,
    pub current_location: Option<Location>,
    pub location_state: LocationState,
    /// Encoded polyline (precision 5) of the positions since the last frame, this one last; left out
    /// where there is none but this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    #[serde(flatten)]
    pub eta: EtaView,
    #[serde(flatten)]
    pub progress: ProgressView,
    pub seq: u64,
    pub updated_at: i64,
    pub server_time: i64,
}

/// A new status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusUpdate {
    pub tracking_id: String,
    pub status: Status,
    /// Null for the public, a link and the customer.
    pub note: Option<String>,
    /// Unix seconds.
    pub at: i64,
    pub eta_seconds: Option<i64>,
    pub eta_at: Option<i64>,
    pub seq: u64,
    pub server_time: i64,
}

/// Another ETA without another position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EtaUpdate {
    pub tracking_id: String,
    #[serde(flatten)]
    pub eta: EtaView,
    #[serde(flatten)]
    pub progress: ProgressView,
    pub seq: u64,
    pub server_time: i64,
}

/// The driver came or went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceUpdate {
    pub driver_online: bool,
    /// Why no position comes, where that is known: for driver, store, dispatcher and admin.
    pub reason: Option<Away>,
    pub seq: u64,
    pub server_time: i64,
}

/// The driver came near a place, is there, or has left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GeofenceUpdate {
    pub event: Crossing,
    pub place: FencedPlace,
    /// When, in Unix seconds.
    pub at: i64,
    pub seq: u64,
    pub server_time: i64,
}

/// Where a resumed socket stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resumed {
    pub seq: u64,
    pub server_time: i64,
}

/// What the service sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ServerFrame {
    /// On connecting, when there is nothing to resume.
    InitialState {
        data: Box<Snapshot>,
    },
    LocationUpdate {
        data: Box<LocationUpdate>,
    },
    StatusUpdate {
        data: StatusUpdate,
    },
    /// Of a new route.
    EtaUpdate {
        data: EtaUpdate,
    },
    Presence {
        data: PresenceUpdate,
    },
    /// Once for each; of the pickup only to those who carry the delivery out, or once it is left.
    Geofence {
        data: GeofenceUpdate,
    },
    /// The driver calls for help: to its store, dispatchers and admins.
    EmergencyAlert {
        data: EmergencyView,
    },
    /// How often to report: to the driver.
    Sampling {
        interval_s: u32,
        min_displacement_m: u32,
    },
    Resumed {
        data: Resumed,
    },
    /// To the driver, after the write is durable, for each message with an `id`.
    Ack {
        id: MessageId,
        #[serde(flatten)]
        counts: Counts,
    },
    Pong,
    /// The socket stays open unless a close follows.
    Error {
        code: String,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// Of the message at fault, where it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        /// Seconds, where it is known when it may work.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
}

/// The name a client gives to a message, echoed in its acknowledgement: text or number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageId {
    Number(i64),
    Text(String),
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    Ping,
    /// Asks for `initial_state`.
    Get,
    /// Renews the token of this socket.
    Auth {
        token: String,
    },
    /// From the driver: one fix or several, of at most 200.
    LocationUpdate {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        /// The device's clock when it sent this, in Unix milliseconds: times are then corrected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_at: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<FixReport>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locations: Option<Vec<FixReport>>,
    },
    /// From those who may.
    StatusUpdate(StatusReport),
    /// From the driver.
    Accept {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
    },
    /// From the driver.
    Decline {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}
