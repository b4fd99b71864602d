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

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// A drive north at 14 m/s, a fix every 5 s.
    fn drive(fixes: i64) -> Vec<Point> {
        (0..fixes).map(|i| Point::new(i * 5_000, 5.0 + i as f64 * 70.0 / 111_195.0, 13.0)).collect()
    }

    fn labelled(seed: u64, share: f64, sizes: Sizes) -> Vec<(Option<Fault>, Point)> {
        let samples = inject(&drive(20_000), share, sizes, &mut SmallRng::seed_from_u64(seed));
        samples.into_iter().map(|sample| (sample.fault, sample.reported)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_one_others() {
        for sizes in [Sizes::Even, Sizes::Log] {
            assert_eq!(labelled(7, 0.02, sizes), labelled(7, 0.02, sizes));
            assert_ne!(labelled(7, 0.02, sizes), labelled(8, 0.02, sizes));
        }
    }

    #[test]
    fn about_the_share_that_was_asked_for_becomes_faults() {
        for share in [0.0, 0.02, 0.1] {
            let faults = labelled(1, share, Sizes::Even).iter().filter(|(fault, _)| fault.is_some()).count();
            let got = faults as f64 / 20_000.0;
            assert!((got - share).abs() <= share * 0.15, "{got} of {share}");
        }
    }

    #[test]
    fn each_fault_is_what_it_is_called_and_all_else_is_as_recorded() {
        let points = drive(20_000);
        let samples = inject(&points, 0.02, Sizes::Even, &mut SmallRng::seed_from_u64(3));
        let mut kinds = std::collections::BTreeMap::<Fault, usize>::new();
        for (sample, recorded) in samples.iter().zip(&points) {
            assert_eq!((&sample.clean, sample.reported.time_ms), (recorded, recorded.time_ms));
            let apart = Haversine.distance(place(&sample.reported), place(recorded));
            match sample.fault {
                None => assert_eq!(&sample.reported, recorded),
                Some(Fault::Spike) => assert!((199.0..=5_001.0).contains(&apart), "{apart}"),
                Some(Fault::Burst) => assert!((189.0..=5_011.0).contains(&apart), "{apart}"),
                Some(Fault::Zero) => assert_eq!((sample.reported.lat, sample.reported.lng), (0.0, 0.0)),
                Some(Fault::Stale) => assert!(
                    apart >= STALE_APART_M
                        && points.iter().any(|before| {
                            before.time_ms < recorded.time_ms && place(before) == place(&sample.reported)
                        })
                ),
            }
            sample.fault.into_iter().for_each(|fault| *kinds.entry(fault).or_default() += 1);
        }
        assert_eq!(kinds.len(), 4, "{kinds:?}");
    }
}
