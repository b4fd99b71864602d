//! Batches of Overland.

use serde_json::{Value, json};

use super::*;

/// A feature with every property of a position.
fn feature() -> Value {
    json!({"type": "Feature", "geometry": {"type": "Point", "coordinates": [-0.1875, 5.6045]}, "properties": {
        "timestamp": "2024-01-01T00:09:50Z", "altitude": 20.04, "speed": 6, "course": 90.04,
        "horizontal_accuracy": 8.5, "vertical_accuracy": 3, "speed_accuracy": 0.5, "course_accuracy": 4,
        "motion": ["driving"], "battery_state": "unplugged", "battery_level": 0.714, "wifi": "x",
        "device_id": "phone", "unique_id": "u", "trip_id": "t", "locations_in_payload": 1, "pauses": false,
        "desired_accuracy": -2, "deferred": 100, "significant_change": "disabled"}})
}

/// A feature with these properties put over.
fn with(over: Value) -> Value {
    let mut feature = feature();
    feature["properties"].as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    feature
}

fn read(body: &Value) -> Reading {
    read_json(Protocol::Overland, body)
}

fn read_one(feature: &Value) -> Reading {
    read(&json!({ "locations": [feature] }))
}

#[test]
fn every_property_has_its_unit() {
    let then = Millis::from_secs(THEN);
    let all = (Some(8.5), Some(6.0), Some(90.0), Some(20.0), Some(71));
    let cases = [
        (json!({}), then, all),
        (json!({"timestamp": "2024-01-01T00:09:50+0000"}), then, all),
        (json!({"timestamp": "2023-12-31T17:09:50-0700"}), then, all),
        (json!({"timestamp": "2023-12-31T17:09:50-07:00"}), then, all),
        (json!({"timestamp": null}), NOW, all),
        (json!({"speed": -1, "course": -1}), then, (Some(8.5), None, None, Some(20.0), Some(71))),
        (
            json!({"horizontal_accuracy": -1, "vertical_accuracy": -1}),
            then,
            (None, Some(6.0), Some(90.0), Some(20.0), Some(71)),
        ),
        (
            json!({"battery_level": -1, "battery_state": "unknown"}),
            then,
            (Some(8.5), Some(6.0), Some(90.0), Some(20.0), None),
        ),
        (json!({"battery_level": 1}), then, (Some(8.5), Some(6.0), Some(90.0), Some(20.0), Some(100))),
        (json!({"speed": 0, "course": 0}), then, (Some(8.5), Some(0.0), Some(0.0), Some(20.0), Some(71))),
        (json!({"action": null}), then, all),
    ];
    for (over, time, expected) in cases {
        assert_eq!(only_fix(read_one(&with(over.clone()))), fix(time, expected), "{over}");
    }
    let least = json!({"geometry": {"type": "Point", "coordinates": [-0.1875, 5.6045, 20]}});
    assert_eq!(only_fix(read_one(&least)), fix(NOW, NOTHING));
}

#[test]
fn actions_and_trips_are_no_positions_and_spoil_none() {
    let locations = json!([
        with(json!({"action": "visit", "arrival_date": "2024-01-01T00:00:00Z"})),
        {"type": "Feature", "properties": {"action": "paused_location_updates", "timestamp": "2024-01-01T00:09:50Z"}},
        {"type": "Feature", "properties": {"action": "resumed_location_updates"}, "geometry": null},
        with(json!({"action": "exited_pause_region"})),
        {"properties": {"action": "will_terminate"}},
        with(json!({"type": "trip", "start": "x", "end": "y", "duration": 60, "distance": 900, "steps": 0})),
        feature(),
    ]);
    let body = json!({"locations": locations, "trip": {"mode": "car", "current_location": feature()}});
    assert_eq!(counts(&read(&body)), (1, 0, 6, true));
}

#[test]
fn a_bad_feature_is_rejected_alone() {
    let geometry = |geometry: Value| json!({"geometry": geometry, "properties": {}});
    let bad = [
        json!({}),
        json!(7),
        json!(null),
        geometry(json!(null)),
        geometry(json!({"type": "Point"})),
        geometry(json!({"type": "Point", "coordinates": []})),
        geometry(json!({"type": "Point", "coordinates": [1]})),
        geometry(json!({"type": "Point", "coordinates": ["a", "b"]})),
        geometry(json!({"type": "Point", "coordinates": [1, 91]})),
        geometry(json!({"type": "Point", "coordinates": [181, 1]})),
        geometry(json!({"type": "LineString", "coordinates": [1, 2]})),
        with(json!({"timestamp": "soon"})),
    ];
    for one in &bad {
        let reading = read(&json!({"locations": [feature(), one, feature()]}));
        assert_eq!(counts(&reading), (2, 1, 0, true), "{one}");
    }
}

#[test]
fn current_is_where_the_phone_is() {
    let now = with(json!({"timestamp": "2024-01-01T00:10:50Z"}));
    let reading = read(&json!({"locations": [feature()], "current": now}));
    assert_eq!(reading.live.as_ref().map(|fix| fix.time), Some(NOW));
    assert_eq!(counts(&reading), (1, 0, 0, true));
    for current in [json!(null), json!({}), json!({"properties": {"action": "visit"}})] {
        let reading = read(&json!({"locations": [feature()], "current": current}));
        assert_eq!((counts(&reading), reading.live), ((1, 0, 0, true), None), "{current}");
    }
    assert!(read(&json!({"current": feature()})).live.is_some());
}

#[test]
fn a_batch_is_taken_up_to_its_bound() {
    assert_eq!(counts(&read(&json!({"locations": []}))), (0, 0, 0, true));
    assert_eq!(counts(&read(&json!({"locations": vec![feature(); 1_000]}))), (1_000, 0, 0, true));
    let refused = read(&json!({"locations": vec![feature(); 1_001]}));
    assert_eq!(
        (refused.reply, counts(&refused)),
        (refusal(Protocol::Overland, Refusal::TooLarge), (0, 0, 0, false))
    );
}

#[test]
fn what_is_no_batch_is_rejected() {
    for body in
        [json!({}), json!([feature()]), json!({"locations": {}}), json!({"locations": null}), feature()]
    {
        assert_eq!(counts(&read(&body)), (0, 1, 0, false), "{body}");
    }
}
