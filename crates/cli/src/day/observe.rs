//! What a day leaves behind, as its dispatcher sees it: of each delivery what must not depend on the network.
//!
//! Left out is what counts or estimates on the way (the five counts, sequence numbers, ETAs), what names this
//! run (ids, the times of reading), and fixes from before a delivery's start: those it is shown while it is not
//! the next stop, one a minute by the wall clock.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Of a snapshot, beside `location_state`, which depends on the time of reading.
const COMPARED: [&str; 9] = [
    "status",
    "timeline",
    "current_location",
    "remaining_m",
    "progress",
    "off_route",
    "trail",
    "stops_before",
    "driver_online",
];
/// How old a position is that is stale, and one that is lost, in ms: the contract's.
const STALE_MS: i64 = 90_000;
const LOST_MS: i64 = 600_000;

/// When a delivery is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    Halfway,
    NearTheDoor,
    Delivered,
    /// When all stops are done.
    DayIsOver,
}

/// A delivery of a day.
#[derive(Debug, Default, PartialEq)]
pub struct Stop {
    /// What was seen when.
    pub seen: Vec<(Moment, Value)>,
    /// Each fix with its verdict, once the day is over.
    pub fixes: Vec<Value>,
}

/// A delivery and its driver, each as far as they are compared.
pub fn seen(snapshot: &Value, driver: &Value) -> Value {
    let mut seen: Map<String, Value> =
        COMPARED.iter().map(|name| ((*name).to_owned(), field(snapshot, name))).collect();
    seen.insert("location_state".into(), location_state(snapshot));
    seen.insert(
        "driver".into(),
        json!({
            "online": field(driver, "online"),
            "on_duty": field(driver, "on_duty"),
            "stops": stops(driver).collect::<Vec<_>>(),
        }),
    );
    Value::Object(seen)
}

/// The driver's stops in their order.
pub fn stops(driver: &Value) -> impl Iterator<Item = Value> {
    let deliveries = driver.get("deliveries").and_then(Value::as_array);
    deliveries.into_iter().flatten().map(|delivery| {
        let part = |name| field(delivery, name);
        json!({"order_id": part("order_id"), "status": part("status"), "stops_before": part("stops_before")})
    })
}

/// The fixes of the delivery's own leg.
pub fn own_fixes(history: Vec<Value>) -> Vec<Value> {
    history.into_iter().filter(|point| field(point, "reason") != "before_start").collect()
}

pub fn field(object: &Value, name: &str) -> Value {
    object.get(name).cloned().unwrap_or_default()
}

/// Two runs read at different ages of the position: what must agree is that the state is right for its age.
fn location_state(snapshot: &Value) -> Value {
    let state = field(snapshot, "location_state");
    let measured = snapshot["current_location"]["timestamp"].as_i64();
    let age = measured.zip(snapshot["server_time"].as_i64()).map(|(at, now)| now - at * 1_000);
    let expected = match age {
        None => "none",
        Some(age) if age > LOST_MS => "lost",
        Some(age) if age > STALE_MS => "stale",
        Some(_) => "live",
    };
    if state == expected { "right for its age".into() } else { json!({"is": state, "age_ms": age}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_judged_by_the_age_of_the_position() {
        let at = |state: &str, age_ms: i64| {
            let snapshot = json!({
                "location_state": state, "current_location": {"timestamp": 1_000}, "server_time": 1_000_000 + age_ms,
            });
            seen(&snapshot, &Value::Null)["location_state"].clone()
        };
        for (state, age_ms) in [("live", 0), ("live", 90_000), ("stale", 90_001), ("lost", 600_001)] {
            assert_eq!(at(state, age_ms), "right for its age", "{state} {age_ms}");
        }
        assert_eq!(at("live", 90_001), json!({"is": "live", "age_ms": 90_001}));
        let nowhere = json!({"location_state": "none", "current_location": null, "server_time": 5});
        assert_eq!(seen(&nowhere, &Value::Null)["location_state"], "right for its age");
    }

    #[test]
    fn positions_of_other_legs_are_left_out() {
        let point = |reason: Value| json!({"lat": 1, "verdict": "filtered", "reason": reason});
        let history =
            vec![point("before_start".into()), point("jump".into()), json!({"verdict": "accepted"})];
        assert_eq!(own_fixes(history).len(), 2);
    }
}
