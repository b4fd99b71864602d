//! Positions and statuses, as drivers, stores and dispatchers report them over HTTP and sockets.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::clock::Millis;
use crate::fix::{self, Fix};
use crate::rejection::Rejection;
use crate::status::Status;
use crate::wire::frames::MessageId;
use crate::wire::input::Fields;
use crate::wire::snapshot::Snapshot;

/// Most fixes in a frame on a socket.
pub const FRAME_FIXES_MAX: usize = 200;
/// Most fixes in an HTTP request.
pub const REQUEST_FIXES_MAX: usize = 1_000;
/// Longest note or reason, in characters.
pub const NOTE_MAX: usize = 500;
/// Longest `id` of a message, in characters.
pub const MESSAGE_ID_MAX: usize = 128;

/// A fix as a client writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FixReport {
    /// Degrees, −90 to 90.
    pub lat: f64,
    /// Degrees, −180 to 180.
    pub lng: f64,
    /// Unix seconds, Unix milliseconds or ISO 8601; the time received where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Value>,
    /// Radius in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Metres per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Degrees clockwise from north, 0 to 360.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<f64>,
    /// Metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
    /// Per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A status reached at this fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// A status as a client asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    pub status: Status,
    /// When it happened; later than now, or before the previous status, is clamped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Required for `FAILED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Names the report: sent again, it changes nothing, whatever has come since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
}

impl StatusReport {
    /// The bare status.
    pub const fn of(status: Status) -> Self {
        Self { status, at: None, note: None, reason: None, id: None }
    }
}

/// The body of `POST /tracking/update/{id}`: a fix flat, under `location`, or many under `locations`;
/// optionally a status, or a status alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<FixReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<FixReport>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The device's clock when it sent this: times are then corrected by received − sent_at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Value>,
}

/// A fix of a batch that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejected {
    pub index: usize,
    pub field: String,
}

/// What became of the fixes of a message. The five are disjoint and sum to what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
    /// Newer than all before, and believed.
    pub accepted: usize,
    /// Known already.
    pub duplicates: usize,
    /// Older than the newest: put in their place in the history.
    pub late: usize,
    /// Understood and not believed: a wrong clock, a jump.
    pub filtered: usize,
    /// Not understood.
    pub rejected: Vec<Rejected>,
}

impl Counts {
    /// How many fixes the message held.
    pub fn sent(&self) -> usize {
        self.accepted + self.duplicates + self.late + self.filtered + self.rejected.len()
    }
}

/// The answer to an update: the snapshot and what became of the fixes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Updated {
    #[serde(flatten)]
    pub snapshot: Snapshot,
    #[serde(flatten)]
    pub counts: Counts,
}

/// A message as read: its valid fixes, what was rejected of a batch, and a status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub fixes: Vec<Fix>,
    pub rejected: Vec<Rejected>,
    pub status: Option<StatusReport>,
    /// By the driver's line, which serves all its deliveries.
    pub relayed: bool,
}

/// Whether a message of positions carries a status, too.
pub fn carries_status(body: &Value) -> bool {
    let beside = |value: &Value| value.get("status").is_some();
    let among = |value: &Value| value.as_array().is_some_and(|all| all.iter().any(beside));
    beside(body) || body.get("location").is_some_and(beside) || body.get("locations").is_some_and(among)
}

impl Report {
    /// Reads an update received at `received` (the delivery's now) with at most `fixes_max` fixes.
    /// A status that nobody knows refuses the whole.
    pub fn parse(body: &Value, received: Millis, fixes_max: usize) -> Result<Self, Rejection> {
        let fields = Fields::of(body, "body")?;
        let skew = fields.time("sent_at")?.map_or(0, |sent_at| received.since(sent_at));
        let flat = fields.has("lat") || fields.has("lng");
        if [flat, fields.has("location"), fields.has("locations")].into_iter().filter(|given| *given).count()
            > 1
        {
            return Err(Rejection::invalid(
                "location",
                "a location is given twice: flat, location or locations",
            ));
        }
        let remarks = Remarks::of(body, &fields)?;
        let mut report = Self::default();
        let mut carried = None;
        if let Some(batch) = fields.array("locations")? {
            carried = report.read_batch(batch, received, skew, fixes_max)?;
        } else if let Some((location, value)) = fields.object("location")? {
            carried = location.get("status")?.cloned();
            report.fixes.push(fix::parse(value, received, skew)?);
        } else if flat {
            report.fixes.push(fix::parse(body, received, skew)?);
        }
        report.status = match (fields.get("status")?, carried) {
            (Some(own), Some(carried)) if known(own)? != known(&carried)? => {
                return Err(Rejection::invalid("status", "status is given twice, with different values"));
            }
            (Some(status), _) => Some(remarks.beside(known(status)?)?),
            (None, Some(carried)) => Some(remarks.beside(known(&carried)?)?),
            (None, None) => None,
        };
        if report.fixes.is_empty() && report.status.is_none() {
            return Err(Rejection::invalid("location", "a location or a status is required"));
        }
        Ok(report)
    }

    /// Takes the valid fixes of a batch. Returns the status of the last of them that carries one.
    fn read_batch(
        &mut self,
        batch: &[Value],
        received: Millis,
        skew: i64,
        fixes_max: usize,
    ) -> Result<Option<Value>, Rejection> {
        if batch.len() > fixes_max {
            return Err(Rejection::invalid(
                "locations",
                format!("locations must have at most {fixes_max} fixes"),
            ));
        }
        let mut carried = None;
        for (index, value) in batch.iter().enumerate() {
            match fix::parse(value, received, skew) {
                Ok(fix) => self.fixes.push(fix),
                Err(Rejection::Invalid { field, .. }) => self.rejected.push(Rejected { index, field }),
                Err(other) => return Err(other),
            }
            if let Some(status) = value.get("status").filter(|status| !status.is_null()) {
                known(status)?;
                carried = Some(status.clone());
            }
        }
        if self.fixes.is_empty() {
            return Err(Rejection::invalid("locations", "locations must have at least one valid fix"));
        }
        Ok(carried)
    }
}

/// Reads the body of `POST /tracking/{id}/status`, or of a `status_update` frame.
pub fn parse_status(body: &Value) -> Result<StatusReport, Rejection> {
    let fields = Fields::of(body, "body")?;
    let status = known(fields.get("status")?.ok_or_else(|| fields.missing("status"))?)?;
    Remarks::of(body, &fields)?.beside(status)
}

/// The `id` of a message, or of a status report: text or a whole number.
pub fn message_id(body: &Value) -> Result<Option<MessageId>, Rejection> {
    match body.get("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= MESSAGE_ID_MAX => {
            Ok(Some(MessageId::Text(text.clone())))
        }
        Some(Value::Number(number)) if whole(number).is_some() => Ok(whole(number).map(MessageId::Number)),
        Some(_) => {
            Err(Rejection::invalid("id", "id must be a whole number or a text of at most 128 characters"))
        }
    }
}

/// A whole number, however it is written: -801.0 is one.
fn whole(number: &Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    let written_otherwise = || {
        number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() <= EXACT).map(|value| value as i64)
    };
    number.as_i64().or_else(written_otherwise)
}

/// What may stand beside a status; read without one too, so that a wrong value never passes.
struct Remarks {
    at: Option<Millis>,
    note: Option<String>,
    reason: Option<String>,
    id: Option<MessageId>,
}

impl Remarks {
    fn of(body: &Value, fields: &Fields<'_>) -> Result<Self, Rejection> {
        Ok(Self {
            at: fields.time("at")?,
            note: fields.text("note", NOTE_MAX)?,
            reason: fields.text("reason", NOTE_MAX)?,
            id: message_id(body)?,
        })
    }

    fn beside(self, status: Status) -> Result<StatusReport, Rejection> {
        let Self { at, note, reason, id } = self;
        if status == Status::Failed && reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Rejection::invalid("reason", "reason is required for FAILED"));
        }
        Ok(StatusReport { status, at, note, reason, id })
    }
}

fn known(value: &Value) -> Result<Status, Rejection> {
    value.as_str().and_then(Status::parse).ok_or_else(|| {
        let names: Vec<_> = Status::ALL.iter().map(|status| status.name()).collect();
        Rejection::invalid("status", format!("status must be one of {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Report, Rejection> {
        Report::parse(&body, Millis(1_000_000), 3)
    }

    #[test]
    fn each_bad_message_names_its_field() {
        let cases = [
            (json!({}), "location"),
            (json!([]), "body"),
            (json!({"location": 5}), "location"),
            (json!({"location": {"lat": 1}}), "lng"),
            (json!({"lat": 1}), "lng"),
            (json!({"locations": []}), "locations"),
            (json!({"locations": {}}), "locations"),
            (json!({"locations": [{}, {"lat": 100, "lng": 0}]}), "locations"),
            (json!({"locations": [{}, {}, {}, {}]}), "locations"),
            (json!({"lat": 1, "lng": 1, "location": {"lat": 1, "lng": 1}}), "location"),
            (json!({"lat": 1, "lng": 1, "status": "LOST"}), "status"),
            (json!({"lat": 1, "lng": 1, "status": 5}), "status"),
            (json!({"location": {"lat": 1, "lng": 1, "status": "LOST"}}), "status"),
            (
                json!({"location": {"lat": 1, "lng": 1, "status": "ASSIGNED"}, "status": "PICKED_UP"}),
                "status",
            ),
            (json!({"locations": [{"lat": 1, "lng": 1, "status": "LOST"}]}), "status"),
            (json!({"lat": 1, "lng": 1, "sent_at": "now"}), "sent_at"),
            (json!({"status": "FAILED"}), "reason"),
            (json!({"status": "FAILED", "reason": "  "}), "reason"),
            (json!({"status": "DELIVERED", "at": {}}), "at"),
            (json!({"lat": 1, "lng": 1, "at": "noon"}), "at"),
            (json!({"lat": 1, "lng": 1, "reason": [{}]}), "reason"),
            (json!({"status": "DELIVERED", "note": "x".repeat(501)}), "note"),
        ];
        for (body, field) in cases {
            match read(body.clone()) {
                Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field, "{body}"),
                other => panic!("{body} gave {other:?}"),
            }
        }
    }

    #[test]
    fn a_batch_keeps_what_is_valid() {
        let report =
            read(json!({"locations": [{"lat": 1, "lng": 1}, {"lat": 1}, {"lng": 1, "lat": 2}]})).unwrap();
        assert_eq!(report.fixes.len(), 2);
        assert_eq!(report.rejected, [Rejected { index: 1, field: "lng".into() }]);
    }

    #[test]
    fn a_status_may_ride_on_the_location() {
        let report = read(json!({"location": {"lat": 1, "lng": 1, "status": "out_for_delivery"}})).unwrap();
        assert_eq!(report.status.unwrap().status, Status::InTransit);
    }

    #[test]
    fn an_id_is_a_text_or_a_whole_number_however_it_is_written() {
        let cases = [
            (json!(5), Some(MessageId::Number(5))),
            (json!(-801.0), Some(MessageId::Number(-801))),
            (json!(i64::MAX), Some(MessageId::Number(i64::MAX))),
            (json!("x"), Some(MessageId::Text("x".into()))),
        ];
        for (id, expected) in cases {
            assert_eq!(message_id(&json!({"id": id})), Ok(expected), "{id}");
        }
        for id in [json!(0.5), json!(1e300), json!(u64::MAX), json!([]), json!("x".repeat(129))] {
            assert!(message_id(&json!({"id": id})).is_err(), "{id}");
        }
    }

    #[test]
    fn sent_at_corrects_the_times_of_a_wrong_clock() {
        let report = read(json!({"lat": 1, "lng": 1, "timestamp": 400, "sent_at": 410})).unwrap();
        assert_eq!(report.fixes[0].time, Millis(990_000));
    }
}
