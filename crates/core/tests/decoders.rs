//! Each decoder against any bytes, any JSON, and JSON that looks like what it reads.

#[path = "decoders/bodies.rs"]
mod bodies;

use onway_core::wire::report::FixReport;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Names that some decoder knows.
const NAMES: [&str; 34] = [
    "type",
    "id",
    "sent_at",
    "location",
    "locations",
    "lat",
    "latitude",
    "lng",
    "lon",
    "longitude",
    "timestamp",
    "accuracy",
    "speed",
    "heading",
    "altitude",
    "battery",
    "address",
    "status",
    "at",
    "note",
    "reason",
    "order_id",
    "dropoff",
    "dropoff_lat",
    "dropoff_lng",
    "pickup",
    "driver_id",
    "rider_id",
    "phone",
    "mode",
    "window",
    "from",
    "to",
    "metadata",
];

/// Values that mean something to some decoder, or nearly.
fn telling() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            Value::Null,
            json!(0),
            json!(-1),
            json!(90),
            json!(-180),
            json!(180.000_000_1),
            json!(1e11),
            json!(1e308),
            json!(253_402_300_799_999_i64),
            json!(i64::MIN),
            json!(u64::MAX),
            json!("2024-01-01T00:00:00Z"),
            json!("9999-12-31T23:59:59.999-23:59"),
            json!("location_update"),
            json!("status_update"),
            json!("FAILED"),
            json!("delivered"),
            json!("????"),
            json!("+1234567"),
            json!(""),
            json!([]),
            json!({}),
        ]),
        (-90.0..90.0).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ]
}

/// JSON whose objects have such names and values.
fn alike() -> impl Strategy<Value = Value> {
    telling().prop_recursive(4, 60, 8, |inner| {
        let member = (prop::sample::select(NAMES.to_vec()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Value::from),
            prop::collection::vec(member, 0..8).prop_map(|members| Value::from(
                members.into_iter().map(|(n, v)| (n.to_owned(), v)).collect::<Map<_, _>>()
            )),
        ]
    })
}

/// Messages that are nearly right: a right one with some members put over.
fn nearly_right() -> impl Strategy<Value = Value> {
    let right = prop::sample::select(vec![
        json!({"order_id": "O", "dropoff": {"lat": 1, "lng": 2}}),
        json!({"type": "location_update", "id": 1, "lat": 1, "lng": 2}),
        json!({"location": {"lat": 1, "lng": 2}, "status": "PICKED_UP"}),
        json!({"locations": [{"lat": 1, "lng": 2}, {"lat": 3, "lng": 4, "timestamp": 5}], "sent_at": 1_700_000_000}),
        json!({"type": "status_update", "status": "FAILED", "reason": "x"}),
        json!({"_type": "location", "lat": 1, "lon": 2, "tst": 1_704_067_790, "vel": 22, "t": "p"}),
        json!({"location": {"timestamp": "2024-01-01T00:09:50Z", "coords": {"latitude": 1, "longitude": 2}}}),
        json!({"locations": [{"geometry": {"type": "Point", "coordinates": [2, 1]}, "properties": {"speed": 3}}]}),
    ]);
    (right, prop::collection::vec((prop::sample::select(NAMES.to_vec()), alike()), 0..3)).prop_map(
        |(mut body, over)| {
            for (name, value) in over {
                body[name] = value;
            }
            body
        },
    )
}

fn fix() -> impl Strategy<Value = FixReport> {
    let some = |range: std::ops::RangeInclusive<f64>| prop::option::of(range);
    let optional = (
        some(0.0..=100_000.0),
        some(0.0..=1_000.0),
        some(0.0..=360.0),
        some(-12_000.0..=50_000.0),
        some(0.0..=100.0),
    );
    (-90.0..=90.0, -180.0..=180.0, optional).prop_map(
        |(lat, lng, (accuracy, speed, heading, altitude, battery))| FixReport {
            lat,
            lng,
            accuracy,
            speed,
            heading,
            altitude,
            battery,
            ..FixReport::default()
        },
    )
}

fn hold(bytes: &[u8]) {
    for (_, body) in bodies::ALL {
        body(bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        hold(&bytes);
    }

    #[test]
    fn any_text(text in any::<String>()) {
        hold(text.as_bytes());
    }

    #[test]
    fn bytes_that_begin_like_a_chunk(bytes in prop::collection::vec(0..8_u8, 0..60)) {
        bodies::track(&[&[1], &*bytes].concat());
    }

    #[test]
    fn letters_of_a_polyline(text in "[?-~]{0,40}") {
        bodies::polyline(text.as_bytes());
    }

    #[test]
    fn parameters_of_a_tracker(pairs in prop::collection::vec(("(lat|lon|location|timestamp|speed|acc|batt|alarm|id)", "[-+%0-9.,TZ:]{0,20}"), 0..8)) {
        let query: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        bodies::ingest(query.join("&").as_bytes());
    }

    #[test]
    fn json_that_looks_like_it(value in alike()) {
        hold(value.to_string().as_bytes());
    }

    #[test]
    fn json_that_is_nearly_right(value in nearly_right()) {
        hold(value.to_string().as_bytes());
    }

    #[test]
    fn a_fix_within_its_bounds(fix in fix()) {
        bodies::written(&fix);
    }
}
