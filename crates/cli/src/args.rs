//! How values are written on the command line.

use std::str::FromStr;
use std::time::Duration;

use geo::{Point, Rect};
use jiff::SignedDuration;
use onway_core::auth::Role;
use onway_core::fix::Position;
use onway_core::wire::start::Mode;

/// A span of time above zero: `2s`, `90s`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    SignedDuration::from_str(text)
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .filter(|span| !span.is_zero())
        .ok_or_else(|| "must be a span of time such as 2s, 90s or 1h30m".to_owned())
}

/// A place as `lat,lng` in degrees.
pub fn place(text: &str) -> Result<Point, String> {
    let degrees = |part: &str| part.trim().parse::<f64>().ok();
    text.split_once(',')
        .and_then(|(lat, lng)| Position::from_degrees(degrees(lat)?, degrees(lng)?))
        .map(Position::point)
        .ok_or_else(|| "must be lat,lng in degrees, such as 5.6037,-0.1870".to_owned())
}

/// A part of the map as `west,south,east,north` in degrees, not across the antimeridian.
pub fn bbox(text: &str) -> Result<Rect, String> {
    let sides = || {
        let mut degrees = text.split(',').map(|part| part.trim().parse::<f64>().ok());
        let mut corner = || Some((degrees.next()??, degrees.next()??));
        let (least, most) = (corner()?, corner()?);
        let valid = |(lng, lat): (f64, f64)| Position::from_degrees(lat, lng).is_some();
        let whole = degrees.next().is_none() && valid(least) && valid(most);
        (whole && least.0 < most.0 && least.1 < most.1).then(|| Rect::new(least, most))
    };
    sides()
        .ok_or_else(|| "must be west,south,east,north in degrees, such as -0.24,5.55,-0.14,5.65".to_owned())
}

/// A speed in m/s: a number, or one with `m/s` or `km/h` behind it.
pub fn speed(text: &str) -> Result<f64, String> {
    let (number, factor) = match text.trim().strip_suffix("km/h") {
        Some(number) => (number, 1.0 / 3.6),
        None => (text.trim().trim_end_matches("m/s"), 1.0),
    };
    positive(number)
        .map(|speed| speed * factor)
        .map_err(|_| "must be a speed such as 8, 8m/s or 30km/h".to_owned())
}

/// A number above zero.
pub fn positive(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "must be a number above 0".to_owned())
}

/// A number from zero on.
pub fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "must be a number from 0 on".to_owned())
}

/// A mode of the contract.
pub fn mode(text: &str) -> Result<Mode, String> {
    Mode::ALL
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(text))
        .map(|(mode, _)| *mode)
        .ok_or_else(|| format!("must be one of {}", Mode::ALL.map(|(_, name)| name).join(", ")))
}

/// A role of the contract, by any of its names.
pub fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "must be driver, customer, store, dispatcher or admin".to_owned())
}

/// A silence of a simulated driver: how long, and how long after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub lasting: Duration,
    pub from: Duration,
}

impl Gap {
    /// Whether this long after the start lies in the silence.
    pub fn covers(&self, elapsed: Duration) -> bool {
        elapsed >= self.from && elapsed < self.from + self.lasting
    }
}

/// A gap as `60s@300s`: silent for 60 s, 300 s after the start.
pub fn gap(text: &str) -> Result<Gap, String> {
    let (lasting, from) = text.split_once('@').ok_or_else(|| "must be like 60s@300s".to_owned())?;
    Ok(Gap { lasting: duration(lasting)?, from: duration(from)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_unit() {
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("12h"), Ok(Duration::from_secs(43_200)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["", "5", "-2s", "0s", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn speeds_are_metres_a_second_unless_they_say_otherwise() {
        assert_eq!(speed("8"), Ok(8.0));
        assert_eq!(speed("8 m/s"), Ok(8.0));
        assert_eq!(speed("36km/h"), Ok(10.0));
        for wrong in ["", "0", "-3", "fast", "NaN", "inf"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn places_are_latitude_first_and_on_the_globe() {
        assert_eq!(place("5.5,-0.25"), Ok(Point::new(-0.25, 5.5)));
        for wrong in ["", "5.5", "91,0", "0,181", "a,b"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_part_of_the_map_has_four_sides_in_their_order() {
        assert_eq!(bbox("-0.25, 5.5,-0.125,5.75"), Ok(Rect::new((-0.25, 5.5), (-0.125, 5.75))));
        for wrong in
            ["", "1,2,3", "0,0,1,1,2", "1,0,0,1", "0,1,1,0", "0,0,181,1", "0,-91,1,1", "0,0,0,1", "a,0,1,1"]
        {
            assert!(bbox(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_gap_covers_its_span_alone() {
        let gap = gap("60s@300s").unwrap();
        let covered = |seconds| gap.covers(Duration::from_secs(seconds));
        assert_eq!([299, 300, 359, 360].map(covered), [false, true, true, false]);
        assert!(super::gap("60s").is_err());
    }
}
