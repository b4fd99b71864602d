//! What a routing engine says of the way left: when to ask it, what it answered, and how this driver keeps
//! to its times. The engine speaks OSRM's HTTP API, version 1.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;
use crate::fix::Position;
use crate::route::{Along, Route};
use crate::wire::json;
use crate::wire::start::{Mode, ROUTE_MAX};

/// Most times that the engine is asked for one delivery.
pub const ASKED_MAX: u32 = 40;
/// The pause after many failures is at most so many times the usual one.
const PAUSES_MOST: i64 = 15;
/// Largest answer that is read, in bytes.
pub const BODY_MAX: usize = 1024 * 1024;
/// Nothing that delivers is faster, in m/s: an answer that says so is wrong.
const FASTEST: f64 = 70.0;
/// A route that ends further from where it should is another's, in metres.
const ASTRAY: f64 = 5_000.0;

/// Expected seconds by which the observed pace is shrunk to the engine's.
const PRIOR_SECS: f64 = 300.0;
/// Driven so long by the engine's clock, its times have proved themselves, in seconds.
const PROVEN_SECS: f64 = 480.0;
/// Deviation of the logarithm of the time left, before and after.
const DEVIATION: [f64; 2] = [0.30, 0.22];

/// A way as the engine sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Encoded polyline of precision 5.
    pub polyline: String,
    /// For the whole of it.
    pub seconds: f64,
}

/// What is remembered of asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    count: u32,
    /// In a row.
    failures: u32,
    last: Option<Millis>,
}

impl Asked {
    /// Whether the engine may be asked again: not within `pause` ms, and after each failure in a row the double.
    pub fn may_ask(&self, now: Millis, pause: i64) -> bool {
        let pause = pause * (1 << self.failures.min(8)).min(PAUSES_MOST);
        self.count < ASKED_MAX && self.last.is_none_or(|last| now.since(last) >= pause)
    }

    /// Notes that it is asked.
    pub fn note(&mut self, now: Millis) {
        (self.count, self.last) = (self.count + 1, Some(now));
    }

    /// Notes how that ended.
    pub fn ended(&mut self, well: bool) {
        self.failures = if well { 0 } else { self.failures.saturating_add(1) };
    }
}

/// Where to ask for the way between two places.
pub fn url(base: &str, mode: Mode, from: Position, to: Position) -> String {
    let profile = match mode {
        Mode::Foot => "walking",
        Mode::Bicycle => "cycling",
        Mode::Scooter | Mode::Car | Mode::Van | Mode::Truck => "driving",
    };
    format!(
        "{}/route/v1/{profile}/{:.5},{:.5};{:.5},{:.5}?overview=full&geometries=polyline&steps=false&alternatives=false",
        base.trim_end_matches('/'),
        from.lng(),
        from.lat(),
        to.lng(),
        to.lat()
    )
}

/// An answer that is of no use, in words for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Useless(String);

/// Reads the engine's answer to [`url`].
pub fn parse(body: &[u8], to: Position) -> Result<Plan, Useless> {
    let useless = |reason: &str| Useless(reason.to_owned());
    let answer = json::parse(body).map_err(|_| useless("the answer is not JSON"))?;
    match answer.get("code").and_then(Value::as_str) {
        Some("Ok") => {}
        // The engine's own word, which is short; its message may hold coordinates.
        Some(code) => return Err(Useless(format!("it answered {:.40}", code.escape_default()))),
        None => return Err(useless("the answer has no code")),
    }
    let route = answer.pointer("/routes/0").ok_or_else(|| useless("the answer has no route"))?;
    let seconds =
        route.get("duration").and_then(Value::as_f64).ok_or_else(|| useless("it has no duration"))?;
    let polyline =
        route.get("geometry").and_then(Value::as_str).ok_or_else(|| useless("it has no geometry"))?;
    if polyline.len() > ROUTE_MAX {
        return Err(useless("the geometry is too long"));
    }
    let line =
        Route::decode(polyline).ok_or_else(|| useless("the geometry is no polyline of precision 5"))?;
    if !seconds.is_finite() || seconds * FASTEST < line.length() {
        return Err(useless("nobody is as fast as that"));
    }
    if line.end().is_none_or(|end| end.metres_to(to) > ASTRAY) {
        return Err(useless("it ends elsewhere"));
    }
    Ok(Plan { polyline: polyline.to_owned(), seconds })
}

/// Where somebody began to follow a plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Began {
    pub at: Millis,
    /// How far along.
    pub metres: f64,
}

/// The time left by a plan, corrected by how its times were kept to so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Left {
    pub seconds: f64,
    /// Of its logarithm.
    pub deviation: f64,
    /// Whether enough has been driven to know.
    pub is_proven: bool,
}

impl Plan {
    pub fn left(&self, route: &Route, along: &Along, began: Began, now: Millis) -> Left {
        let pace = self.seconds / route.length();
        let expected = ((along.metres - began.metres) * pace).max(0.0);
        let taken = (now.since(began.at) as f64 / 1000.0).max(0.0);
        let factor = ((taken + PRIOR_SECS) / (expected + PRIOR_SECS)).clamp(0.5, 3.0);
        let is_proven = expected >= PROVEN_SECS;
        let [before, after] = DEVIATION;
        Left {
            seconds: route.left(along) * pace * factor,
            deviation: if is_proven { after } else { before },
            is_proven,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TO: Position = Position { lat_e7: -109_000_000, lng_e7: -370_500_000 };

    /// Two kilometres straight to the north, ending at `TO`.
    fn line() -> (String, Position) {
        let from = Position::from_degrees(TO.lat() - 2_000.0 / 111_195.0, TO.lng()).unwrap();
        (crate::track::polyline([from, TO]), from)
    }

    fn answer(route: Value) -> Vec<u8> {
        json!({"code": "Ok", "routes": [route], "waypoints": []}).to_string().into_bytes()
    }

    #[test]
    fn an_answer_is_read() {
        let (polyline, _) = line();
        let read = parse(&answer(json!({"geometry": polyline, "distance": 2000.1, "duration": 180.5})), TO);
        assert_eq!(read, Ok(Plan { polyline, seconds: 180.5 }));
    }

    #[test]
    fn an_answer_that_is_of_no_use_says_why() {
        let (polyline, from) = line();
        let cases: [(Vec<u8>, Position, &str); 11] = [
            (b"<html>".to_vec(), TO, "not JSON"),
            (b"[]".to_vec(), TO, "no code"),
            (br#"{"code":"NoRoute","message":"Impossible route between points"}"#.to_vec(), TO, "NoRoute"),
            (br#"{"code":"Ok"}"#.to_vec(), TO, "no route"),
            (br#"{"code":"Ok","routes":[]}"#.to_vec(), TO, "no route"),
            (answer(json!({"geometry": polyline})), TO, "no duration"),
            (answer(json!({"duration": 180})), TO, "no geometry"),
            (answer(json!({"geometry": {"type": "LineString"}, "duration": 180})), TO, "no geometry"),
            (answer(json!({"geometry": "nonsense\u{7f}", "duration": 180})), TO, "no polyline"),
            (answer(json!({"geometry": polyline, "duration": 1})), TO, "as fast"),
            (
                answer(json!({"geometry": polyline, "duration": 180})),
                Position { lat_e7: from.lat_e7 - 10_000_000, ..from },
                "elsewhere",
            ),
        ];
        for (body, to, expected) in cases {
            let error = parse(&body, to).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_engine_is_asked_with_longitude_first() {
        let (_, from) = line();
        assert_eq!(
            url("http://localhost:5000/", Mode::Bicycle, from, TO),
            "http://localhost:5000/route/v1/cycling/-37.05000,-10.91799;-37.05000,-10.90000\
             ?overview=full&geometries=polyline&steps=false&alternatives=false"
        );
    }

    #[test]
    fn a_failing_engine_is_asked_less_and_less() {
        let (mut asked, mut now, mut count) = (Asked::default(), Millis(0), 0);
        while now < Millis(3_600_000) {
            if asked.may_ask(now, 60_000) {
                asked.note(now);
                asked.ended(false);
                count += 1;
            }
            now = now.plus(1_000);
        }
        assert_eq!(count, 7, "at 0, 2, 6, 14, 29, 44 and 59 minutes");
        asked.ended(true);
        assert!(asked.may_ask(now.plus(60_000), 60_000));
    }

    #[test]
    fn a_driver_slower_than_the_engine_arrives_later() {
        let (polyline, from) = line();
        let plan = Plan { polyline: polyline.clone(), seconds: 200.0 };
        let route = Route::decode(&polyline).unwrap();
        let half = Position { lat_e7: (from.lat_e7 + TO.lat_e7) / 2, ..from };
        let along = route.advance(&Along::default(), half);
        let began = Began { at: Millis(0), metres: 0.0 };
        let secs = |taken: i64| plan.left(&route, &along, began, Millis(taken * 1000)).seconds.round();
        assert_eq!((secs(100), secs(300), secs(40)), (100.0, 150.0, 85.0));
    }
}
