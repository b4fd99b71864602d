//! The legs of a day: recorded trips, moved in time so that one follows the other.

use crate::error::Error;
use crate::mode::Mode;
use crate::trips::{Point, Trip};

/// Time at each door, in seconds. A fix of one leg is then older than the next delivery, which takes what was
/// measured up to a minute before its start.
pub const HANDOVER_S: i64 = 120;
/// Fewest fixes of a leg: one for each step of the delivery.
const FIXES_MIN: usize = 4;

/// A position of the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Unix seconds: several protocols know no fractions.
    pub time: i64,
    pub lat: f64,
    pub lng: f64,
    /// Metres per second, where the recording has it.
    pub speed: Option<f64>,
    /// Metres, where the recording has it.
    pub accuracy: Option<f64>,
    /// Degrees clockwise from north, where the recording has it.
    pub heading: Option<f64>,
}

/// The way to one stop. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// Its place in the day, from 1 on.
    pub stop: usize,
    pub trip: String,
    pub mode: Mode,
    /// In the order of time, no two of one second.
    pub fixes: Vec<Sample>,
}

impl Leg {
    /// When it begins, in Unix seconds.
    pub fn begins(&self) -> i64 {
        self.fixes.first().map_or(0, |fix| fix.time)
    }

    /// When the driver is at the door, in Unix seconds.
    pub fn arrives(&self) -> i64 {
        self.fixes.last().map_or(0, |fix| fix.time)
    }

    /// What the order is called: alike on both days.
    pub fn order(&self) -> String {
        format!("STOP-{:02}", self.stop)
    }
}

/// What is taken of each trip.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// A fix every so many seconds at most, as a phone reports.
    pub every_s: i64,
    /// So many seconds from its start at most.
    pub longest_s: i64,
}

/// So many legs from `begins` on, in Unix seconds. Where there are fewer trips, they come again.
pub fn plan(trips: &[Trip], stops: usize, cut: Cut, begins: i64) -> Result<Vec<Leg>, Error> {
    let usable: Vec<_> = trips
        .iter()
        .map(|trip| (trip, sampled(&trip.points, cut)))
        .filter(|(_, fixes)| fixes.len() >= FIXES_MIN)
        .collect();
    if usable.is_empty() {
        return Err(Error::NoTrips);
    }
    let mut at = begins;
    let legs = usable.iter().cycle().take(stops).enumerate().map(|(n, (trip, fixes))| {
        let fixes: Vec<_> = fixes.iter().map(|fix| Sample { time: at + fix.time, ..*fix }).collect();
        at = fixes.last().map_or(at, |last| last.time) + HANDOVER_S;
        Leg { stop: n + 1, trip: trip.id.clone(), mode: trip.mode, fixes }
    });
    Ok(legs.collect())
}

/// The fixes of a trip, with their seconds since its start.
fn sampled(points: &[Point], cut: Cut) -> Vec<Sample> {
    let mut points: Vec<_> = points.iter().collect();
    points.sort_by_key(|point| point.time_ms);
    let start = points.first().map_or(0, |point| point.time_ms);
    let mut fixes: Vec<Sample> = Vec::new();
    for point in points {
        let time = (point.time_ms - start + 500).div_euclid(1_000);
        let due = fixes.last().is_none_or(|last| time - last.time >= cut.every_s);
        // Nobody is at 0, 0, and several apps mean by it that they do not know.
        let somewhere = (point.lat, point.lng) != (0.0, 0.0);
        if due && somewhere && time <= cut.longest_s {
            fixes.push(Sample {
                time,
                lat: point.lat,
                lng: point.lng,
                speed: point.speed,
                accuracy: point.accuracy,
                heading: point.heading,
            });
        }
    }
    fixes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip(id: &str, seconds: &[i64]) -> Trip {
        let points =
            seconds.iter().map(|at| Point::new(1_400_000_000_000 + at * 1_000, 5.0 + *at as f64 * 1e-5, 1.0));
        Trip {
            id: id.into(),
            source: String::new(),
            mode: Mode::Van,
            user: String::new(),
            delivery_like: false,
            points: points.collect(),
            unusable: 0,
        }
    }

    const CUT: Cut = Cut { every_s: 5, longest_s: 100 };

    #[test]
    fn legs_follow_each_other_and_trips_come_again() {
        let trips = [trip("a", &[0, 3, 5, 12, 30, 101]), trip("short", &[0, 5]), trip("b", &[0, 10, 20, 40])];
        let legs = plan(&trips, 3, CUT, 1_000).unwrap();
        let times: Vec<_> =
            legs.iter().map(|leg| leg.fixes.iter().map(|fix| fix.time).collect::<Vec<_>>()).collect();
        assert_eq!(
            times,
            [[1_000, 1_005, 1_012, 1_030], [1_150, 1_160, 1_170, 1_190], [1_310, 1_315, 1_322, 1_340]]
        );
        assert_eq!(legs.iter().map(|leg| leg.trip.as_str()).collect::<Vec<_>>(), ["a", "b", "a"]);
        assert_eq!((legs[2].order(), legs[2].begins(), legs[2].arrives()), ("STOP-03".into(), 1_310, 1_340));
    }

    #[test]
    fn trips_without_enough_fixes_make_no_day() {
        assert!(matches!(plan(&[trip("short", &[0, 5])], 3, CUT, 0), Err(Error::NoTrips)));
    }
}
