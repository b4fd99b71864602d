//! How far the fixes of a trip are from their forecasts over long steps, learned from the trip itself.
//!
//! Over half a minute anybody may turn, stop or start, and forecasts allow for it. Most trips do so less
//! than others, and what is far off for them is near for the rest: an innovation is unusual by the measure
//! of the trip's own (adaptive filtering by innovations: Mehra 1970).

use serde::{Deserialize, Serialize};

/// Over shorter steps the error of fixes hides what the way does, in seconds.
const LONG_STEP_SECS: f64 = 20.0;
/// The typical trip counts as so many steps; the weight of one step is at least that of the other.
const PRIOR_STEPS: f64 = 8.0;
const WEIGHT_MIN: f64 = 0.05;
/// One innovation counts at most as this many times the usual one: a jump is no habit.
const OUTLIER: f64 = 4.5;
/// What is learned stays within these.
const RANGE: [f64; 2] = [0.1, 4.0];

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Habit {
    /// Mean square of innovations over what the forecast expects.
    square: f32,
    steps: u8,
}

impl Default for Habit {
    fn default() -> Self {
        Self { square: 1.0, steps: 0 }
    }
}

impl Habit {
    /// Squared innovations after `secs`, over those expected.
    pub fn square(&self, secs: f64) -> f64 {
        if secs < LONG_STEP_SECS { 1.0 } else { self.square.into() }
    }

    /// Takes the squared distance, in deviations on two axes, of a fix that was believed after `secs`.
    pub fn observe(&mut self, secs: f64, surprise: f64) {
        if secs < LONG_STEP_SECS {
            return;
        }
        let known = f64::from(self.square);
        let weight = WEIGHT_MIN.max(1.0 / (f64::from(self.steps) + PRIOR_STEPS));
        let learned = known + weight * ((surprise / 2.0).min(OUTLIER * known) - known);
        self.square = learned.clamp(RANGE[0], RANGE[1]) as f32;
        self.steps = self.steps.saturating_add(1);
    }
}
