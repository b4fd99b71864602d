//! What is counted of a run over trips: a sum that can be added up over sources.

use std::collections::BTreeMap;

use geo::{Distance, Haversine, Point};
use serde::Serialize;

use crate::score::faults::Fault;
use crate::trips;

/// Further than this from where they were, somebody is shown wrong, in metres.
pub const OFF_M: f64 = 100.0;

/// The place of a recorded point, as `geo` has it.
pub fn place(point: &trips::Point) -> Point {
    Point::new(point.lng, point.lat)
}

/// Caught of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    pub of: usize,
    pub count: usize,
}

impl Share {
    pub fn add(&mut self, counts: bool) {
        self.of += 1;
        self.count += usize::from(counts);
    }

    pub fn join(&mut self, other: Self) {
        self.of += other.of;
        self.count += other.count;
    }

    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64 * 100.0)
    }
}

/// How one filter did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tally {
    pub bad_caught: Share,
    pub good_dropped: Share,
    pub off: Share,
    pub caught_by_fault: BTreeMap<Fault, Share>,
}

impl Tally {
    /// Takes one fix: what it was, whether it was dropped, and where the driver was shown then.
    pub fn add(&mut self, fault: Option<Fault>, dropped: bool, shown: Option<Point>, clean: Point) {
        match fault {
            Some(fault) => {
                self.bad_caught.add(dropped);
                self.caught_by_fault.entry(fault).or_default().add(dropped);
            }
            None => self.good_dropped.add(dropped),
        }
        if let Some(shown) = shown {
            self.off.add(Haversine.distance(shown, clean) > OFF_M);
        }
    }

    pub fn join(&mut self, other: &Self) {
        self.bad_caught.join(other.bad_caught);
        self.good_dropped.join(other.good_dropped);
        self.off.join(other.off);
        for (fault, share) in &other.caught_by_fault {
            self.caught_by_fault.entry(*fault).or_default().join(*share);
        }
    }
}

/// Distances between two positions of the same time: their root mean square.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Errors {
    squares: f64,
    count: usize,
}

impl Errors {
    pub fn add(&mut self, metres: f64) {
        self.squares += metres * metres;
        self.count += 1;
    }

    pub fn join(&mut self, other: Self) {
        self.squares += other.squares;
        self.count += other.count;
    }

    /// Metres.
    pub fn rmse(self) -> Option<f64> {
        (self.count > 0).then(|| (self.squares / self.count as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten fixes, every fifth of them a spike; the filter drops and shows as it is told.
    fn tally(drops: impl Fn(Option<Fault>) -> bool, shown: Option<Point>) -> Tally {
        let mut tally = Tally::default();
        for i in 0..10 {
            let fault = (i % 5 == 0).then_some(Fault::Spike);
            tally.add(fault, drops(fault), shown, Point::new(13.0, 5.0));
        }
        tally
    }

    fn percents(tally: &Tally) -> [Option<f64>; 3] {
        [tally.bad_caught, tally.good_dropped, tally.off].map(Share::percent)
    }

    #[test]
    fn a_perfect_filter_and_useless_ones_score_as_they_must() {
        let (here, far) = (Point::new(13.0, 5.0), Point::new(13.0, 5.01));
        let cases = [
            ("perfect", tally(|fault| fault.is_some(), Some(here)), [100.0, 0.0, 0.0]),
            ("believes all", tally(|_| false, Some(far)), [0.0, 0.0, 100.0]),
            ("drops all", tally(|_| true, Some(here)), [100.0, 100.0, 0.0]),
            ("drops the wrong ones", tally(|fault| fault.is_none(), Some(far)), [0.0, 100.0, 100.0]),
        ];
        for (name, tally, expected) in cases {
            assert_eq!(percents(&tally), expected.map(Some), "{name}");
            assert_eq!(tally.caught_by_fault.get(&Fault::Spike), Some(&tally.bad_caught), "{name}");
        }
        let silent = tally(|_| true, None);
        assert_eq!(percents(&silent)[2], None, "nothing shown is nothing wrong");
    }

    #[test]
    fn errors_are_root_mean_squares_and_add_up() {
        let (mut one, mut other) = (Errors::default(), Errors::default());
        assert_eq!(one.rmse(), None);
        one.add(3.0);
        other.add(4.0);
        one.join(other);
        assert_eq!(one.rmse(), Some(12.5_f64.sqrt()));
    }
}
