//! Fitting the ETA's model: power laws and weights, the pace field, trees over what is left, and the band.
//!
//! Trips of one user resemble each other. So each trip sees the field of all other users, and what is
//! fitted is judged on users that it has not seen: only as much of it is taken as helps them.

pub mod band;
pub mod boost;
pub mod field;
pub mod linear;
pub mod samples;

use std::collections::HashMap;

use onway_core::eta::{Corridor, Model};
use rayon::prelude::*;

use crate::fit::boost::{Row, Settings};
use crate::fit::field::{Grid, Way};
use crate::fit::samples::{Lesson, Samples};
use crate::trips::Trip;
use crate::walk::Walk;

/// Parts into which the users are divided, each judged by what the others teach.
const FOLDS: usize = 5;
/// What is fitted must be better by this share than what is simpler, to be taken instead.
const WORTH: f64 = 0.003;
/// And by so many standard errors, which fewer users than these cannot tell.
const SURE: f64 = 2.0;
const USERS_MIN: usize = 5;
/// Neither of the errors, in seconds and as a share, may grow by more than this share.
const GROWTH_MAX: f64 = 0.01;
/// Levels by which all times may be moved, as logarithms: the median of logarithms is not quite the best
/// for errors in seconds and in per cent.
const SHIFTS: [f64; 9] = [-0.12, -0.09, -0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06];

/// How much of the model is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The model built in.
    BuiltIn,
    /// Power laws, weights and pace field.
    Linear,
    /// And the trees.
    Trees,
}

impl Stage {
    const ALL: [Self; 3] = [Self::BuiltIn, Self::Linear, Self::Trees];
}

/// A model, and how it did on users that it had not seen.
pub struct Fitted {
    pub model: Model,
    pub stage: Stage,
    /// By how much all times were moved, as a logarithm.
    pub shift: f64,
    /// Mean error over trips, in seconds and as a share, of each stage.
    pub errors: Vec<(Stage, f64, f64)>,
}

/// An estimate of a trip, made without its user: what was left, what was estimated, and what was known.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    pub left: f64,
    pub estimated: f64,
    pub elapsed: f64,
    pub known: f64,
    pub weight: f64,
    pub user: usize,
}

/// Trips as lessons, and the number of each trip's user.
pub fn lessons<'a>(trips: &'a [Trip]) -> (Vec<usize>, Vec<Lesson>) {
    let mut known = HashMap::new();
    let number = |trip: &'a Trip| {
        let Trip { source, user, .. } = trip;
        let next = known.len();
        *known.entry((source, user)).or_insert(next)
    };
    let users: Vec<usize> = trips.iter().map(number).collect();
    let lesson = |(trip, user): (&Trip, &usize)| Lesson::of(&Walk::of(trip)?, *user);
    let lessons = trips.par_iter().zip(&users).filter_map(lesson).collect();
    (users, lessons)
}

/// Steps of the progress of a fit.
pub fn steps(settings: &Settings) -> u64 {
    ((FOLDS + 1) * settings.trees) as u64
}

/// Fits a model. `step` is called [`steps`] times at most.
pub fn fit(lessons: &[&Lesson], settings: &Settings, step: &(dyn Fn() + Sync)) -> Fitted {
    let base = Model::built_in();
    let grid = Grid::new(lessons.iter().map(|l| Way { user: l.user, mode: l.mode, track: &l.track }));
    let corridor = |lesson: &&Lesson| {
        let at = |position| grid.without(Some(lesson.user), lesson.mode, position);
        Corridor::new(lesson.origin, lesson.destination, at)
    };
    let corridors: Vec<Corridor> = lessons.par_iter().map(corridor).collect();
    let all: Vec<(&Lesson, &Corridor)> = lessons.iter().copied().zip(&corridors).collect();
    let judged = cross_validated(base, &all, settings, step);
    let errors: Vec<_> = Stage::ALL
        .iter()
        .zip(&judged)
        .map(|(stage, judged)| {
            let (mae, mape) = errors(judged, 0.0);
            (*stage, mae, mape)
        })
        .collect();
    let (stage, shift) = chosen(&judged);
    let samples = Samples(all);
    let mut model = match stage {
        Stage::BuiltIn => base.clone(),
        Stage::Linear => linear::fitted(base, &samples),
        Stage::Trees => with_trees(linear::fitted(base, &samples), &samples, settings, step),
    };
    if stage > Stage::BuiltIn {
        model.field = grid.field();
        model.power.iter_mut().for_each(|power| power.0 += shift);
    }
    let judged = judged.into_iter().nth(stage as usize).unwrap_or_default();
    model.band = band::fitted(base, &judged, shift);
    Fitted { model, stage, shift, errors }
}

fn with_trees(
    mut model: Model,
    samples: &Samples<'_>,
    settings: &Settings,
    step: &(dyn Fn() + Sync),
) -> Model {
    let mut rows = Vec::new();
    for (lesson, corridor) in &samples.0 {
        for sample in &lesson.samples {
            let features = sample.features(&model, corridor);
            let estimated = model.secs(sample.mode, sample.metres, &features).max(1.0);
            let weight = 1.0 / lesson.samples.len() as f64;
            rows.push(Row { features, residual: (sample.left / estimated).ln(), weight, user: lesson.user });
        }
    }
    model.trees = boost::trees(&rows, settings, step);
    model
}

/// What each stage estimates for the trips of users that it has not seen.
fn cross_validated(
    base: &Model,
    all: &[(&Lesson, &Corridor)],
    settings: &Settings,
    step: &(dyn Fn() + Sync),
) -> [Vec<Judged>; 3] {
    let parts: Vec<[Vec<Judged>; 3]> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| {
            let (held, taught): (Vec<_>, Vec<_>) = all.iter().partition(|(l, _)| l.user % FOLDS == fold);
            let (held, taught) = (Samples(held), Samples(taught));
            if held.0.is_empty() || taught.0.is_empty() {
                return Stage::ALL.map(|_| judge(base, &held));
            }
            let linear = linear::fitted(base, &taught);
            let trees = with_trees(linear.clone(), &taught, settings, step);
            [judge(base, &held), judge(&linear, &held), judge(&trees, &held)]
        })
        .collect();
    let mut joined = [const { Vec::new() }; 3];
    for part in parts {
        joined.iter_mut().zip(part).for_each(|(all, part)| all.extend(part));
    }
    joined
}

fn judge(model: &Model, samples: &Samples<'_>) -> Vec<Judged> {
    let mut judged = Vec::new();
    samples.each(|user, sample, corridor, weight| {
        let features = sample.features(model, corridor);
        judged.push(Judged {
            left: sample.left,
            estimated: model.secs(sample.mode, sample.metres, &features),
            elapsed: sample.journey.elapsed(sample.at),
            known: onway_core::eta::features::known(&features),
            weight,
            user,
        });
    });
    judged
}

/// Mean error over trips in seconds, and as a share, all estimates being moved by a factor's logarithm.
fn errors(judged: &[Judged], shift: f64) -> (f64, f64) {
    let factor = shift.exp();
    let (mut secs, mut share, mut weights) = (0.0, 0.0, 0.0);
    for Judged { left, estimated, weight, .. } in judged {
        let error = (estimated * factor - left).abs();
        secs += error * weight;
        share += error / left * weight;
        weights += weight;
    }
    (secs / f64::max(weights, 1.0), share / f64::max(weights, 1.0))
}

/// The stage that does best on users it has not seen, and by how much its level is moved. With few users
/// a gain may be chance, or that of a single one: what is simpler stays.
fn chosen(judged: &[Vec<Judged>; 3]) -> (Stage, f64) {
    let base = errors(&judged[0], 0.0);
    let of = |stage: Stage, shift: f64| {
        let (secs, share) = errors(&judged[stage as usize], shift);
        (secs / f64::max(base.0, 1e-9), share / f64::max(base.1, 1e-9))
    };
    let mut best = (Stage::BuiltIn, 0.0, 1.0);
    for stage in [Stage::Linear, Stage::Trees] {
        let (simpler, simpler_shift, simpler_found) = best;
        let bound = of(simpler, simpler_shift);
        for shift in SHIFTS {
            let (secs, share) = of(stage, shift);
            let found = (secs + share) / 2.0;
            let grows = f64::max(secs / bound.0, share / bound.1) > 1.0 + GROWTH_MAX;
            let better = found < best.2 && found < simpler_found * (1.0 - WORTH);
            let (first, second) = (&judged[simpler as usize], &judged[stage as usize]);
            if better && !grows && is_sure(first, second, simpler_shift, shift) {
                best = (stage, shift, found);
            }
        }
    }
    (best.0, best.1)
}

/// Whether the second estimates are better than the first by more than twice the standard error, as the
/// mean over trips of the logarithm of errors, trips of one user being no independent evidence.
fn is_sure(first: &[Judged], second: &[Judged], first_shift: f64, second_shift: f64) -> bool {
    let mut users: HashMap<usize, (f64, f64)> = HashMap::new();
    let error = |judged: &Judged, shift: f64| (judged.estimated * shift.exp() / judged.left).ln().abs();
    for (first, second) in first.iter().zip(second) {
        let gain = (error(first, first_shift) - error(second, second_shift)) * first.weight;
        let sum = users.entry(first.user).or_default();
        *sum = (sum.0 + gain, sum.1 + first.weight);
    }
    let (gain, trips) = users.values().fold((0.0, 0.0), |all, user| (all.0 + user.0, all.1 + user.1));
    let mean = gain / f64::max(trips, 1.0);
    let squares: f64 = users.values().map(|(gain, trips)| (gain - mean * trips).powi(2)).sum();
    users.len() >= USERS_MIN && mean > SURE * squares.sqrt() / f64::max(trips, 1.0)
}

#[cfg(test)]
mod tests;
