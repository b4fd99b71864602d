//! How much a track's positions scatter, learned from the track itself.
//!
//! Few phones report an accuracy, and fewer an honest one. Over steps of a second or two nobody's way
//! bends much, so that what lies between three positions in a row and a straight line is mostly error.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::filter::kalman::offset;
use crate::filter::matrix::Vector;
use crate::fix::Position;

/// Standard deviation on each axis before anything is known, in metres: typical of a phone outdoors.
const TYPICAL: f64 = 5.0;
/// What is learned stays within these, in metres.
const RANGE: [f64; 2] = [2.0, 30.0];
/// Longer steps tell of the way, not of the error, in ms.
const STEP_MAX: i64 = 2_500;
/// Weight of one position.
const WEIGHT: f64 = 0.04;
/// One deviation counts at most as this many times the expected variance: a jump is no noise.
const OUTLIER: f64 = 9.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// The last two fixes.
    last: [Option<(Millis, Position)>; 2],
    /// Standard deviation on each axis, in metres, once known.
    sigma: Option<f32>,
}

impl Noise {
    /// Standard deviation on each axis, in metres.
    pub fn sigma(&self) -> f64 {
        self.sigma.map_or(TYPICAL, f64::from)
    }

    pub fn last(&self) -> Option<(Millis, Position)> {
        self.last[1]
    }

    /// Takes the next position that was believed.
    pub fn observe(&mut self, time: Millis, position: Position) {
        if let [Some(first), Some(middle)] = self.last {
            let (before, after) = (middle.0.since(first.0), time.since(middle.0));
            let steps = 1..=STEP_MAX;
            // Standing still, most receivers repeat themselves to the last digit.
            let moved = first.1 != middle.1 && middle.1 != position;
            if steps.contains(&before) && steps.contains(&after) && moved {
                let share = before as f64 / (before + after) as f64;
                let [there, back] = [offset(middle.1, position), offset(middle.1, first.1)];
                let bend: Vector = [0, 1].map(|axis| share * there[axis] + (1.0 - share) * back[axis]);
                let expected = 1.0 + share * share + (1.0 - share).powi(2);
                let variance = self.sigma().powi(2);
                let seen = (bend[0].powi(2) + bend[1].powi(2)) / (2.0 * expected);
                let learned = variance + WEIGHT * (seen.min(OUTLIER * variance) - variance);
                self.sigma = Some(learned.sqrt().clamp(RANGE[0], RANGE[1]) as f32);
            }
        }
        self.last = [self.last[1], Some((time, position))];
    }

    /// After a jump, what lies between is no error.
    pub fn forget_way(&mut self) {
        self.last = [None, None];
    }
}
