//! Parameters and JSON of the OsmAnd protocol.

use serde_json::{Value, json};

use super::*;

/// A position without anything else.
const AT: &str = "lat=5.6045&lon=-0.1875";

fn query(text: &str) -> Reading {
    read(Protocol::Osmand, &request(Some(text), None, ""))
}

fn json(body: &Value) -> Reading {
    read_json(Protocol::Traccar, body)
}

#[test]
fn every_parameter_has_its_unit() {
    let cases = [
        (AT, NOTHING),
        ("location=5.6045,-0.1875", NOTHING),
        // What Traccar Client 10 sends.
        (
            "id=RIDER-789&lat=5.6045&lon=-0.1875&accuracy=8.5&altitude=20.04&speed=11.86&bearing=90.04&batt=71.4&charge=true",
            (Some(8.5), Some(6.1), Some(90.0), Some(20.0), Some(71)),
        ),
        ("lat=5.6045&lon=-0.1875&speed=10", (None, Some(5.14), None, None, None)),
        ("lat=5.6045&lon=-0.1875&spd_ms=10", (None, Some(10.0), None, None, None)),
        ("lat=5.6045&lon=-0.1875&spd_ms=10&speed=1", (None, Some(0.51), None, None, None)),
        ("lat=5.6045&lon=-0.1875&speed=0&batt=0", (None, Some(0.0), None, None, Some(0))),
        ("lat=5.6045&lon=-0.1875&heading=360", (None, None, Some(0.0), None, None)),
        ("lat=5.6045&lon=-0.1875&bearing=1&heading=2", (None, None, Some(1.0), None, None)),
        ("lat=5.6045&lon=-0.1875&altitude=-3", (None, None, None, Some(-3.0), None)),
        // Unknown, in each way in which that is said.
        ("lat=5.6045&lon=-0.1875&accuracy=-1&speed=-1&bearing=-1&batt=-1&altitude=99999", NOTHING),
        ("lat=5.6045&lon=-0.1875&accuracy=0.0&speed=&bearing=null&batt=NaN&altitude=inf", NOTHING),
        ("lat=5.6045&lon=-0.1875&accuracy=good&speed=1e9&bearing=361&batt=101", NOTHING),
        // Attributes that say nothing about the position.
        (
            "lat=5.6045&lon=-0.1875&hdop=1.2&cell=620,1,2,3,-80&cell=620,1,2,4&wifi=aa-bb-cc-dd-ee-ff,-60\
             &driverUniqueId=7&notificationToken=x&valid=true&foo=bar",
            NOTHING,
        ),
        ("lat=5.6045&lon=-0.1875&valid=1", NOTHING),
        // Of a name given twice the last counts.
        ("lat=1&lon=2&lat=5.6045&lon=-0.1875&batt=10&batt=20", (None, None, None, None, Some(20))),
        ("lat=%35%2e6045&lon=%2D0.1875&x=%ff%&=&&batt=+50+", (None, None, None, None, Some(50))),
    ];
    for (text, expected) in cases {
        assert_eq!(only_fix(query(text)), fix(NOW, expected), "{text}");
        let form = request(None, Some("application/x-www-form-urlencoded"), text);
        assert_eq!(only_fix(read(Protocol::Traccar, &form)), fix(NOW, expected), "{text}");
    }
}

#[test]
fn a_time_is_seconds_milliseconds_or_text() {
    let then = Some(Millis::from_secs(THEN));
    let cases = [
        ("", Some(NOW)),
        ("&timestamp=", Some(NOW)),
        ("&timestamp=null", Some(NOW)),
        ("&timestamp=1704067790", then),
        ("&timestamp=1704067790.25", Some(Millis(1_704_067_790_250))),
        ("&timestamp=1704067790123", Some(Millis(1_704_067_790_123))),
        ("&timestamp=2147483646", Some(Millis(2_147_483_646_000))),
        // From 2^31 − 1 on they are milliseconds: a day in 1970.
        ("&timestamp=2147483647", Some(Millis(2_147_483_647))),
        ("&timestamp=2024-01-01T00:09:50Z", then),
        ("&timestamp=2024-01-01T00:09:50.123Z", Some(Millis(1_704_067_790_123))),
        ("&timestamp=2024-01-01T01:09:50%2B01:00", then),
        ("&timestamp=2024-01-01T01:09:50+01:00", then),
        ("&timestamp=2024-01-01T01:09:50%2B0100", then),
        ("&timestamp=2024-01-01T00:09:50", then),
        ("&timestamp=2024-01-01%2000:09:50", then),
        ("&timestamp=2024-01-01+00:09:50", then),
        ("&timestamp=-1", None),
        ("&timestamp=1e300", None),
        ("&timestamp=2024-01-01", None),
        ("&timestamp=yesterday", None),
    ];
    for (text, expected) in cases {
        let reading = query(&format!("{AT}{text}"));
        assert_eq!(reading.fixes.first().map(|fix| fix.time), expected, "{text}");
        assert_eq!(reading.rejected, u32::from(expected.is_none()), "{text}");
        assert!(reading.contact, "{text}");
    }
}

#[test]
fn what_is_no_position_is_a_heartbeat_or_rejected() {
    let heartbeat = (0, 0, 1, true);
    let rejected = (0, 1, 0, true);
    let cases = [
        ("id=7&timestamp=1704067790&batt=71&charge=false", heartbeat),
        ("id=7&lat=&lon=", heartbeat),
        ("id=7&lat=null&lon=null", heartbeat),
        ("deviceid=7", heartbeat),
        ("id=7&alarm=sos", heartbeat),
        ("lat=5&lon=6&valid=false", heartbeat),
        ("lat=5&lon=6&valid=0", heartbeat),
        ("id=7&lat=5", rejected),
        ("id=7&lon=5", rejected),
        ("lat=five&lon=6", rejected),
        ("lat=NaN&lon=6", rejected),
        ("lat=90.1&lon=6", rejected),
        ("lat=5&lon=-180.1", rejected),
        ("location=5,6,7", rejected),
        ("speed=7", (0, 1, 0, false)),
    ];
    for (text, expected) in cases {
        assert_eq!(counts(&query(text)), expected, "{text}");
    }
}

#[test]
fn an_alarm_is_raised_with_and_without_a_position() {
    for text in ["id=7&alarm=sos", "lat=5&lon=6&alarm=SOS", "lat=95&lon=6&alarm=sos"] {
        assert!(query(text).is_sos(), "{text}");
    }
    let other = query("lat=5&lon=6&alarm=lowBattery");
    assert_eq!((other.alarm.as_deref(), other.is_sos()), (Some("lowBattery"), false));
    assert_eq!(query("lat=5&lon=6&alarm=").alarm, None);
}

/// A driver appended a parameter to the address of an app that posts forms.
#[test]
fn a_form_is_read_beside_a_query() {
    let both = request(Some("token=x&lat=1"), None, AT);
    assert_eq!(only_fix(read(Protocol::Traccar, &both)), fix(NOW, NOTHING));
}

#[test]
fn parameters_are_bounded() {
    let endless = format!("{}{AT}", "x=1&".repeat(100_000));
    assert_eq!(counts(&query(&endless)), (0, 1, 0, false));
}

/// As the library of Traccar Client 9 writes it.
fn full() -> Value {
    json!({"device_id": "RIDER-789", "location": {
        "timestamp": "2024-01-01T00:09:50.000Z",
        "coords": {"latitude": 5.6045, "longitude": -0.1875, "accuracy": 8.5, "speed": 6.104,
            "speed_accuracy": 0.5, "heading": 90.04, "heading_accuracy": 5, "altitude": 20.04},
        "is_moving": true, "odometer": 1234, "event": "motionchange", "mock": false, "uuid": "x", "age": 40,
        "battery": {"level": 0.714, "is_charging": true},
        "activity": {"type": "in_vehicle", "confidence": 100},
        "extras": {"n": 1, "s": "t", "b": true}
    }})
}

#[test]
fn json_has_metres_per_second_and_shares_of_one() {
    let then = Millis::from_secs(THEN);
    let all = (Some(8.5), Some(6.1), Some(90.0), Some(20.0), Some(71));
    assert_eq!(only_fix(json(&full())), fix(then, all));
    let cases: [(&str, Value, _); 8] = [
        ("/location/coords/speed", json!(-1), (Some(8.5), None, Some(90.0), Some(20.0), Some(71))),
        ("/location/coords/heading", json!(-1), (Some(8.5), Some(6.1), None, Some(20.0), Some(71))),
        ("/location/coords/accuracy", json!(-1), (None, Some(6.1), Some(90.0), Some(20.0), Some(71))),
        // Traccar keeps what is better than 10 m as 0; here it stays what it is.
        ("/location/coords/accuracy", json!(3), (Some(3.0), Some(6.1), Some(90.0), Some(20.0), Some(71))),
        ("/location/coords/altitude", json!(null), (Some(8.5), Some(6.1), Some(90.0), None, Some(71))),
        ("/location/battery/level", json!(-1), (Some(8.5), Some(6.1), Some(90.0), Some(20.0), None)),
        ("/location/battery/level", json!(1), (Some(8.5), Some(6.1), Some(90.0), Some(20.0), Some(100))),
        ("/location/coords/latitude", json!("5.6045"), all),
    ];
    for (path, value, expected) in cases {
        let mut body = full();
        *body.pointer_mut(path).unwrap() = value.clone();
        assert_eq!(only_fix(json(&body)), fix(then, expected), "{path} {value}");
    }
}

#[test]
fn json_may_lack_what_is_not_needed() {
    let coords = json!({"latitude": 5.6045, "longitude": -0.1875});
    let cases = [
        ("no time", json!({"location": {"coords": coords}}), NOTHING),
        ("null", json!({"location": {"coords": coords, "timestamp": null, "battery": null}}), NOTHING),
        (
            "the battery beside it",
            json!({"location": {"coords": coords}, "battery": {"level": 0.5}, "activity": {"type": "still"}}),
            (None, None, None, None, Some(50)),
        ),
    ];
    for (what, body, expected) in cases {
        assert_eq!(only_fix(json(&body)), fix(NOW, expected), "{what}");
    }
    // Some senders declare nothing, some more than the type.
    let body = json!({"location": {"coords": coords}}).to_string();
    for kind in [None, Some("text/plain"), Some("APPLICATION/JSON; charset=utf-8")] {
        assert_eq!(only_fix(read(Protocol::Osmand, &request(Some("a=b"), kind, &body))), fix(NOW, NOTHING));
    }
}

#[test]
fn json_without_a_position_is_a_heartbeat_or_rejected() {
    let cases = [
        (json!({"device_id": "7"}), (0, 0, 1, true)),
        (json!({"device_id": "7", "location": {"event": "heartbeat"}}), (0, 0, 1, true)),
        (json!({"location": {"coords": null}}), (0, 0, 1, true)),
        (json!({"location": {"coords": {}}}), (0, 1, 0, true)),
        (json!({"location": {"coords": 7}}), (0, 1, 0, true)),
        (json!({"location": {"coords": {"latitude": 91, "longitude": 0}}}), (0, 1, 0, true)),
        (
            json!({"location": {"coords": {"latitude": 1, "longitude": 0}, "timestamp": "soon"}}),
            (0, 1, 0, true),
        ),
        (json!({"location": null}), (0, 1, 0, false)),
        (json!({"location": []}), (0, 0, 0, false)),
        (json!({}), (0, 1, 0, false)),
        (json!("x"), (0, 1, 0, false)),
    ];
    for (body, expected) in cases {
        assert_eq!(counts(&json(&body)), expected, "{body}");
    }
}

#[test]
fn an_alarm_in_extras_counts_where_there_is_no_other() {
    let with = |alarm: Value, extra: Value| {
        json(&json!({"location": {"alarm": alarm, "extras": {"alarm": extra}}})).alarm
    };
    assert_eq!(with(json!("sos"), json!("lowBattery")).as_deref(), Some("sos"));
    assert_eq!(with(json!("lowBattery"), json!("sos")).as_deref(), Some("lowBattery"));
    assert_eq!(with(json!(null), json!("sos")).as_deref(), Some("sos"));
    assert_eq!(with(json!(true), json!({})), None);
}

#[test]
fn a_list_of_locations_is_taken_up_to_its_bound() {
    let list = |count| json!({"location": vec![full()["location"].clone(); count]});
    assert_eq!(counts(&json(&list(1_000))), (1_000, 0, 0, true));
    let refused = json(&list(1_001));
    assert_eq!(
        (refused.reply, counts(&refused)),
        (refusal(Protocol::Traccar, Refusal::TooLarge), (0, 0, 0, false))
    );
}
