//! Which fixes to believe.
//!
//! Each fix of the recent window goes through [`Filter::step`] in the order of its time; the verdict
//! depends on nothing but the fixes before it, so that running the same fixes again gives the same
//! verdicts. What depends on the time received (a wrong clock, before the start, after the end) is
//! decided before, in `delivery`.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fix::{Fix, Position};
use crate::wire::start::Mode;

/// What became of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Accepted,
    /// Older than the window: it joins the history without having been judged.
    Late,
    Filtered(Reason),
}

/// Why a fix is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reason {
    /// More than 120 s ahead of the delivery's now.
    Clock,
    /// From before the delivery.
    BeforeStart,
    /// Exactly 0, 0: what a phone without a position reports.
    NullIsland,
    /// Nobody travels like this moves so fast.
    Speed,
}

/// The fastest that is believed between two fixes, in m/s: well above what the mode does, so that only
/// what cannot be is dropped.
const fn fastest(mode: Mode) -> f64 {
    match mode {
        Mode::Foot => 8.0,
        Mode::Bicycle => 22.0,
        Mode::Scooter => 36.0,
        Mode::Truck => 42.0,
        Mode::Car | Mode::Van => 60.0,
    }
}

/// Uncertainty of a fix that reports none, in metres.
const ACCURACY_UNKNOWN: f64 = 20.0;
/// The most that a reported uncertainty may excuse, in metres.
const ACCURACY_TRUSTED: f64 = 200.0;
/// Steps shorter than this are judged as if this long: clocks of phones round to a second.
const SHORTEST_STEP_SECS: f64 = 1.0;
/// So many rejected fixes in a row that agree among themselves are right, and the one before was wrong.
const AGREEING: u8 = 4;

/// The part of a fix that the filter remembers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    time: Millis,
    position: Position,
    accuracy: f64,
}

/// What the filter knows of the fixes so far: bounded, whatever the length of the trip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// The last fix that was believed.
    anchor: Option<Seen>,
    /// The last that was not, and how many of that run agree.
    suspect: Option<(Seen, u8)>,
}

impl Filter {
    /// Judges the next fix in the order of time.
    pub fn step(&mut self, fix: &Fix, mode: Mode) -> Verdict {
        if fix.position == Position::default() {
            return Verdict::Filtered(Reason::NullIsland);
        }
        let seen = Seen {
            time: fix.time,
            position: fix.position,
            accuracy: fix.accuracy.unwrap_or(ACCURACY_UNKNOWN).min(ACCURACY_TRUSTED),
        };
        if self.anchor.is_none_or(|anchor| reachable(anchor, seen, mode)) {
            (self.anchor, self.suspect) = (Some(seen), None);
            return Verdict::Accepted;
        }
        let agreeing = match self.suspect {
            Some((suspect, agreeing)) if reachable(suspect, seen, mode) => agreeing + 1,
            _ => 1,
        };
        if agreeing >= AGREEING {
            (self.anchor, self.suspect) = (Some(seen), None);
            return Verdict::Accepted;
        }
        self.suspect = Some((seen, agreeing));
        Verdict::Filtered(Reason::Speed)
    }
}

/// Whether somebody at `from` can be at `to` by then, each position as uncertain as it says.
fn reachable(from: Seen, to: Seen, mode: Mode) -> bool {
    let secs = (to.time.since(from.time) as f64 / 1000.0).max(SHORTEST_STEP_SECS);
    let metres = from.position.metres_to(to.position) - from.accuracy - to.accuracy;
    metres <= secs * fastest(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metres east of a point at the equator, to degrees.
    fn at(secs: i64, metres: f64) -> Fix {
        let position = Position::from_degrees(0.01, metres / 111_195.0).unwrap();
        Fix { accuracy: Some(5.0), ..Fix::new(Millis::from_secs(secs), position) }
    }

    fn verdicts(fixes: &[(i64, f64)], mode: Mode) -> String {
        let mut filter = Filter::default();
        let letter = |verdict| match verdict {
            Verdict::Accepted => 'a',
            Verdict::Late => 'l',
            Verdict::Filtered(_) => 'f',
        };
        fixes.iter().map(|(secs, metres)| letter(filter.step(&at(*secs, *metres), mode))).collect()
    }

    /// A name, how they travel, seconds and metres of each fix, and the letters of the verdicts.
    type Case = (&'static str, Mode, &'static [(i64, f64)], &'static str);

    #[test]
    fn tracks_are_judged_as_the_table_says() {
        let cases: [Case; 7] = [
            ("a steady drive", Mode::Car, &[(0, 0.0), (5, 70.0), (10, 140.0), (15, 210.0)], "aaaa"),
            ("one spike", Mode::Car, &[(0, 0.0), (5, 70.0), (10, 5_000.0), (15, 210.0)], "aafa"),
            (
                "a spike that a car could, a walker could not",
                Mode::Foot,
                &[(0, 0.0), (10, 300.0), (20, 20.0)],
                "afa",
            ),
            (
                "a burst of three that agree",
                Mode::Car,
                &[(0, 0.0), (5, 3_000.0), (6, 3_010.0), (7, 3_020.0), (8, 60.0)],
                "afffa",
            ),
            (
                "a first fix that was wrong",
                Mode::Car,
                &[(0, 90_000.0), (5, 0.0), (10, 50.0), (15, 100.0), (20, 150.0), (25, 200.0)],
                "afffaa",
            ),
            ("a long tunnel", Mode::Car, &[(0, 0.0), (600, 9_000.0)], "aa"),
            ("two positions in one second", Mode::Car, &[(0, 0.0), (0, 30.0)], "aa"),
        ];
        for (name, mode, fixes, expected) in cases {
            assert_eq!(verdicts(fixes, mode), expected, "{name}");
        }
    }

    #[test]
    fn zero_zero_is_no_position() {
        let mut fix = at(0, 0.0);
        fix.position = Position::default();
        assert_eq!(Filter::default().step(&fix, Mode::Car), Verdict::Filtered(Reason::NullIsland));
    }
}
