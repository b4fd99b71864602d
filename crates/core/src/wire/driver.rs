//! The driver's own line and list: what it sends beside positions and statuses, and what it is told.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;
use crate::driver::{Away, Driver, Emergency, LastFix};
use crate::fix::{self, Position};
use crate::rejection::Rejection;
use crate::wire::frames::MessageId;
use crate::wire::input::Fields;
use crate::wire::report::{Counts, FixReport, NOTE_MAX, message_id};
use crate::wire::start::ID_MAX;

/// What a driver's line is told. Frames that its deliveries have too are as there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DriverFrame {
    /// First, and on `get`.
    DriverState {
        data: Box<DriverState>,
    },
    /// A delivery came. Again and again until the driver acknowledges `id`. `data` is its snapshot.
    Assignment {
        id: u64,
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        data: Value,
    },
    /// A delivery was taken away.
    Unassignment {
        id: u64,
        data: Unassigned,
    },
    /// A delivery has another status.
    StatusUpdate {
        data: StopStatus,
    },
    /// The driver calls for help: to everybody here but the driver.
    EmergencyAlert {
        data: EmergencyView,
    },
    /// Somebody has it.
    EmergencyAcknowledged {
        data: EmergencyView,
    },
    /// The driver came or went: to everybody here but the driver.
    Presence {
        data: DriverPresence,
    },
    /// How often to report.
    Sampling {
        interval_s: u32,
        min_displacement_m: u32,
    },
    /// To the driver, once every delivery addressed has it, or it is kept for it.
    Ack {
        id: MessageId,
        #[serde(flatten)]
        counts: Counts,
    },
    Pong,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unassigned {
    pub tracking_id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StopStatus {
    pub tracking_id: String,
    pub status: crate::status::Status,
    /// Unix seconds.
    pub at: i64,
    pub seq: u64,
}

/// A driver as those see it who may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DriverState {
    pub driver_id: String,
    pub on_duty: bool,
    pub online: bool,
    pub reason: Option<Away>,
    /// Any contact, in Unix seconds.
    pub last_seen: Option<i64>,
    /// The newest position while on duty.
    pub last_location: Option<LastLocation>,
    /// Snapshots of the active deliveries, in stop order.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub deliveries: Vec<Value>,
    pub emergencies: Vec<EmergencyView>,
    /// Unix milliseconds.
    pub server_time: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DriverPresence {
    pub driver_id: String,
    pub driver_online: bool,
    pub reason: Option<Away>,
    /// Unix milliseconds.
    pub server_time: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastLocation {
    pub lat: f64,
    pub lng: f64,
    /// Unix seconds.
    pub timestamp: i64,
    /// Metres.
    pub accuracy: Option<f64>,
    /// Metres per second.
    pub speed: Option<f64>,
    /// Per cent.
    pub battery: Option<u8>,
}

impl From<&LastFix> for LastLocation {
    fn from(fix: &LastFix) -> Self {
        Self {
            lat: fix.position.lat(),
            lng: fix.position.lng(),
            timestamp: fix.time.secs(),
            accuracy: fix.accuracy,
            speed: fix.speed,
            battery: fix.battery,
        }
    }
}

/// A driver's call for help.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmergencyView {
    pub id: String,
    pub driver_id: String,
    /// Unix seconds.
    pub at: i64,
    pub message: Option<String>,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    /// When the position was measured, in Unix seconds.
    pub location_at: Option<i64>,
    /// What the driver carried then.
    pub tracking_ids: Vec<String>,
    /// Unix seconds.
    pub acknowledged_at: Option<i64>,
    pub acknowledged_by: Option<String>,
}

impl EmergencyView {
    pub fn of(driver_id: &str, emergency: &Emergency) -> Self {
        let Emergency { id, at, message, position, position_at, tracking_ids, acknowledged, .. } =
            emergency.clone();
        Self {
            id,
            driver_id: driver_id.to_owned(),
            at: at.secs(),
            message,
            lat: position.map(Position::lat),
            lng: position.map(Position::lng),
            location_at: position_at.map(Millis::secs),
            tracking_ids,
            acknowledged_at: acknowledged.as_ref().map(|done| done.at.secs()),
            acknowledged_by: acknowledged.map(|done| done.by),
        }
    }
}

impl DriverState {
    pub fn of(driver: &Driver, last: Option<&LastFix>, deliveries: Vec<Value>, wall: Millis) -> Self {
        Self {
            driver_id: driver.driver_id.clone(),
            on_duty: !driver.off_duty,
            online: driver.presence.online,
            reason: driver.presence.reason,
            last_seen: driver.presence.last_seen.map(Millis::secs),
            last_location: last.map(LastLocation::from),
            deliveries,
            emergencies: driver
                .emergencies
                .iter()
                .map(|emergency| EmergencyView::of(&driver.driver_id, emergency))
                .collect(),
            server_time: wall.0,
        }
    }
}

/// One message of the driver for one delivery, as the phone sent it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relayed {
    /// When the driver's object got it, by the wall clock.
    pub received: Millis,
    pub message: Value,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RelayResult {
    #[serde(default)]
    pub counts: Counts,
    /// The `error` frame that the driver gets.
    #[serde(default)]
    pub refused: Option<Value>,
}

/// The answer of a delivery to what was relayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelayAnswer {
    pub results: Vec<RelayResult>,
    /// What the driver's reporting depends on.
    pub interest: Interest,
}

/// How closely a delivery is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interest {
    pub watched: bool,
    pub remaining_m: Option<f64>,
    pub eta_s: Option<i64>,
}

/// A call for help, as the driver's phone sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct EmergencyReport {
    pub id: Option<MessageId>,
    pub message: Option<String>,
    pub position: Option<Position>,
}

/// Reads an `emergency` frame, or the body of `POST /drivers/{id}/emergency`: it may be empty.
pub fn parse_emergency(body: &Value) -> Result<EmergencyReport, Rejection> {
    let fields = Fields::of(body, "body")?;
    let located = fields.has("lat") || fields.has("lng");
    Ok(EmergencyReport {
        id: message_id(body)?,
        message: fields.text("message", NOTE_MAX)?,
        position: located.then(|| fix::position(&fields)).transpose()?,
    })
}

/// Reads `{"on_duty": true}`.
pub fn parse_duty(body: &Value) -> Result<bool, Rejection> {
    let fields = Fields::of(body, "body")?;
    let value = fields.get("on_duty")?.ok_or_else(|| fields.missing("on_duty"))?;
    value.as_bool().ok_or_else(|| Rejection::invalid("on_duty", "on_duty must be true or false"))
}

/// Reads `{"opt_out": true}`.
pub fn parse_opt_out(body: &Value) -> Result<bool, Rejection> {
    let fields = Fields::of(body, "body")?;
    let value = fields.get("opt_out")?.ok_or_else(|| fields.missing("opt_out"))?;
    value.as_bool().ok_or_else(|| Rejection::invalid("opt_out", "opt_out must be true or false"))
}

/// Reads `{"tracking_ids": […]}`.
pub fn parse_order(body: &Value) -> Result<Vec<String>, Rejection> {
    let fields = Fields::of(body, "body")?;
    let ids = fields.array("tracking_ids")?.ok_or_else(|| fields.missing("tracking_ids"))?;
    if ids.len() > crate::driver::STOPS_MAX {
        return Err(Rejection::invalid("tracking_ids", "tracking_ids must have at most 100 ids"));
    }
    ids.iter()
        .map(|id| id.as_str().map(str::to_owned))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Rejection::invalid("tracking_ids", "tracking_ids must be texts"))
}

/// Reads a `presence` frame: why no position comes; null once it does.
pub fn parse_presence(body: &Value) -> Result<Option<Away>, Rejection> {
    match Fields::of(body, "body")?.text("reason", 32)? {
        None => Ok(None),
        Some(text) => Away::parse(&text).filter(|away| *away != Away::OffDuty).map(Some).ok_or_else(|| {
            Rejection::invalid(
                "reason",
                "reason must be page_hidden, permission_denied, no_gps, low_battery, closed or null",
            )
        }),
    }
}

/// Whether a text can be a driver's id, as the path gives it.
pub fn driver_id(text: &str) -> Result<String, Rejection> {
    let plain = !text.is_empty()
        && text.chars().count() <= ID_MAX
        && text.trim() == text
        && !text.chars().any(char::is_control);
    plain.then(|| text.to_owned()).ok_or_else(|| Rejection::NotFound("nobody can have this id".into()))
}

/// `lat,lng` of `GET /drivers?near=`.
pub fn parse_near(text: &str) -> Result<Position, Rejection> {
    let refused = || Rejection::invalid("near", "near must be lat,lng in degrees");
    let (lat, lng) = text.split_once(',').ok_or_else(refused)?;
    let degrees = |text: &str| text.trim().parse::<f64>().ok();
    degrees(lat).zip(degrees(lng)).and_then(|(lat, lng)| Position::from_degrees(lat, lng)).ok_or_else(refused)
}

/// A driver in `GET /drivers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DriverEntry {
    pub driver_id: String,
    pub on_duty: bool,
    pub online: bool,
    pub reason: Option<String>,
    /// Unix seconds.
    pub last_seen: Option<i64>,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    /// Of the position, in Unix seconds.
    pub location_at: Option<i64>,
    pub battery: Option<i64>,
    /// How many active deliveries.
    pub deliveries: i64,
    /// To `near`, in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<i64>,
}

/// What a phone tracker sent, as its decoder read it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    pub locations: Vec<FixReport>,
    pub contact: bool,
    /// A call for help, by the name that the app gives it.
    pub alarm: Option<String>,
    /// Where a ping says that the phone is, which counts where it has moved.
    pub ping: Option<FixReport>,
}
