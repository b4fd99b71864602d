//! One position report of a phone: units, bounds and identity.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;
use crate::rejection::Rejection;
use crate::wire::input::Fields;

/// A point on WGS84, in units of 1e-7 degrees (about a centimetre): exact to compare and to store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub lat_e7: i32,
    pub lng_e7: i32,
}

impl Position {
    /// From degrees; `None` outside ±90 and ±180 or for what is not a number.
    pub fn from_degrees(lat: f64, lng: f64) -> Option<Self> {
        let valid = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
        valid.then(|| Self { lat_e7: (lat * 1e7).round() as i32, lng_e7: (lng * 1e7).round() as i32 })
    }

    /// Latitude in degrees.
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    /// Longitude in degrees.
    pub fn lng(self) -> f64 {
        f64::from(self.lng_e7) / 1e7
    }

    /// The point as `geo` has it: x is the longitude.
    pub fn point(self) -> geo::Point {
        geo::Point::new(self.lng(), self.lat())
    }

    /// Great-circle distance in metres (haversine on the mean radius; 0.5 % off at most).
    pub fn metres_to(self, other: Self) -> f64 {
        use geo::{Distance, Haversine};
        Haversine.distance(self.point(), other.point())
    }
}

/// What makes two fixes the same: the device's own time, latitude and longitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixId {
    pub time: Millis,
    pub position: Position,
}

/// One position report. Optional values are rounded as history stores them, so that a fix is the same
/// before and after storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// When it was measured, in the delivery's time.
    pub time: Millis,
    pub position: Position,
    /// Radius in metres, to 0.1.
    pub accuracy: Option<f64>,
    /// Metres per second, to 0.01.
    pub speed: Option<f64>,
    /// Degrees clockwise from north, 0 to below 360, to 0.1.
    pub heading: Option<f64>,
    /// Metres above the ellipsoid, to 0.1.
    pub altitude: Option<f64>,
    /// Per cent of a full battery.
    pub battery: Option<u8>,
    pub address: Option<String>,
    /// What `sent_at` added to the device's time, in ms: the identity leaves it out, so that a message
    /// sent again, later, still holds the same fixes.
    pub skew: i64,
}

impl Fix {
    /// A fix that reports nothing but where and when.
    pub const fn new(time: Millis, position: Position) -> Self {
        Self {
            time,
            position,
            accuracy: None,
            speed: None,
            heading: None,
            altitude: None,
            battery: None,
            address: None,
            skew: 0,
        }
    }

    pub const fn id(&self) -> FixId {
        FixId { time: Millis(self.time.0.saturating_sub(self.skew)), position: self.position }
    }

    /// The place of a fix in a track: by time, and fixed among fixes of one instant.
    pub const fn key(&self) -> (Millis, Position, Millis) {
        (self.time, self.position, self.id().time)
    }
}

/// Longest address kept with a fix, in characters.
pub const ADDRESS_MAX: usize = 256;
/// Longest accuracy radius that is still a report and not an error, in metres.
pub const ACCURACY_MAX: f64 = 100_000.0;
/// Faster than any vehicle that delivers, in m/s.
pub const SPEED_MAX: f64 = 1_000.0;
/// From below the deepest mine to above any aircraft, in metres.
pub const ALTITUDE: std::ops::RangeInclusive<f64> = -12_000.0..=50_000.0;

/// Reads one fix of a message received at `received`; `skew` is what `sent_at` makes of device times.
pub fn parse(value: &Value, received: Millis, skew: i64) -> Result<Fix, Rejection> {
    let fields = Fields::of(value, "location")?;
    let position = position(&fields)?;
    let device_time = fields.time("timestamp")?;
    Ok(Fix {
        time: device_time.map_or(received, |time| time.plus(skew)),
        position,
        accuracy: rounded(fields.number_within("accuracy", 0.0..=ACCURACY_MAX)?, 10.0),
        speed: rounded(fields.number_within("speed", 0.0..=SPEED_MAX)?, 100.0),
        heading: rounded(fields.number_within("heading", 0.0..=360.0)?, 10.0).map(|heading| heading % 360.0),
        altitude: rounded(fields.number_within("altitude", ALTITUDE)?, 10.0),
        battery: fields.number_within("battery", 0.0..=100.0)?.map(|battery| battery.round() as u8),
        address: fields.text("address", ADDRESS_MAX)?,
        skew: if device_time.is_some() { skew } else { 0 },
    })
}

/// Reads `lat` and `lng`, by any of their names.
pub fn position(fields: &Fields<'_>) -> Result<Position, Rejection> {
    let lat = fields.number_within("lat", -90.0..=90.0)?.ok_or_else(|| fields.missing("lat"))?;
    let lng = fields.number_within("lng", -180.0..=180.0)?.ok_or_else(|| fields.missing("lng"))?;
    Position::from_degrees(lat, lng).ok_or_else(|| fields.missing("lat"))
}

pub(crate) fn rounded(value: Option<f64>, scale: f64) -> Option<f64> {
    value.map(|value| (value * scale).round() / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(value: Value) -> Result<Fix, Rejection> {
        parse(&value, Millis(1_000), 0)
    }

    #[test]
    fn a_fix_is_read_under_all_its_names() {
        for value in [
            json!({"lat": 5.6, "lng": -0.1}),
            json!({"latitude": 5.6, "longitude": -0.1}),
            json!({"lat": 5.6, "lon": -0.1}),
            json!({"lat": 5.6, "latitude": 5.6, "lon": -0.1, "lng": -0.1, "unknown": [1]}),
        ] {
            assert_eq!(parsed(value).unwrap().position, Position { lat_e7: 56_000_000, lng_e7: -1_000_000 });
        }
    }

    #[test]
    fn each_bad_fix_names_its_field() {
        let cases = [
            (json!({}), "lat"),
            (json!({"lat": 5}), "lng"),
            (json!({"lat": null, "lng": 1}), "lat"),
            (json!({"lat": "5.6", "lng": 1}), "lat"),
            (json!({"lat": 90.000_000_1, "lng": 1}), "lat"),
            (json!({"lat": 5, "lng": -180.000_1}), "lng"),
            (json!({"lat": 5, "latitude": 6, "lng": 1}), "lat"),
            (json!({"lat": 5, "lng": 1, "timestamp": "soon"}), "timestamp"),
            (json!({"lat": 5, "lng": 1, "timestamp": -5}), "timestamp"),
            (json!({"lat": 5, "lng": 1, "accuracy": -1}), "accuracy"),
            (json!({"lat": 5, "lng": 1, "speed": -0.1}), "speed"),
            (json!({"lat": 5, "lng": 1, "heading": 360.1}), "heading"),
            (json!({"lat": 5, "lng": 1, "altitude": 1e9}), "altitude"),
            (json!({"lat": 5, "lng": 1, "battery": 101}), "battery"),
            (json!({"lat": 5, "lng": 1, "battery": [50]}), "battery"),
            (json!({"lat": 5, "lng": 1, "address": 7}), "address"),
            (json!([5, 1]), "location"),
            (json!("here"), "location"),
        ];
        for (value, field) in cases {
            match parsed(value.clone()) {
                Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field, "{value}"),
                other => panic!("{value} gave {other:?}"),
            }
        }
    }

    #[test]
    fn the_limits_themselves_are_valid() {
        for (lat, lng) in [(90, 180), (-90, -180), (0, 0)] {
            assert!(parsed(json!({"lat": lat, "lng": lng})).is_ok());
        }
        assert_eq!(parsed(json!({"lat": 0, "lng": 0, "heading": 360})).unwrap().heading, Some(0.0));
    }

    #[test]
    fn the_skew_moves_the_time_and_not_the_identity() {
        let value = json!({"lat": 5, "lng": 1, "timestamp": 100});
        let (first, second) = (parse(&value, Millis(0), 40).unwrap(), parse(&value, Millis(0), 90).unwrap());
        assert_eq!(first.time, Millis(100_040));
        assert_eq!(first.id(), second.id());
    }

    #[test]
    fn without_a_time_it_is_the_time_received() {
        let fix = parse(&json!({"lat": 5, "lng": 1}), Millis(77), 40).unwrap();
        assert_eq!((fix.time, fix.skew), (Millis(77), 0));
    }
}
