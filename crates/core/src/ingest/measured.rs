//! What a phone measured, in our units, before it is known to be within bounds.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::clock::{LATEST, Millis};
use crate::fix::{ACCURACY_MAX, ALTITUDE, Fix, Position, SPEED_MAX, rounded};

/// Metres per second in a knot.
pub const KNOT: f64 = 1852.0 / 3600.0;
/// Metres per second in a kilometre per hour.
pub const KM_H: f64 = 1.0 / 3.6;

/// One position as read; `None` is what the phone left out or does not know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Degrees.
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    /// `None` where there is a time that cannot be read: a guess would put an old position into the present.
    pub time: Option<Millis>,
    /// Metres.
    pub accuracy: Option<f64>,
    /// Metres per second.
    pub speed: Option<f64>,
    /// Degrees.
    pub heading: Option<f64>,
    /// Metres.
    pub altitude: Option<f64>,
    /// Per cent.
    pub battery: Option<f64>,
}

impl Measured {
    /// The fix; `None` without a valid position and time. Any other value out of bounds is unknown: most
    /// clients write −1 for that. No receiver is exact to 0 m, so that is unknown, too.
    pub fn fix(self) -> Option<Fix> {
        let mut fix = Fix::new(self.time?, Position::from_degrees(self.lat?, self.lng?)?);
        fix.accuracy = within(self.accuracy, 0.0..=ACCURACY_MAX, 10.0).filter(|accuracy| *accuracy > 0.0);
        fix.speed = within(self.speed, 0.0..=SPEED_MAX, 100.0);
        fix.heading = within(self.heading, 0.0..=360.0, 10.0).map(|heading| heading % 360.0);
        fix.altitude = within(self.altitude, ALTITUDE, 10.0);
        fix.battery = within(self.battery, 0.0..=100.0, 1.0).map(|battery| battery as u8);
        Some(fix)
    }
}

fn within(value: Option<f64>, range: RangeInclusive<f64>, scale: f64) -> Option<f64> {
    rounded(value.filter(|value| range.contains(value)), scale)
}

/// A number as text.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A number in JSON, which some clients write as text.
pub fn number_in(object: &Value, name: &str) -> Option<f64> {
    match object.get(name)? {
        Value::String(text) => number(text),
        value => value.as_f64(),
    }
}

/// A time as text: numbers below 2^31 − 1 are Unix seconds, others milliseconds; or ISO 8601; or
/// `yyyy-MM-dd HH:mm:ss`, in UTC where it has no offset (Traccar, `OsmAndProtocolDecoder`).
pub fn time(text: &str) -> Option<Millis> {
    const MILLISECONDS_FROM: f64 = i32::MAX as f64;
    match number(text) {
        Some(number) => {
            let millis = if number < MILLISECONDS_FROM { number * 1000.0 } else { number };
            (0.0..=LATEST as f64).contains(&millis).then(|| Millis(millis.round() as i64))
        }
        // A plus sign that nobody escaped has become a space.
        None if text.contains('T') => Millis::parse(&Value::String(text.trim().replace(' ', "+"))),
        None => Millis::parse(&Value::String(text.to_owned())),
    }
}

/// The time under a name in JSON: the time received where there is none.
pub fn time_in(object: &Value, name: &str, received: Millis) -> Option<Millis> {
    match object.get(name) {
        None | Some(Value::Null) => Some(received),
        Some(value) => Millis::parse(value),
    }
}
