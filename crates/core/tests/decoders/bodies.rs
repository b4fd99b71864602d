//! What must hold of each decoder whatever the bytes. The property tests beside this file and the fuzz
//! targets in `fuzz/` both call these.

use onway_core::clock::{LATEST, Millis};
use onway_core::delivery::Change;
use onway_core::device_key;
use onway_core::fix::{Fix, Position};
use onway_core::ingest::{self, Protocol, Request};
use onway_core::invite;
use onway_core::recent::{NoArchive, Recent};
use onway_core::rejection::Rejection;
use onway_core::track::{self, Chunk, Recorded};
use onway_core::tracking_id::IdKeys;
use onway_core::wire::frames::ServerFrame;
use onway_core::wire::input::{self, Fields};
use onway_core::wire::report::{
    FRAME_FIXES_MAX, FixReport, REQUEST_FIXES_MAX, Report, message_id, parse_status,
};
use onway_core::wire::start::{Mode, Place, StartRequest, idempotency_key};
use onway_core::{filter::Verdict, status::Status};
use serde_json::{Value, json as object};

/// A decoder's name, and what must hold of it.
pub type Body = (&'static str, fn(&[u8]));

/// Each decoder.
pub const ALL: [Body; 11] = [
    ("json", json),
    ("time", time),
    ("start", start),
    ("report", report),
    ("status", status),
    ("frame", frame),
    ("tracking_id", tracking_id),
    ("track", track),
    ("polyline", polyline),
    ("ingest", ingest),
    ("device_key", device_key),
];

/// The time at which everything is received here.
const NOW: Millis = Millis(1_704_067_850_000);
/// The error of a client is never ours.
fn is_a_refusal(rejection: &Rejection) -> bool {
    matches!(rejection, Rejection::NotJson(_) | Rejection::Invalid { .. })
}

/// The JSON in some bytes; none where they are refused.
fn parsed(bytes: &[u8]) -> Option<Value> {
    match input::json(bytes) {
        Ok(value) => Some(value),
        Err(rejection) => {
            assert!(is_a_refusal(&rejection), "{rejection:?}");
            None
        }
    }
}

/// A value that was taken, or none where it was refused for a field.
fn taken<T>(read: Result<T, Rejection>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(Rejection::Invalid { field, detail }) => {
            // An answer does not repeat what was sent.
            assert!(field.len() < 1_000 && detail.len() < 1_200, "{field}: {detail}");
            None
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// What is JSON to us is JSON, and written again it is read again.
pub fn json(bytes: &[u8]) {
    let Some(value) = parsed(bytes) else { return };
    assert!(serde_json::from_slice::<Value>(bytes).is_ok());
    assert!(parsed(value.to_string().as_bytes()).is_some());
}

/// A time that is read lies within the years 1970 to 9999, as text and as number.
pub fn time(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let number = bytes.first_chunk().map(|bytes| f64::from_le_bytes(*bytes));
    for value in
        [Some(object!(text)), text.parse::<Value>().ok(), number.map(Value::from)].into_iter().flatten()
    {
        if let Some(time) = Millis::parse(&value) {
            assert!((0..=LATEST).contains(&time.0), "{value} is {time:?}");
            let again = object!(time.0);
            // Small milliseconds read as seconds; all others are what they were.
            assert!(time.0 < 100_000_000_000 || Millis::parse(&again) == Some(time), "{value}");
        }
    }
}

/// What starts a delivery survives the way to its object and into its storage.
pub fn start(bytes: &[u8]) {
    idempotency_key(String::from_utf8_lossy(bytes).into_owned()).ok();
    let Some(request) = parsed(bytes).and_then(|body| taken(StartRequest::parse(&body))) else { return };
    assert!(is_within(&request.dropoff) && request.pickup.as_ref().is_none_or(is_within));
    let written = serde_json::to_vec(&request).unwrap();
    let read: StartRequest = serde_json::from_slice(&written).unwrap();
    assert_eq!(read.dropoff.position(), request.dropoff.position());
    assert_eq!((read.order_id, read.window, read.route), (request.order_id, request.window, request.route));
}

fn is_within(place: &Place) -> bool {
    (-90.0..=90.0).contains(&place.lat) && (-180.0..=180.0).contains(&place.lng)
}

/// Every fix is counted once, lies within bounds, is stored as it was read, and finds its place.
pub fn report(bytes: &[u8]) {
    let Some(body) = parsed(bytes) else { return };
    let Some(report) = taken(Report::parse(&body, NOW, REQUEST_FIXES_MAX)) else { return };
    let batch = Fields::of(&body, "body").unwrap().array("locations").unwrap();
    if let Some(batch) = batch {
        assert_eq!(report.fixes.len() + report.rejected.len(), batch.len());
    }
    assert!(report.status.is_some() || !report.fixes.is_empty());
    are_stored(&report.fixes);
    let mut recent = Recent::default();
    for fix in &report.fixes {
        assert!(fix.heading.is_none_or(|heading| (0.0..360.0).contains(&heading)));
        recent.place(fix.clone(), Mode::Car, &NoArchive);
        assert!(recent.holds(fix) || recent.window().is_empty());
    }
    assert!(Recent::load(recent.store(), Mode::Car).is_ok());
}

/// History gives back the fixes that it was given.
fn are_stored(fixes: &[Fix]) {
    let recorded: Vec<_> = fixes
        .iter()
        .map(|fix| Recorded { fix: fix.clone(), verdict: Verdict::Accepted, shown: Some(fix.position) })
        .collect();
    let chunk: Chunk = recorded.iter().collect();
    assert_eq!(track::decode(chunk.bytes()).as_deref(), Ok(recorded.as_slice()));
}

/// A status is one of ours, and FAILED has its reason.
pub fn status(bytes: &[u8]) {
    Status::parse(&String::from_utf8_lossy(bytes));
    let Some(report) = parsed(bytes).and_then(|body| taken(parse_status(&body))) else { return };
    assert!(report.status != Status::Failed || report.reason.is_some_and(|reason| !reason.trim().is_empty()));
}

/// A frame is read as its type says; what the service sends is read by our own client.
pub fn frame(bytes: &[u8]) {
    if let Ok(frame) = serde_json::from_slice::<ServerFrame>(bytes) {
        assert!(serde_json::from_str::<ServerFrame>(&serde_json::to_string(&frame).unwrap()).is_ok());
    }
    let Some(body) = parsed(bytes) else { return };
    if let Some(Some(id)) = taken(message_id(&body)) {
        assert_eq!(message_id(&object!({ "id": id })), Ok(Some(id)));
    }
    match body.get("type").and_then(Value::as_str) {
        Some("location_update") => drop(taken(Report::parse(&body, NOW, FRAME_FIXES_MAX))),
        Some("status_update") => drop(taken(parse_status(&body))),
        Some("accept") => drop(taken(Change::Accept.command(&body, &str::to_owned))),
        Some("decline") => drop(taken(Change::Decline.command(&body, &str::to_owned))),
        _ => drop(taken(Change::Assign.command(&body, &str::to_owned))),
    }
}

/// Nothing but what was issued is an id.
pub fn tracking_id(bytes: &[u8]) {
    let keys = IdKeys::new(1, "a secret of the tests, over 32 bytes long", None).unwrap();
    let issued = keys.issue(std::array::from_fn(|i| bytes.get(i).copied().unwrap_or_default()));
    assert_eq!(keys.read(issued.as_str()), Some(issued));
    let text = String::from_utf8_lossy(bytes);
    if let Some(id) = keys.read(&text) {
        assert_eq!(id.as_str(), text);
    }
}

/// A chunk that can be read can be grown, and what our own bounds allow is as it was.
pub fn track(bytes: &[u8]) {
    let Ok(fixes) = track::decode(bytes) else { return };
    let chunk = Chunk::from_bytes(bytes).unwrap();
    assert_eq!(chunk.len(), fixes.len());
    let again = track::decode(chunk.bytes()).unwrap();
    assert_eq!(again.len(), fixes.len());
    if fixes.iter().all(|recorded| is_plausible(&recorded.fix)) {
        assert_eq!(again, fixes);
    }
}

/// Within what a double holds exactly, and what two times may differ by.
fn is_plausible(fix: &Fix) -> bool {
    let exact = |value: Option<f64>| value.is_none_or(|value| value.abs() < 1e9);
    (-4 * LATEST..=4 * LATEST).contains(&fix.time.0)
        && [fix.accuracy, fix.speed, fix.heading, fix.altitude].into_iter().all(exact)
}

/// Any text is a route or refused, and a line that we write is one.
pub fn polyline(bytes: &[u8]) {
    let start = |route: &str| object!({"order_id": "O", "dropoff": {"lat": 0, "lng": 0}, "route": route});
    taken(StartRequest::parse(&start(&String::from_utf8_lossy(bytes))));
    let numbers: Vec<_> = bytes.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect();
    let points: Vec<_> = numbers
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[lat, lng]| Position { lat_e7: lat % 900_000_001, lng_e7: lng % 1_800_000_001 })
        .collect();
    let line = track::polyline(points.iter().copied());
    assert_eq!(StartRequest::parse(&start(&line)).is_ok(), points.len() >= 2, "{line}");
    let kept = onway_core::thinning::thinned(&points, 60);
    assert!(kept.len() <= 60);
}

/// Whatever a tracker sends, as body or as query, is answered as its protocol says; what was read of it is
/// counted once, bounded, and can be stored.
pub fn ingest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for protocol in Protocol::ALL {
        for (query, body) in [(None, bytes), (Some(&*text), &[][..]), (Some(&*text), bytes)] {
            let request = Request { query, content_type: None, body, received: NOW };
            let reading = ingest::read(protocol, &request);
            let counted = reading.fixes.len() + reading.rejected as usize + reading.ignored as usize;
            assert!(counted <= REQUEST_FIXES_MAX, "{counted}");
            assert!(reading.reply.status == 200 || counted == 0);
            assert!(reading.alarm.as_ref().is_none_or(|alarm| alarm.chars().count() <= ingest::ALARM_MAX));
            are_stored(&reading.fixes);
            for fix in reading.fixes.iter().chain(&reading.live).chain(&reading.ping) {
                assert!((0..=LATEST).contains(&fix.time.0) && fix.id().time == fix.time);
                assert!(fix.heading.is_none_or(|heading| (0.0..360.0).contains(&heading)));
            }
        }
    }
}

/// Nothing but what was minted is a device key or an invitation, and none of them the other.
pub fn device_key(bytes: &[u8]) {
    let keys = IdKeys::new(1, "a secret of the tests, over 32 bytes long", None).unwrap();
    let text = String::from_utf8_lossy(bytes);
    assert!(device_key::verify(&keys, &text).is_none() && invite::verify(&keys, &text, NOW).is_err());
    let driver: String = text.chars().take(128).collect();
    let key = device_key::mint(&keys, [7; 8], &driver);
    assert_eq!(device_key::verify(&keys, &key).map(|key| key.driver_id).as_ref(), Some(&driver));
    assert!(invite::verify(&keys, &key, NOW).is_err());
    let invitation = invite::mint(&keys, [7; 16], &driver, NOW.plus(1));
    assert_eq!(invite::verify(&keys, &invitation, NOW).map(|invite| invite.driver_id), Ok(driver));
    assert_eq!(device_key::verify(&keys, &invitation), None);
}

/// A fix as our own client writes it is read.
#[allow(dead_code, reason = "the fuzz targets have no types to begin with")]
pub fn written(fix: &FixReport) {
    let body = serde_json::to_vec(&object!({ "location": fix })).unwrap();
    assert!(Report::parse(&input::json(&body).unwrap(), NOW, 1).is_ok());
}
