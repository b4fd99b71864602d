//! The power laws and the linear weights: least absolute error, shrunk to the model built in.

use onway_core::eta::Model;
use onway_core::eta::features::LINEAR;
use onway_core::eta::model::Power;
use onway_core::wire::start::Mode;

use crate::fit::samples::{Sample, Samples};

const MODES: usize = Mode::ALL.len();
/// Two for each mode, and the weights.
const UNKNOWNS: usize = 2 * MODES + LINEAR;
/// Trips that the model built in is worth: for a level, a slope and a weight, each at its own scale.
const PRIOR_LEVEL: f64 = 3.0;
const PRIOR_SLOPE: f64 = 40.0;
const PRIOR_WEIGHT: f64 = 10.0;
/// Distances are measured from this one on, so that level and slope are told apart: 3 km.
const MIDDLE_LN: f64 = 8.0;
/// Rounds, in which the weights of the absolute error and the features settle.
const ROUNDS: usize = 8;
/// Smaller residuals, as logarithms, weigh no more.
const SMALLEST: f64 = 0.05;
/// A residual of this size weighs as much as its trip.
const TYPICAL: f64 = 0.3;

/// `base` with its power laws and weights fitted to `samples`.
pub fn fitted(base: &Model, samples: &Samples<'_>) -> Model {
    let mut model = base.clone();
    for _ in 0..ROUNDS {
        let mut matrix = [[0.0; UNKNOWNS + 1]; UNKNOWNS];
        samples.each(|_, sample: &Sample, corridor, weight| {
            let features = sample.features(&model, corridor);
            let mode = sample.mode as usize;
            let typical = base.power(sample.mode).secs(sample.metres).max(1.0).ln();
            let linear: f64 = base.weights.iter().zip(&features).map(|(w, x)| w * x).sum();
            let now =
                model.power(sample.mode).secs(sample.metres).max(1.0).ln() + model.correction(&features);
            let mut row = [0.0; UNKNOWNS + 1];
            row[2 * mode] = 1.0;
            row[2 * mode + 1] = sample.metres.max(1.0).ln() - MIDDLE_LN;
            row[2 * MODES..UNKNOWNS].copy_from_slice(&features[..LINEAR]);
            row[UNKNOWNS] = sample.left.ln() - typical - linear;
            let weight = weight / (sample.left.ln() - now).abs().max(SMALLEST) * TYPICAL;
            for (line, x) in matrix.iter_mut().zip(row) {
                if x != 0.0 {
                    line.iter_mut().zip(row).for_each(|(sum, y)| *sum += weight * x * y);
                }
            }
        });
        for (at, line) in matrix.iter_mut().enumerate() {
            line[at] += match at {
                _ if at >= 2 * MODES => PRIOR_WEIGHT,
                _ if at % 2 == 0 => PRIOR_LEVEL,
                _ => PRIOR_SLOPE,
            };
        }
        let found = solved(matrix);
        for mode in 0..MODES {
            let (level, slope) = (found[2 * mode], found[2 * mode + 1]);
            let Power(a, b) = base.power[mode];
            let b_new = (b + slope).clamp(0.2, 1.3);
            model.power[mode] = Power(a + level - (b_new - b) * MIDDLE_LN, b_new);
        }
        for (at, weight) in model.weights.iter_mut().enumerate() {
            *weight = (base.weights[at] + found[2 * MODES + at]).clamp(-3.0, 3.0);
        }
    }
    for Power(a, b) in &mut model.power {
        (*a, *b) = (rounded(*a), rounded(*b));
    }
    model.weights.iter_mut().for_each(|weight| *weight = rounded(*weight));
    model
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Gaussian elimination of a symmetric, positive definite system; the right side is the last column.
fn solved(mut matrix: [[f64; UNKNOWNS + 1]; UNKNOWNS]) -> [f64; UNKNOWNS] {
    for at in 0..UNKNOWNS {
        let pivot = matrix[at];
        for line in matrix.iter_mut().skip(at + 1) {
            let factor = line[at] / pivot[at];
            line.iter_mut().zip(pivot).for_each(|(value, above)| *value -= factor * above);
        }
    }
    let mut found = [0.0; UNKNOWNS];
    for at in (0..UNKNOWNS).rev() {
        let known: f64 = (at + 1..UNKNOWNS).map(|other| matrix[at][other] * found[other]).sum();
        found[at] = (matrix[at][UNKNOWNS] - known) / matrix[at][at];
    }
    found
}
