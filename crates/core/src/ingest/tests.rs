//! Cases of each protocol, as its clients send them, are in the folder `tests`; here is what all share.

use super::*;
use proptest::prelude::*;

mod gpslogger;
mod osmand;
mod overland;
mod owntracks;

/// The time at which everything is received here.
const NOW: Millis = Millis(1_704_067_850_000);
/// A minute before.
const THEN: i64 = 1_704_067_790;

fn request<'a>(query: Option<&'a str>, content_type: Option<&'a str>, body: &'a str) -> Request<'a> {
    Request { query, content_type, body: body.as_bytes(), received: NOW }
}

fn read_json(protocol: Protocol, body: &serde_json::Value) -> Reading {
    read(protocol, &request(None, Some("application/json"), &body.to_string()))
}

/// The single fix of a reading that holds nothing else.
fn only_fix(reading: Reading) -> Fix {
    assert_eq!((reading.fixes.len(), reading.rejected, reading.ignored), (1, 0, 0), "{reading:?}");
    assert!(reading.contact);
    reading.fixes.into_iter().next().unwrap()
}

/// Fixes, rejected, ignored, contact.
fn counts(reading: &Reading) -> (usize, u32, u32, bool) {
    (reading.fixes.len(), reading.rejected, reading.ignored, reading.contact)
}

/// Accuracy, speed, heading, altitude and battery of a fix.
type Optional = (Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<u8>);

const NOTHING: Optional = (None, None, None, None, None);

/// A fix at 5.6045, −0.1875 with these values.
fn fix(time: Millis, (accuracy, speed, heading, altitude, battery): Optional) -> Fix {
    let position = Position::from_degrees(5.6045, -0.1875).unwrap();
    Fix { accuracy, speed, heading, altitude, battery, ..Fix::new(time, position) }
}

#[test]
fn a_protocol_is_read_by_its_one_name() {
    for protocol in Protocol::ALL {
        assert_eq!(Protocol::parse(protocol.name()), Some(protocol));
    }
    for other in ["", "OsmAnd", "osmand/", "ulogger"] {
        assert_eq!(Protocol::parse(other), None, "{other}");
    }
}

/// Whatever is sent: a client that gets anything else sends it again, and again.
#[test]
fn the_reply_is_what_empties_the_queue() {
    let replies = [
        (Protocol::Osmand, None, ""),
        (Protocol::Traccar, None, ""),
        (Protocol::Owntracks, Some("application/json"), "[]"),
        (Protocol::Overland, Some("application/json"), "{\"result\":\"ok\"}"),
        (Protocol::Gpslogger, None, ""),
    ];
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "lat=5&lon=6",
        "lat=91&lon=6",
        "\u{0}",
        r#"{"_type":"location","lat":5,"lon":6,"tst":1}"#,
        r#"{"_type":"dump"}"#,
        r#"{"locations":[]}"#,
        r#"{"locations":[{}]}"#,
        r#"{"location":{"coords":{"latitude":5,"longitude":6}}}"#,
        r#"{"location":5}"#,
    ];
    for (protocol, content_type, body) in replies {
        for sent in bodies {
            let reading = read(protocol, &request(None, Some("application/json"), sent));
            assert_eq!(
                reading.reply,
                Reply { status: 200, content_type, body },
                "{} {sent}",
                protocol.name()
            );
        }
    }
}

#[test]
fn a_body_of_another_protocol_is_counted() {
    let osmand = r#"{"location":{"coords":{"latitude":5,"longitude":6}}}"#;
    let owntracks = r#"{"_type":"location","lat":5,"lon":6,"tst":1}"#;
    let overland = r#"{"locations":[{"geometry":{"type":"Point","coordinates":[6,5]}}]}"#;
    let cases = [
        (Protocol::Traccar, owntracks),
        (Protocol::Traccar, overland),
        (Protocol::Owntracks, osmand),
        (Protocol::Owntracks, overland),
        (Protocol::Overland, osmand),
        (Protocol::Overland, owntracks),
        (Protocol::Overland, "lat=5&lon=6"),
        (Protocol::Owntracks, "lat=5&lon=6"),
        (Protocol::Gpslogger, osmand),
        (Protocol::Gpslogger, overland),
        (Protocol::Osmand, ""),
        (Protocol::Osmand, "x=y"),
    ];
    for (protocol, body) in cases {
        let reading = read(protocol, &request(None, None, body));
        assert_eq!(counts(&reading), (0, 1, 0, false), "{} {body}", protocol.name());
    }
}

#[test]
fn a_refusal_says_why_in_its_status() {
    for protocol in Protocol::ALL {
        for (why, status) in [
            (Refusal::UnknownKey, 401),
            (Refusal::TooLarge, 413),
            (Refusal::TooMany, 429),
            (Refusal::Unavailable, 503),
        ] {
            let reply = refusal(protocol, why);
            let kept = protocol == Protocol::Owntracks && why == Refusal::TooMany;
            assert_eq!(reply.status, if kept { 503 } else { status });
            let is_json = serde_json::from_str::<serde_json::Value>(reply.body).is_ok();
            assert_eq!(reply.content_type == Some("application/json"), is_json, "{}", reply.body);
        }
    }
    let overland = refusal(Protocol::Overland, Refusal::UnknownKey);
    assert_eq!(overland.body, r#"{"error":"this device key is not valid: set the app up again"}"#);
}

#[test]
fn a_ping_counts_where_the_phone_has_moved() {
    let ping = |accuracy| {
        let mut reading = Reading::answered(understood(Protocol::Owntracks));
        reading.ping = Some(fix(NOW, (accuracy, None, None, None, None)));
        reading
    };
    let at = |lat| Position::from_degrees(lat, -0.1875);
    let cases = [
        ("nothing to compare", None, None, false),
        ("the same", None, at(5.6045), false),
        ("90 m", None, at(5.605_31), false),
        ("110 m", None, at(5.605_49), true),
        ("90 m, within 50 m", Some(50.0), at(5.605_31), true),
        ("110 m, within 500 m", Some(500.0), at(5.605_49), false),
    ];
    for (what, accuracy, last, moved) in cases {
        assert_eq!(ping(accuracy).ping_moved(last).is_some(), moved, "{what}");
    }
}

#[test]
fn of_several_alarms_the_call_for_help_counts() {
    let mut reading = Reading::answered(understood(Protocol::Traccar));
    assert!(!reading.is_sos());
    reading.raise("  ");
    assert_eq!(reading.alarm, None);
    for (alarm, kept, sos) in [
        ("low\nBattery", "lowBattery", false),
        ("powerOff", "lowBattery", false),
        (" SOS ", "SOS", true),
        ("lowBattery", "SOS", true),
    ] {
        reading.raise(alarm);
        assert_eq!((reading.alarm.as_deref(), reading.is_sos()), (Some(kept), sos), "{alarm}");
    }
    reading.alarm = None;
    reading.raise(&"ä".repeat(1_000));
    assert_eq!(reading.alarm.unwrap().chars().count(), ALARM_MAX);
}

/// A value of one parameter or member, or what a client may put there instead.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "null",
            "0.0",
            "-1",
            "1e999",
            "NaN",
            "5,6",
            "true",
            "%LAT",
            "1704067790"
        ])
        .prop_map(str::to_owned),
        any::<f64>().prop_map(|number| number.to_string()),
        ".{0,12}",
    ]
}

proptest! {
    /// As many as were sent, each counted once.
    #[test]
    fn each_message_is_counted_once(values in prop::collection::vec(value(), 8), batch in 0..4_usize) {
        let [lat, lon, time, speed, kind, t, alarm, extra] = &values[..] else { unreachable!() };
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("lat", lat), ("lon", lon), ("timestamp", time), ("speed", speed), ("alarm", alarm), ("valid", extra)])
            .finish();
        let location = serde_json::json!({"coords": {"latitude": lat, "longitude": lon}, "timestamp": time, "alarm": alarm});
        let feature = serde_json::json!({
            "geometry": {"type": "Point", "coordinates": [lat.parse::<f64>().ok(), lon.parse::<f64>().ok()]},
            "properties": {"timestamp": time, "speed": speed, "action": (extra.len() > 5).then_some(extra)},
        });
        let owntracks = serde_json::json!({"_type": kind, "t": t, "lat": lat, "lon": lon, "tst": time});
        let cases = [
            (Protocol::Osmand, form.clone(), 1),
            (Protocol::Gpslogger, form, 1),
            (Protocol::Traccar, serde_json::json!({"location": vec![location; batch]}).to_string(), batch),
            (Protocol::Overland, serde_json::json!({"locations": vec![feature; batch]}).to_string(), batch),
            (Protocol::Owntracks, owntracks.to_string(), 1),
        ];
        for (protocol, body, sent) in cases {
            let reading = read(protocol, &request(None, None, &body));
            let counted = reading.fixes.len() + (reading.rejected + reading.ignored) as usize;
            prop_assert_eq!(counted, sent, "{} {}", protocol.name(), body);
            for fix in reading.fixes.iter().chain(&reading.live).chain(&reading.ping) {
                prop_assert!((0..=crate::clock::LATEST).contains(&fix.time.0));
                prop_assert!(fix.heading.is_none_or(|heading| (0.0..360.0).contains(&heading)));
            }
        }
    }
}
