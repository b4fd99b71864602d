//! The band: within which of the estimates of unseen users the truth lay, by how far and how much was known.

use onway_core::eta::Model;
use onway_core::eta::model::{BANDS, band_row};

use crate::fit::Judged;

/// Trips that the band built in is worth, and those that all rows together are worth to each.
const PRIOR_ALL: f64 = 15.0;
const PRIOR_ROW: f64 = 10.0;

/// The band around estimates that are moved by `shift`, from those that were not.
pub fn fitted(base: &Model, judged: &[Judged], shift: f64) -> Vec<(f32, f32)> {
    let factor = shift.exp();
    let row = |judged: &Judged| band_row(judged.estimated * factor, judged.elapsed, judged.known);
    let residual = |judged: &Judged| (judged.left / (judged.estimated * factor).max(1.0)).ln();
    let mut rows = vec![Vec::new(); BANDS];
    for judged in judged {
        rows[row(judged)].push((residual(judged), judged.weight));
    }
    let mut all: Vec<_> = rows.iter().flatten().copied().collect();
    // What is built in tells the rows apart; what is fitted moves all of them.
    let pooled = quantiles(&mut all).map(|found| {
        let mean = |part: fn(&(f32, f32)) -> f32| {
            let sum: f64 =
                rows.iter().zip(&base.band).map(|(row, band)| weight(row) * f64::from(part(band))).sum();
            sum / weight(&all).max(1e-9)
        };
        let (low, high) = (mean(|band| band.0), mean(|band| band.1));
        let share = weight(&all) / (weight(&all) + PRIOR_ALL);
        (1.0 + (found.0 / low - 1.0) * share, 1.0 + (found.1 / high - 1.0) * share)
    });
    let (wider_low, wider_high) = pooled.unwrap_or((1.0, 1.0));
    let band = |(row, base): (&mut Vec<(f64, f64)>, &(f32, f32))| {
        let prior = (f64::from(base.0) * wider_low, f64::from(base.1) * wider_high);
        let (low, high) = quantiles(row).map_or(prior, |found| {
            let share = weight(row) / (weight(row) + PRIOR_ROW);
            (prior.0 + (found.0 - prior.0) * share, prior.1 + (found.1 - prior.1) * share)
        });
        (rounded(low.clamp(-3.0, -0.02)), rounded(high.clamp(0.02, 3.0)))
    };
    rows.iter_mut().zip(&base.band).map(band).collect()
}

fn weight(row: &[(f64, f64)]) -> f64 {
    row.iter().map(|(_, weight)| weight).sum()
}

/// The weighted 10th and 90th percentile; `None` of nothing.
fn quantiles(row: &mut [(f64, f64)]) -> Option<(f64, f64)> {
    row.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all = weight(row);
    let at = |share: f64| {
        let mut below = 0.0;
        let found = row.iter().find(|(_, weight)| {
            below += weight;
            below >= share * all
        });
        found.or(row.last()).map(|(value, _)| *value)
    };
    Some((at(0.1)?, at(0.9)?))
}

fn rounded(value: f64) -> f32 {
    ((value * 1e3).round() / 1e3) as f32
}
