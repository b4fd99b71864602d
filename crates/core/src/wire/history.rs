//! The record of a delivery: where it went, and what became of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;
use crate::delivery::{Actor, EntryKind};
use crate::filter::Reason;
use crate::status::Status;

/// The body of `GET /tracking/{id}/history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    pub tracking_id: String,
    pub order_id: String,
    /// In the order of their times.
    pub points: Vec<HistoryPoint>,
    /// Where the next page begins: send it as `cursor`. Null on the last page.
    pub next_cursor: Option<String>,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// A fix as the phone reported it, and whether it was believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryPoint {
    /// Degrees, WGS84.
    pub lat: f64,
    /// Degrees, WGS84.
    pub lng: f64,
    /// Unix seconds, with their fraction where the phone gave one.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub timestamp: serde_json::Number,
    pub verdict: PointVerdict,
    /// Why it was filtered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Latitude and longitude where an accepted fix was shown: smoothed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<[f64; 2]>,
    /// Radius in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Metres per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Degrees clockwise from north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<f64>,
    /// Metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
    /// Per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What became of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PointVerdict {
    Accepted,
    /// So late that it was not judged.
    Late,
    Filtered,
}

/// The same as GeoJSON (RFC 7946): the believed way, smoothed, as a line, its times beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GeoJsonHistory {
    /// `Feature`
    #[serde(rename = "type")]
    pub kind: String,
    pub geometry: Option<Geometry>,
    pub properties: GeoJsonProperties,
    pub next_cursor: Option<String>,
    pub server_time: i64,
}

/// The same as an encoded polyline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolylineHistory {
    pub tracking_id: String,
    pub order_id: String,
    /// The believed way, smoothed, in precision 5.
    pub polyline: String,
    /// Unix seconds, one for each position.
    pub times: Vec<i64>,
    pub next_cursor: Option<String>,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// A line of two positions or more, or a point where there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Geometry {
    /// Longitude, latitude.
    Point([f64; 2]),
    /// Longitude, latitude.
    LineString(Vec<[f64; 2]>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GeoJsonProperties {
    pub tracking_id: String,
    pub order_id: String,
    /// ISO 8601 in UTC, one for each position.
    #[serde(rename = "coordTimes")]
    pub coord_times: Vec<String>,
}

/// The body of `GET /tracking/{id}/events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timeline {
    pub tracking_id: String,
    pub order_id: String,
    pub status: Status,
    /// In the order in which they happened.
    pub events: Vec<TimelineEvent>,
    /// How many acts there was no room for, the oldest; statuses are all there.
    #[serde(default)]
    pub omitted: u32,
    /// What was published as ETA when: a sample a minute at most, and one at each status.
    pub etas: Vec<PublishedEta>,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// A status reached. For the store, dispatchers and admins also what else was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineEvent {
    #[serde(rename = "type")]
    pub kind: EntryKind,
    /// The status reached; of another type: the one that it had.
    pub status: Status,
    /// Unix seconds.
    pub at: i64,
    /// Null for the customer.
    pub note: Option<String>,
    /// Why it failed, was cancelled or forced forward; null for the customer.
    pub reason: Option<String>,
    /// Who did it; null for all but the store, dispatchers and admins, and where it is not known.
    #[serde(default)]
    pub by: Option<Actor>,
    /// Of `assigned` and `unassigned`: who has it, or has it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_id: Option<String>,
    /// Of `assigned`: in whose place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_driver_id: Option<String>,
    /// Names of what was corrected, the id of a link, the kind of a proof, what was erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

impl TimelineEvent {
    pub(crate) const fn of(kind: EntryKind, status: Status, at: Millis) -> Self {
        Self {
            kind,
            status,
            at: at.secs(),
            note: None,
            reason: None,
            by: None,
            driver_id: None,
            former_driver_id: None,
            about: Vec::new(),
        }
    }
}

/// An ETA as it was published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedEta {
    /// When it was published, in Unix seconds.
    pub at: i64,
    /// When the delivery was expected, in Unix seconds.
    pub eta_at: i64,
    /// The 10th and the 90th percentile, in seconds from `at`.
    pub eta_range: [i64; 2],
}

impl HistoryPoint {
    /// Unix seconds of `millis`, whole where they are.
    pub fn seconds(millis: i64) -> serde_json::Number {
        if millis % 1000 == 0 {
            return (millis / 1000).into();
        }
        match Value::from(millis as f64 / 1000.0) {
            Value::Number(number) => number,
            _ => millis.div_euclid(1000).into(),
        }
    }
}
