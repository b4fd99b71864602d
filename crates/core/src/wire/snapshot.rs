//! A delivery as one audience may see it: the body of `GET /tracking/{id}` and of `initial_state`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Millis;
use crate::filter::Reason;
use crate::status::Status;
use crate::wire::driver::EmergencyView;
use crate::wire::handover::{ProofView, RatingView};
use crate::wire::start::{Mode, Place, Visibility, Window};

/// The position shown to an audience.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Location {
    /// Degrees, WGS84.
    pub lat: f64,
    /// Degrees, WGS84.
    pub lng: f64,
    /// When it was measured, in Unix seconds.
    pub timestamp: i64,
    /// Radius in metres.
    pub accuracy: Option<f64>,
    /// Degrees clockwise from north.
    pub heading: Option<f64>,
    /// Metres per second.
    pub speed: Option<f64>,
    pub address: Option<String>,
    /// Per cent; never shown to the public, a link or the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery: Option<u8>,
    /// The accepted fix behind the smoothed position: for driver, store, dispatcher and admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawLocation>,
}

/// The fix as the phone reported it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RawLocation {
    pub lat: f64,
    pub lng: f64,
    /// Unix seconds.
    pub timestamp: i64,
    /// Metres.
    pub accuracy: Option<f64>,
}

/// How far the position can be trusted to be where the driver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LocationState {
    /// No fix has come yet.
    None,
    Live,
    /// Older than 90 s.
    Stale,
    /// Older than 10 min.
    Lost,
    /// This audience may not see it now.
    Hidden,
}

impl LocationState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Lost => "lost",
            Self::Hidden => "hidden",
        }
    }
}

/// What the ETA was computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EtaSource {
    /// Travel times of recorded trips, by mode and distance left, corrected by this trip's own pace.
    History,
    /// A planned route.
    Route,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// One status and when it was reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineEntry {
    pub status: Status,
    /// Unix seconds.
    pub at: i64,
}

/// When the delivery is promised, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WindowView {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

impl From<Window> for WindowView {
    fn from(window: Window) -> Self {
        Self { from: window.from.map(Millis::secs), to: window.to.map(Millis::secs) }
    }
}

/// A simulated clock: the delivery's now is `origin + (wall − start) × rate`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockView {
    /// The delivery's time at its start, in Unix seconds.
    pub origin: f64,
    /// Simulated seconds per second.
    pub rate: f64,
}

/// The ETA as published. All three are null without an ETA.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EtaView {
    /// Seconds left, never negative.
    pub eta_seconds: Option<i64>,
    /// Unix seconds, never in the past.
    pub eta_at: Option<i64>,
    /// Seconds left, 10th and 90th percentile.
    pub eta_range: Option<[i64; 2]>,
    pub eta_source: Option<EtaSource>,
    pub eta_confidence: Option<Confidence>,
}

/// How far the delivery has come. Null where the location is hidden.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProgressView {
    /// Metres left to the dropoff.
    pub remaining_m: Option<i64>,
    /// From 0 at the pickup to 1 at the dropoff.
    pub progress: Option<f64>,
    /// Stops of the same driver before this one. Null where this audience may not know.
    pub stops_before: Option<u32>,
    pub off_route: bool,
}

/// What only some audiences see, each field left out where it is not theirs or not set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Details {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The planned route, an encoded polyline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockView>,
    /// The driver's calls for help that nobody has acknowledged: for store, dispatcher and admin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergencies: Vec<EmergencyView>,
    /// When the driver accepted it, in Unix seconds: for driver, store, dispatcher and admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<i64>,
    /// For all but the public.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<ProofView>,
    /// For customer, store, dispatcher and admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<RatingView>,
    /// What the recipient says to the driver: for customer, store, dispatcher and admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover_code: Option<String>,
    /// For driver, store, dispatcher and admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixes: Option<FixCounts>,
}

/// What became of the fixes of a delivery, when they came. Repeated ones are not stored, nor counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FixCounts {
    pub accepted: u32,
    pub late: u32,
    /// By reason.
    pub filtered: BTreeMap<Reason, u32>,
}

impl FixCounts {
    pub fn filter(&mut self, reason: Reason) {
        *self.filtered.entry(reason).or_default() += 1;
    }
}

/// A delivery as its caller may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    pub tracking_id: String,
    pub order_id: String,
    /// For the public, a link and the customer: an alias of this delivery.
    pub driver_id: Option<String>,
    pub status: Status,
    pub current_location: Option<Location>,
    pub location_state: LocationState,
    pub pickup: Option<Place>,
    pub dropoff: Place,
    #[serde(flatten)]
    pub eta: EtaView,
    #[serde(flatten)]
    pub progress: ProgressView,
    pub driver_online: bool,
    pub timeline: Vec<TimelineEntry>,
    /// Encoded polyline (precision 5) of at most 60 points, ending at the current location.
    pub trail: String,
    #[serde(flatten)]
    pub details: Details,
    /// Grows with each event; gaps are normal.
    pub seq: u64,
    /// Random, made with the object's storage: sequences of two epochs do not compare.
    pub epoch: String,
    /// Unix seconds.
    pub updated_at: i64,
    /// The delivery's now, in Unix milliseconds.
    pub server_time: i64,
}
