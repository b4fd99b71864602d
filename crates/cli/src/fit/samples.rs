//! What is learned from: trips thinned to a sample every 20 seconds or so.

use onway_core::clock::Millis;
use onway_core::eta::features::Features;
use onway_core::eta::{Corridor, Journey, Model};
use onway_core::fix::Position;
use onway_core::wire::start::Mode;

use crate::walk::Walk;

/// Shortest time between two samples, in ms.
const STEP_MS: i64 = 15_000;
/// Most samples of a trip: longer ones are thinned out evenly.
const SAMPLES_MAX: usize = 60;

/// A moment of a trip, and what was left.
#[derive(Debug, Clone)]
pub struct Sample {
    pub mode: Mode,
    pub at: Millis,
    pub here: Position,
    pub metres: f64,
    pub journey: Journey,
    /// Seconds.
    pub left: f64,
}

impl Sample {
    pub fn features(&self, model: &Model, corridor: &Corridor) -> Features {
        let Self { mode, at, here, metres, .. } = *self;
        self.journey.features(model.power(mode), mode, at, here, metres, corridor)
    }
}

/// One trip to learn from.
#[derive(Debug, Clone)]
pub struct Lesson {
    pub user: usize,
    pub mode: Mode,
    pub origin: Position,
    pub destination: Position,
    pub track: Vec<(Millis, Position)>,
    pub samples: Vec<Sample>,
}

impl Lesson {
    /// `None` where nothing is judged on this trip.
    pub fn of(walk: &Walk, user: usize) -> Option<Self> {
        let (mut track, mut judged) = (Vec::new(), Vec::new());
        let mut next = Millis(i64::MIN);
        for seen in walk.seen.iter().filter(|seen| seen.believed) {
            if seen.at < next {
                continue;
            }
            next = seen.at.plus(STEP_MS);
            track.push((seen.at, seen.here));
            if walk.is_judged(seen) {
                judged.push(seen);
            }
        }
        let every = judged.len().div_ceil(SAMPLES_MAX).max(1);
        let sample = |seen: &crate::walk::Seen| Sample {
            mode: walk.mode,
            at: seen.at,
            here: seen.here,
            metres: seen.here.metres_to(walk.destination),
            journey: seen.journey,
            left: walk.left(seen),
        };
        let samples: Vec<_> = judged.into_iter().step_by(every).map(sample).collect();
        let Walk { mode, origin, destination, .. } = *walk;
        (!samples.is_empty()).then_some(Self { user, mode, origin, destination, track, samples })
    }
}

/// Trips, each with its corridor.
#[derive(Debug, Clone)]
pub struct Samples<'a>(pub Vec<(&'a Lesson, &'a Corridor)>);

impl Samples<'_> {
    /// Each sample with its user, its corridor and its weight: all of a trip together weigh one.
    pub fn each(&self, mut visit: impl FnMut(usize, &Sample, &Corridor, f64)) {
        for (lesson, corridor) in &self.0 {
            let weight = 1.0 / lesson.samples.len() as f64;
            lesson.samples.iter().for_each(|sample| visit(lesson.user, sample, corridor, weight));
        }
    }
}
