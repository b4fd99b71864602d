//! Instants, the formats in which clients send them, and a delivery's own clock.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use speedate::{DateTime, DateTimeConfig, MicrosecondsPrecisionOverflowBehavior, TimeConfig, TimestampUnit};

/// An instant in Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// Numbers below this are Unix seconds, from it on Unix milliseconds: seconds reach it in the year
/// 5138, milliseconds passed it in 1973.
const MILLISECONDS_FROM: f64 = 1e11;

/// The last instant of the year 9999: what ISO 8601 can write with four digits.
pub const LATEST: i64 = 253_402_300_799_999;

impl Millis {
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole Unix seconds, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` comes first.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    pub const fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// ISO 8601 in UTC.
    pub fn iso_8601(self) -> String {
        let utc = DateTimeConfig {
            timestamp_unit: TimestampUnit::Millisecond,
            time_config: TimeConfig { unix_timestamp_offset: Some(0), ..TimeConfig::default() },
        };
        DateTime::from_timestamp_with_config(self.0, 0, &utc)
            .map_or_else(|_| String::new(), |time| time.to_string())
    }

    /// Reads a time as clients send it: Unix seconds, Unix milliseconds (numbers of 1e11 and more) or
    /// ISO 8601, in UTC where it has no offset. `None` for anything else, or outside the years 1970 to 9999.
    pub fn parse(value: &Value) -> Option<Self> {
        let millis = match value {
            Value::Number(number) => {
                let number = number.as_f64()?;
                let scale = if number >= MILLISECONDS_FROM { 1.0 } else { 1000.0 };
                let millis = number * scale;
                if !(0.0..=LATEST as f64).contains(&millis) {
                    return None;
                }
                millis.round() as i64
            }
            Value::String(text) => iso_8601(text.trim())?,
            _ => return None,
        };
        (0..=LATEST).contains(&millis).then_some(Self(millis))
    }
}

/// The Unix milliseconds of a date with a time, in UTC where it has no offset.
fn iso_8601(text: &str) -> Option<i64> {
    // RFC 9557 puts the name of the time zone behind it.
    let (text, zone) = text.split_once('[').map_or((text, None), |(text, zone)| (text, Some(zone)));
    let config = TimeConfig {
        microseconds_precision_overflow_behavior: MicrosecondsPrecisionOverflowBehavior::Truncate,
        unix_timestamp_offset: None,
    };
    let time = DateTime::parse_bytes_rfc3339_with_config(text.as_bytes(), &config).ok()?;
    // A place without an offset would need the rules of its time zone.
    let is_known = zone.is_none_or(|zone| zone.ends_with(']') && time.time.tz_offset.is_some());
    is_known.then(|| time.timestamp_tz_ms())
}

/// The clock of one delivery: the wall's, or a simulated one for recorded trips.
///
/// Under a simulated clock the delivery's now is `origin + (wall − started) × rate` in every decision.
/// Tokens and limits keep the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    simulated: Option<Simulated>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Simulated {
    origin: Millis,
    rate: f64,
    started: Millis,
}

/// The rates that a simulated clock may run at: from real time up to a day in under two minutes.
pub const RATES: std::ops::RangeInclusive<f64> = 0.01..=1000.0;

impl Clock {
    pub const WALL: Self = Self { simulated: None };

    /// A clock that shows `origin` at the wall's `started` and runs `rate` times as fast.
    pub fn simulated(origin: Millis, rate: f64, started: Millis) -> Self {
        Self { simulated: Some(Simulated { origin, rate, started }) }
    }

    /// The delivery's now at the wall's `wall`.
    pub fn now(&self, wall: Millis) -> Millis {
        match self.simulated {
            None => wall,
            Some(s) => s.origin.plus((wall.since(s.started) as f64 * s.rate) as i64),
        }
    }

    /// When, at the wall, the delivery's now is `at`; up to a few ms later.
    pub fn wall(&self, at: Millis) -> Millis {
        match self.simulated {
            None => at,
            Some(s) => s.started.plus((at.since(s.origin) as f64 / s.rate).ceil() as i64 + 1),
        }
    }

    /// Origin and rate, where the clock is simulated.
    pub fn simulation(&self) -> Option<(Millis, f64)> {
        self.simulated.map(|s| (s.origin, s.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_time_is_read_as_seconds_milliseconds_or_iso_8601() {
        let cases = [
            (json!(1_704_067_850), Some(1_704_067_850_000)),
            (json!(1_704_067_850.25), Some(1_704_067_850_250)),
            (json!(1_704_067_850_123_i64), Some(1_704_067_850_123)),
            (json!("2024-01-01T00:10:50Z"), Some(1_704_067_850_000)),
            (json!("2024-01-01T01:10:50.5+01:00"), Some(1_704_067_850_500)),
            (json!("2024-01-01T01:10:50.5+0100"), Some(1_704_067_850_500)),
            (json!(0), Some(0)),
            (json!(LATEST), Some(LATEST)),
            (json!(LATEST + 1), None),
            (json!(LATEST as f64 + 0.0625), None),
            (json!(-0.0001), None),
            (json!("2024-01-01T00:10:50"), Some(1_704_067_850_000)),
            (json!("2024-01-01 00:10:50z"), Some(1_704_067_850_000)),
            (json!("2024-01-01T00:10:50+00:00[Europe/London]"), Some(1_704_067_850_000)),
            (json!("2024-01-01T00:10:50[Europe/London]"), None),
            (json!("9999-12-31T23:59:59.999Z"), Some(LATEST)),
            (json!("9999-12-31T23:59:59.999-01:00"), None),
            (json!("1970-01-01T00:00:00Z"), Some(0)),
            (json!("1969-12-31T23:59:59Z"), None),
            (json!("1970-01-01T00:30:00+01:00"), None),
            (json!("2024-02-30T00:00:00Z"), None),
            (json!("-271821-04-20T00:00:00Z"), None),
            (json!("2024-01-01"), None),
            (json!("yesterday"), None),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(true), None),
            (json!(null), None),
            (json!([1_704_067_850]), None),
        ];
        for (input, expected) in cases {
            assert_eq!(Millis::parse(&input), expected.map(Millis), "{input}");
        }
    }

    #[test]
    fn a_simulated_clock_runs_from_its_origin_at_its_rate() {
        let clock = Clock::simulated(Millis(1_000), 60.0, Millis(500_000));
        assert_eq!(clock.now(Millis(500_000)), Millis(1_000));
        assert_eq!(clock.now(Millis(501_000)), Millis(61_000));
        for (rate, at) in [(1000.0, 7_201), (0.01, 1_234), (3.0, 86_400_000)] {
            let clock = Clock::simulated(Millis(1_000), rate, Millis(500_000));
            let wall = clock.wall(Millis(at));
            assert!(clock.now(wall) >= Millis(at) && clock.now(wall.plus(-3)) < Millis(at), "{rate} {at}");
        }
        assert_eq!(Clock::WALL.wall(Millis(7)), Millis(7));
        assert_eq!(Clock::WALL.now(Millis(7)), Millis(7));
    }
}
