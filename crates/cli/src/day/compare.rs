//! Where two days differ.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::day::observe::{Moment, Stop, field};

/// One value that differs. `null` is what one of the days does not have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// From 1 on.
    pub stop: usize,
    pub at: Moment,
    /// `current_location.lat`, or `fix 1704067850 5.6045,-0.1875: verdict`.
    pub what: String,
    pub clean: Value,
    pub disturbed: Value,
}

/// All differences, stop by stop and in the order of time.
pub fn differences(clean: &[Stop], disturbed: &[Stop]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (n, (one, other)) in clean.iter().zip(disturbed).enumerate() {
        for ((at, seen), (_, seen_too)) in one.seen.iter().zip(&other.seen) {
            let note = |what: &str, clean: &Value, disturbed: &Value| {
                found.push(difference(n, *at, what.to_owned(), clean, disturbed));
            };
            walk("", seen, seen_too, note);
        }
        found.extend(fixes(n, &one.fixes, &other.fixes));
    }
    found
}

fn difference(n: usize, at: Moment, what: String, clean: &Value, disturbed: &Value) -> Difference {
    Difference { stop: n + 1, at, what, clean: clean.clone(), disturbed: disturbed.clone() }
}

/// Names each leaf that differs by its path.
fn walk(path: &str, one: &Value, other: &Value, mut note: impl FnMut(&str, &Value, &Value)) {
    let mut open = vec![(path.to_owned(), one, other)];
    while let Some((path, one, other)) = open.pop() {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match (one, other) {
            _ if one == other => {}
            (Value::Object(ones), Value::Object(others)) => {
                let names: BTreeMap<_, ()> =
                    ones.keys().chain(others.keys()).map(|name| (name, ())).collect();
                let part = |object: &'_ serde_json::Map<String, Value>, name: &str| {
                    object.get(name).cloned().unwrap_or_default()
                };
                for name in names.keys() {
                    let (one, other) = (ones.get(*name), others.get(*name));
                    match (one, other) {
                        (Some(one), Some(other)) => open.push((below(name), one, other)),
                        _ => note(&below(name), &part(ones, name), &part(others, name)),
                    }
                }
            }
            (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
                for (n, (one, other)) in ones.iter().zip(others).enumerate() {
                    open.push((format!("{path}[{n}]"), one, other));
                }
            }
            _ => note(&path, one, other),
        }
    }
}

/// Fixes are the same where time and place are: these are missing, too many, or judged otherwise.
fn fixes(n: usize, clean: &[Value], disturbed: &[Value]) -> Vec<Difference> {
    let mut pairs: BTreeMap<String, [Vec<&Value>; 2]> = BTreeMap::new();
    for (side, points) in [clean, disturbed].into_iter().enumerate() {
        for point in points {
            let part = |name| field(point, name);
            let name = format!("fix {} {},{}", part("timestamp"), part("lat"), part("lng"));
            pairs.entry(name).or_default()[side].push(point);
        }
    }
    let mut found = Vec::new();
    for (name, [ones, others]) in pairs {
        for at in 0..ones.len().max(others.len()) {
            match (ones.get(at), others.get(at)) {
                (Some(one), Some(other)) => walk("", one, other, |what, clean, disturbed| {
                    let what = format!("{name}: {what}");
                    found.push(difference(n, Moment::DayIsOver, what, clean, disturbed));
                }),
                (one, other) => {
                    let verdict = |point: Option<&&Value>| point.map_or(Value::Null, |p| field(p, "verdict"));
                    let (clean, disturbed) = (verdict(one), verdict(other));
                    found.push(difference(n, Moment::DayIsOver, name.clone(), &clean, &disturbed));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn point(time: i64, verdict: &str) -> Value {
        json!({"timestamp": time, "lat": 5.5, "lng": -0.25, "verdict": verdict, "shown": [5.5, -0.25]})
    }

    fn day(seen: Value, fixes: Vec<Value>) -> Vec<Stop> {
        vec![Stop::default(), Stop { seen: vec![(Moment::NearTheDoor, seen)], fixes }]
    }

    #[test]
    fn the_same_day_has_no_differences() {
        let one = || day(json!({"a": [1, {"b": 2}]}), vec![point(1, "accepted"), point(2, "late")]);
        assert_eq!(differences(&one(), &one()), []);
    }

    #[test]
    fn each_difference_is_named_by_its_path_and_its_fix() {
        let clean = day(
            json!({"status": "DELIVERED", "current_location": {"lat": 1.0, "lng": 2}, "driver": {"stops": [1, 2]}}),
            vec![point(1, "accepted"), point(2, "accepted"), point(3, "accepted")],
        );
        let disturbed = day(
            json!({"status": "DELIVERED", "current_location": {"lat": 1.5, "speed": 4}, "driver": {"stops": [1]}}),
            vec![point(1, "accepted"), point(2, "late"), point(2, "late"), point(4, "accepted")],
        );
        let mut found: Vec<_> = differences(&clean, &disturbed)
            .into_iter()
            .map(|d| {
                assert_eq!(d.stop, 2);
                format!("{}: {} {}", d.what, d.clean, d.disturbed)
            })
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "current_location.lat: 1.0 1.5",
                "current_location.lng: 2 null",
                "current_location.speed: null 4",
                "driver.stops: [1,2] [1]",
                "fix 2 5.5,-0.25: null \"late\"",
                "fix 2 5.5,-0.25: verdict: \"accepted\" \"late\"",
                "fix 3 5.5,-0.25: \"accepted\" null",
                "fix 4 5.5,-0.25: null \"accepted\"",
            ]
        );
    }
}
