//! Messages of OwnTracks.

use serde_json::{Value, json};

use super::*;

/// Every member that a location may have.
fn full() -> Value {
    json!({"_type": "location", "_id": "3f2a", "lat": 5.6045, "lon": -0.1875, "tst": THEN, "created_at": THEN + 5,
        "acc": 9, "alt": 20, "vac": 3, "vel": 22, "cog": 90, "batt": 71, "bs": 1, "conn": "m", "t": "t", "tid": "89",
        "topic": "owntracks/driver/phone", "m": 2, "inregions": ["depot"], "inrids": ["a1"], "SSID": "x",
        "BSSID": "aa:bb", "p": 101.3, "poi": "here", "image": "…", "tag": "y", "rad": 50,
        "motionactivities": ["automotive"], "source": "gps"})
}

/// The full message with these members put over.
fn with(over: Value) -> Value {
    let mut message = full();
    message.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    message
}

fn read(message: &Value) -> Reading {
    read_json(Protocol::Owntracks, message)
}

#[test]
fn every_member_has_its_unit() {
    let then = Millis::from_secs(THEN);
    let all = (Some(9.0), Some(6.11), Some(90.0), Some(20.0), Some(71));
    let cases = [
        (json!({}), then, all),
        // Whole numbers may come as others.
        (json!({"acc": 9.0, "vel": 22.0, "batt": 71.0, "tst": THEN as f64}), then, all),
        (json!({"vel": 36}), then, (Some(9.0), Some(10.0), Some(90.0), Some(20.0), Some(71))),
        // Unknown is 0, or left out.
        (json!({"acc": 0, "vel": 0, "cog": 0, "alt": 0}), then, (None, None, None, None, Some(71))),
        (json!({"acc": null, "vel": null, "cog": null, "alt": null, "batt": null}), then, NOTHING),
        (json!({"acc": -1, "vel": -1, "cog": -1, "alt": 60_000, "batt": -1}), then, NOTHING),
        (json!({"batt": 0}), then, (Some(9.0), Some(6.11), Some(90.0), Some(20.0), Some(0))),
        (json!({"cog": 360}), then, (Some(9.0), Some(6.11), Some(0.0), Some(20.0), Some(71))),
        (json!({"tst": null}), NOW, all),
        (json!({"tst": "2024-01-01T00:09:50Z"}), then, all),
    ];
    for (over, time, expected) in cases {
        assert_eq!(only_fix(read(&with(over.clone()))), fix(time, expected), "{over}");
    }
    let least = json!({"_type": "location", "lat": 5.6045, "lon": -0.1875});
    assert_eq!(only_fix(read(&least)), fix(NOW, NOTHING));
}

/// Overland in its OwnTracks mode.
#[test]
fn seconds_since_2001_are_understood() {
    let cases = [
        ("Overland", THEN - 978_307_200, THEN),
        ("Overland, a week ago", THEN - 978_307_200 - 604_800, THEN - 604_800),
        ("a phone that was off for a year", THEN - 31_536_000, THEN - 31_536_000),
        ("a phone whose clock is ahead", THEN + 31_536_000, THEN + 31_536_000),
    ];
    for (what, tst, expected) in cases {
        let message = json!({"_type": "location", "topic": "owntracks/phone", "lat": 5.6045, "lon": -0.1875, "tst": tst});
        assert_eq!(only_fix(read(&message)).time, Millis::from_secs(expected), "{what}");
    }
}

#[test]
fn a_ping_is_a_heartbeat_with_a_position_that_may_be_old() {
    let reading = read(&with(json!({"t": "p"})));
    assert_eq!(counts(&reading), (0, 0, 1, true));
    assert_eq!(reading.ping.as_ref().map(|ping| ping.position.lat()), Some(5.6045));
    for t in ["c", "C", "b", "r", "u", "t", "v", "m", "e", "P"] {
        assert_eq!(counts(&read(&with(json!({"t": t})))), (1, 0, 0, true), "{t}");
    }
    let unreadable = read(&with(json!({"t": "p", "lat": 91})));
    assert_eq!((counts(&unreadable), unreadable.ping), ((0, 1, 0, true), None));
}

#[test]
fn each_other_message_is_understood() {
    let ignored = (0, 0, 1, true);
    let kinds = [
        "waypoint",
        "waypoints",
        "status",
        "card",
        "cmd",
        "dump",
        "configuration",
        "beacon",
        "steps",
        "request",
        "transition",
        "something new",
    ];
    for kind in kinds {
        assert_eq!(counts(&read(&with(json!({"_type": kind, "event": "enter"})))), ignored, "{kind}");
    }
    let cases = [
        ("the last will says that the app is gone", json!({"_type": "lwt", "tst": THEN}), (0, 0, 1, false)),
        ("no key is known", json!({"_type": "encrypted", "data": "AAAA"}), (0, 1, 0, true)),
        ("no type", json!({"lat": 5, "lon": 6, "tst": THEN}), (0, 1, 0, false)),
        ("a type that is no text", json!({"_type": 7}), (0, 1, 0, false)),
        ("a list", json!([full()]), (0, 1, 0, false)),
    ];
    for (what, message, expected) in cases {
        assert_eq!(counts(&read(&message)), expected, "{what}");
    }
    for body in ["", " \r\n"] {
        let empty = super::read(Protocol::Owntracks, &request(Some("u=driver&d=phone"), None, body));
        assert_eq!(counts(&empty), ignored);
    }
}

#[test]
fn a_location_without_a_valid_position_or_time_is_rejected() {
    for over in [
        json!({"lat": null}),
        json!({"lon": "east"}),
        json!({"lat": 90.5}),
        json!({"lon": 180.5}),
        json!({"tst": "soon"}),
        json!({"tst": -5}),
        json!({"tst": [THEN]}),
    ] {
        assert_eq!(counts(&read(&with(over.clone()))), (0, 1, 0, true), "{over}");
    }
}
