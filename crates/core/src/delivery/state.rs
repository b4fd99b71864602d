//! What a delivery knows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::{Clock, Millis};
use crate::counts::Totals;
use crate::delivery::{Actor, Acts, Driven, Following, Handover, Measured, Noticed};
use crate::eta::{Estimate, Journey};
use crate::fleet::reporting::Reporting;
use crate::geofence::{Fences, Passing};
use crate::keeping_up::Asked;
use crate::outbox::Outbox;
use crate::published::Published;
use crate::recent::{Key, Recent};
use crate::status::Status;
use crate::tracking_id::TrackingId;
use crate::visibility::rules::Rules;
use crate::wire::frames::MessageId;
use crate::wire::snapshot::FixCounts;
use crate::wire::start::{Mode, Place, Visibility, Window};

/// What was said when it started; it rarely changes: see [`Outcome::facts_changed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub tracking_id: TrackingId,
    /// Random, made with the storage.
    pub epoch: String,
    pub order_id: String,
    pub driver_id: Option<String>,
    /// What the driver is called towards the public and the customer.
    pub driver_alias: Option<String>,
    pub customer_id: Option<String>,
    pub store_id: Option<String>,
    pub pickup: Option<Place>,
    pub dropoff: Place,
    pub phone: Option<String>,
    pub mode: Mode,
    pub window: Option<Window>,
    pub route: Option<String>,
    pub instructions: Option<String>,
    /// What the recipient says to the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover_code: Option<String>,
    pub visibility: Visibility,
    /// What those outside see.
    #[serde(default)]
    pub rules: Rules,
    #[serde(default)]
    pub fences: Fences,
    pub metadata: Option<Map<String, Value>>,
    pub clock: Clock,
    pub started: Millis,
    /// Tells a repeated start from another under the same `Idempotency-Key`.
    pub request_digest: String,
}

/// A status reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    pub status: Status,
    pub at: Millis,
    pub note: Option<String>,
    pub reason: Option<String>,
    /// Of the report, where it had one: sent again, it changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// Who brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

impl Reached {
    pub(super) const fn new(status: Status, at: Millis) -> Self {
        Self { status, at, note: None, reason: None, id: None, by: None }
    }
}

/// What changes while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    pub seq: u64,
    pub timeline: Vec<Reached>,
    /// What else was done.
    pub acts: Acts,
    pub recent: Recent,
    /// What became of the fixes that were sent.
    pub fixes: FixCounts,
    pub measured: Measured,
    /// For `/metrics`. What has not been stored is lost with the memory.
    pub totals: Totals,
    pub eta: Option<Estimate>,
    /// What the ETA knows of the way so far.
    pub journey: Journey,
    pub following: Following,
    /// Which places the driver has passed.
    pub passing: Passing,
    pub stops_before: u32,
    /// What passes between it and its driver's object.
    pub driven: Driven,
    /// The newest fix that was broadcast.
    pub shown: Option<Key>,
    /// Since when those outside see the location, in the time of fixes; `None` while it is hidden.
    pub shown_since: Option<Millis>,
    /// When the driver agreed to it.
    pub accepted_at: Option<Millis>,
    /// When the driver was last heard of.
    pub contact: Option<Millis>,
    pub updated: Millis,
    /// Grows with each change, whether or not anybody is told.
    pub revision: u64,
    /// How many chunks of history are closed.
    pub chunks: u32,
    pub published: Published,
    pub handover: Handover,
    pub outbox: Outbox,
    /// How often watchers were told, and asked whether they keep up.
    pub asked: Asked,
    /// What the hubs have heard.
    pub reporting: Reporting,
    pub noticed: Noticed,
}
