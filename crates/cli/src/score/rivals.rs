//! Two models on the same trips: which one is better, and by how much.

use onway_core::eta::Model;
use rayon::prelude::*;
use serde::Serialize;

use crate::score::eta::{Report, trip};
use crate::trips::Trip;

/// With fewer trips than these a difference may be chance.
const TRIPS_MIN: usize = 10;
/// A model must be better by this share, as the mean of both errors.
const WORTH: f64 = 0.003;
/// And neither of them may grow by more than this share.
const GROWTH_MAX: f64 = 0.01;

/// How good a model is: means over trips.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mark {
    pub trips: usize,
    pub mae_s: f64,
    pub mape: f64,
    /// Share of arrivals inside the range.
    pub coverage: f64,
}

impl Mark {
    /// `None` where there is nothing to judge by.
    pub fn of(model: &Model, trips: &[Trip]) -> Option<Self> {
        let report = Report::of(trips.par_iter().filter_map(|one| trip(one, model)).collect());
        let all = report.groups.last().filter(|all| all.trips > 0)?;
        let [own, ..] = all.errors;
        Some(Self { trips: all.trips, mae_s: own.mae_s, mape: own.mape, coverage: all.covered })
    }

    /// Whether this one should take the other's place.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let (secs, share) = (self.mae_s / other.mae_s, self.mape / other.mape);
        self.trips >= TRIPS_MIN && (secs + share) / 2.0 < 1.0 - WORTH && secs.max(share) <= 1.0 + GROWTH_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_what_helps_one_error_and_does_not_harm_the_other() {
        let mark = |trips, mae_s, mape| Mark { trips, mae_s, mape, coverage: 0.8 };
        let other = mark(20, 200.0, 0.30);
        for (one, better) in [
            (mark(20, 180.0, 0.27), true),
            (mark(20, 200.0, 0.30), false),
            (mark(20, 199.9, 0.30), false),
            (mark(20, 190.0, 0.302), true),
            (mark(20, 150.0, 0.31), false),
            (mark(9, 100.0, 0.10), false),
        ] {
            assert_eq!(one.is_better_than(&other), better, "{one:?}");
        }
    }
}
