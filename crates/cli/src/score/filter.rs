//! The position filter on recorded trips: with faults put in, on a surveyed way, and standing still.

use geo::{Bearing, Destination, Distance, Haversine};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Normal};

use crate::score::faults::{Sizes, inject};
use crate::score::gate::Gate;
use crate::score::pipeline::Pipeline;
use crate::score::tally::{Errors, Tally, place};
use crate::trips::{Point, Trip};

/// How trips are changed before they are scored.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub seed: u64,
    /// Share of fixes that are faults.
    pub faults: f64,
    pub sizes: Sizes,
    /// Shortest time between fixes, in ms.
    pub thin_ms: i64,
    /// The accuracy that every fix reports, in metres, instead of the recorded one.
    pub accuracy: Option<f64>,
    /// Noise on each axis of a surveyed way, in metres; 0 takes the recorded positions.
    pub noise: f64,
    /// Whether the recorded speeds are reported with a noisy surveyed way.
    pub speed: bool,
}

/// Letter of the recordings for somebody on foot or stopped.
const ON_FOOT: char = 'f';
/// A turn: the way bends by more than this within so many seconds before and after, above this speed.
const TURN_DEGREES: f64 = 30.0;
const TURN_MS: i64 = 5_000;
const TURN_M: f64 = 10.0;

/// What a trip came to.
#[derive(Debug, Clone, Default)]
pub struct Score {
    pub filter: Tally,
    pub gate: Tally,
    pub raw: Errors,
    pub smoothed: Errors,
    pub raw_turns: Errors,
    pub smoothed_turns: Errors,
    pub on_foot: OnFoot,
}

/// Metres while on foot or stopped.
#[derive(Debug, Clone, Copy, Default)]
pub struct OnFoot {
    pub secs: f64,
    pub raw_m: f64,
    pub filter_m: f64,
}

impl Score {
    pub fn join(&mut self, other: &Self) {
        self.filter.join(&other.filter);
        self.gate.join(&other.gate);
        self.raw.join(other.raw);
        self.smoothed.join(other.smoothed);
        self.raw_turns.join(other.raw_turns);
        self.smoothed_turns.join(other.smoothed_turns);
        self.on_foot.secs += other.on_foot.secs;
        self.on_foot.raw_m += other.on_foot.raw_m;
        self.on_foot.filter_m += other.on_foot.filter_m;
    }
}

/// Scores one trip.
pub fn score(trip: &Trip, setting: &Setting) -> Score {
    let points = prepared(trip, setting);
    let mut rng = SmallRng::seed_from_u64(seed_of(trip, setting.seed));
    let mut score = Score::default();
    // A surveyed way has its own measure.
    if points.iter().any(|point| point.truth.is_some()) {
        survey(trip, &points, setting, &mut rng, &mut score);
    } else {
        judge(trip, &points, setting, &mut rng, &mut score);
        walk(trip, &points, &mut score);
    }
    score
}

/// The trip's points as the setting wants them.
pub fn prepared(trip: &Trip, setting: &Setting) -> Vec<Point> {
    let mut last = None;
    let far = |point: &&Point| {
        let far = last.is_none_or(|last| point.time_ms - last >= setting.thin_ms);
        if far {
            last = Some(point.time_ms);
        }
        far
    };
    let mut points: Vec<_> = if setting.thin_ms > 0 {
        trip.points.iter().filter(far).cloned().collect()
    } else {
        trip.points.clone()
    };
    if let Some(accuracy) = setting.accuracy {
        points.iter_mut().for_each(|point| point.accuracy = Some(accuracy));
    }
    points
}

/// A seed of the trip's own, so that it gets the same faults in whatever company.
pub fn seed_of(trip: &Trip, seed: u64) -> u64 {
    // FNV-1a.
    trip.id.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn judge(trip: &Trip, points: &[Point], setting: &Setting, rng: &mut SmallRng, score: &mut Score) {
    let (mut pipeline, mut gate) = (Pipeline::new(trip.mode), Gate::default());
    for sample in inject(points, setting.faults, setting.sizes, rng) {
        let clean = place(&sample.clean);
        let judged = pipeline.take(&sample.reported);
        let shown = judged.shown.map(|shown| shown.position.point());
        score.filter.add(sample.fault, judged.is_dropped(), shown, clean);
        let believed = gate.take(&sample.reported);
        score.gate.add(sample.fault, !believed, gate.shown(), clean);
    }
}

fn survey(trip: &Trip, points: &[Point], setting: &Setting, rng: &mut SmallRng, score: &mut Score) {
    let mut pipeline = Pipeline::new(trip.mode);
    let Ok(normal) = Normal::new(0.0, setting.noise) else { return };
    let truth: Vec<_> = points
        .iter()
        .filter_map(|point| point.truth.map(|(lat, lng)| (point, geo::Point::new(lng, lat))))
        .collect();
    for (at, (point, there)) in truth.iter().enumerate() {
        let mut reported = (*point).clone();
        if setting.noise > 0.0 {
            let (east, north): (f64, f64) = (normal.sample(rng), normal.sample(rng));
            let noisy = Haversine.destination(*there, east.atan2(north).to_degrees(), east.hypot(north));
            (reported.lat, reported.lng) = (noisy.y(), noisy.x());
            if !setting.speed {
                reported.speed = None;
            }
        }
        let shown = pipeline.take(&reported).shown;
        let raw = Haversine.distance(place(&reported), *there);
        let Some(smoothed) = shown.map(|shown| Haversine.distance(shown.position.point(), *there)) else {
            continue;
        };
        score.raw.add(raw);
        score.smoothed.add(smoothed);
        if is_turn(&truth, at) {
            score.raw_turns.add(raw);
            score.smoothed_turns.add(smoothed);
        }
    }
}

/// Whether the way bends here.
fn is_turn(truth: &[(&Point, geo::Point)], at: usize) -> bool {
    let Some((now, here)) = truth.get(at) else { return false };
    let before = truth.iter().take(at).rev().find(|(point, _)| now.time_ms - point.time_ms >= TURN_MS);
    let after = truth.iter().skip(at).find(|(point, _)| point.time_ms - now.time_ms >= TURN_MS);
    let (Some((_, before)), Some((_, after))) = (before, after) else { return false };
    let moving = Haversine.distance(*before, *here) >= TURN_M && Haversine.distance(*here, *after) >= TURN_M;
    let bend = (Haversine.bearing(*here, *after) - Haversine.bearing(*before, *here)).rem_euclid(360.0);
    moving && bend.min(360.0 - bend) > TURN_DEGREES
}

/// The way while on foot or stopped: of the fixes as recorded, and of the filter.
fn walk(trip: &Trip, points: &[Point], score: &mut Score) {
    let mut pipeline = Pipeline::new(trip.mode);
    let mut last: Option<(&Point, f64)> = None;
    for point in points {
        pipeline.take(point);
        let distance = pipeline.distance();
        if let Some((before, so_far)) = last
            && before.activity == Some(ON_FOOT)
            && point.activity == Some(ON_FOOT)
        {
            score.on_foot.secs += (point.time_ms - before.time_ms) as f64 / 1_000.0;
            score.on_foot.raw_m += Haversine.distance(place(before), place(point));
            score.on_foot.filter_m += distance - so_far;
        }
        last = Some((point, distance));
    }
}
