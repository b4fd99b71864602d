//! Faults of receivers and phones, put into recorded trips: labelled, and the same for the same seed.
//!
//! Each fault replaces fixes of the recording and keeps their times.

use geo::{Destination, Distance, Haversine};
use rand::RngExt;
use rand::rngs::SmallRng;
use serde::Serialize;

use crate::score::tally::place;
use crate::trips::Point;

/// How far a spike or a burst is displaced, in metres.
const DISPLACED_M: [f64; 2] = [200.0, 5_000.0];
/// How many fixes a burst displaces by the same way.
const BURST: std::ops::RangeInclusive<usize> = 3..=6;
/// The scatter within a burst, in metres.
const BURST_SCATTER_M: f64 = 10.0;
/// How old the position is that is reported again, in ms.
const STALE_AGE: std::ops::RangeInclusive<i64> = 10_000..=180_000;
/// Nearer than this it would be no fault, but somebody who stands still, in metres.
const STALE_APART_M: f64 = 50.0;
/// Fixes of one fault in the mean, the kinds being as likely as each other.
const MEAN_LENGTH: f64 = (1.0 + 4.5 + 1.0 + 1.0) / 4.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// One fix, displaced.
    Spike,
    /// Several in a row, displaced alike.
    Burst,
    /// 0, 0.
    Zero,
    /// An older position with a new time.
    Stale,
}

/// How large displacements are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sizes {
    /// Every number of metres is as likely
    Even,
    /// Every order of magnitude is as likely: most are small, and hard to tell
    Log,
}

/// A fix as it is reported, beside how it was recorded.
#[derive(Debug, Clone)]
pub struct Sample {
    pub reported: Point,
    pub clean: Point,
    pub fault: Option<Fault>,
}

/// Puts faults into a trip, so that about this `share` of its fixes is one.
pub fn inject(points: &[Point], share: f64, sizes: Sizes, rng: &mut SmallRng) -> Vec<Sample> {
    let start = share / MEAN_LENGTH;
    let untouched = |point: &Point| Sample { reported: point.clone(), clean: point.clone(), fault: None };
    let mut samples: Vec<_> = points.iter().map(untouched).collect();
    let mut at = 0;
    while at < samples.len() {
        if !rng.random_bool(start) {
            at += 1;
            continue;
        }
        let (fault, length) = match rng.random_range(0..4) {
            0 => (Fault::Spike, 1),
            1 => (Fault::Burst, rng.random_range(BURST)),
            2 => (Fault::Zero, 1),
            _ => (Fault::Stale, 1),
        };
        let bearing = rng.random_range(0.0..360.0);
        let way: f64 = rng.random();
        let metres = match sizes {
            Sizes::Even => DISPLACED_M[0] + way * (DISPLACED_M[1] - DISPLACED_M[0]),
            Sizes::Log => DISPLACED_M[0] * (DISPLACED_M[1] / DISPLACED_M[0]).powf(way),
        };
        let age = rng.random_range(STALE_AGE);
        for sample in samples.iter_mut().skip(at).take(length) {
            let there = match fault {
                Fault::Zero => Some(geo::Point::new(0.0, 0.0)),
                Fault::Stale => older(points, at, age),
                Fault::Spike | Fault::Burst => {
                    let displaced = Haversine.destination(place(&sample.clean), bearing, metres);
                    let scatter = if fault == Fault::Burst { BURST_SCATTER_M } else { 0.0 };
                    let away = rng.random_range(0.0..=scatter);
                    Some(Haversine.destination(displaced, rng.random_range(0.0..360.0), away))
                }
            };
            if let Some(there) = there {
                sample.reported = Point { lat: there.y(), lng: there.x(), ..sample.clean.clone() };
                sample.fault = Some(fault);
            }
        }
        // A good fix after each, so that two faults stay two.
        at += length + 1;
    }
    samples
}

/// The position of so many ms before, unless it is near.
fn older(points: &[Point], at: usize, age: i64) -> Option<geo::Point> {
    let now = points.get(at)?;
    let before = points.iter().take(at).rev().find(|point| now.time_ms - point.time_ms >= age)?;
    let there = place(before);
    (Haversine.distance(there, place(now)) >= STALE_APART_M).then_some(there)
}
