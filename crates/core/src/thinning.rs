//! Lines thinned out for drawing and for sending.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::fix::Position;

/// At most `most` (2 or more) of these points, the first and the last among them: those that shape the line,
/// by Visvalingam and Whyatt's effective area.
pub fn thinned(points: &[Position], most: usize) -> Vec<usize> {
    let last = points.len().saturating_sub(1);
    let mut line = Line {
        next: (1..=points.len()).collect(),
        before: (0..points.len()).map(|at| at.saturating_sub(1)).collect(),
        areas: vec![f64::INFINITY; points.len()],
        // Degrees of longitude are as long as those of latitude only at the equator.
        width: points.first().map_or(1.0, |at| at.lat().to_radians().cos()),
        points,
    };
    let mut least: BinaryHeap<_> = (1..last).map(|at| line.measure(at, 0.0)).collect();
    for _ in most.max(2)..points.len() {
        let Some(Least(area, at)) = std::iter::from_fn(|| least.pop()).find(|found| line.holds(found)) else {
            break;
        };
        let (before, next) = line.remove(at);
        least.extend(
            [before, next].into_iter().filter(|at| (1..last).contains(at)).map(|at| line.measure(at, area)),
        );
    }
    let kept = line.areas.iter().enumerate().filter(|(_, area)| !area.is_nan());
    kept.map(|(at, _)| at).collect()
}

/// A line while it is thinned out. Areas of points that have gone are not a number.
struct Line<'a> {
    points: &'a [Position],
    before: Vec<usize>,
    next: Vec<usize>,
    areas: Vec<f64>,
    width: f64,
}

/// A point by its area, the least being the greatest.
#[derive(PartialEq)]
struct Least(f64, usize);

impl Eq for Least {}

impl Ord for Least {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Least {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Line<'_> {
    /// Measures the triangle with its neighbours; no less than what has gone before it.
    fn measure(&mut self, at: usize, floor: f64) -> Least {
        let point = |at: Option<&usize>| {
            let position = at.and_then(|at| self.points.get(*at)).copied().unwrap_or_default();
            (f64::from(position.lng_e7) * self.width, f64::from(position.lat_e7))
        };
        let (a, b, c) = (point(self.before.get(at)), point(Some(&at)), point(self.next.get(at)));
        let area = ((b.0 - a.0) * (c.1 - a.1) - (c.0 - a.0) * (b.1 - a.1)).abs().max(floor);
        if let Some(known) = self.areas.get_mut(at) {
            *known = area;
        }
        Least(area, at)
    }

    /// Whether it has not been measured anew since, and has not gone.
    fn holds(&self, Least(area, at): &Least) -> bool {
        self.areas.get(*at) == Some(area)
    }

    /// Takes a point out. Returns its neighbours.
    fn remove(&mut self, at: usize) -> (usize, usize) {
        let (before, next) = (
            self.before.get(at).copied().unwrap_or_default(),
            self.next.get(at).copied().unwrap_or_default(),
        );
        for (links, from, to) in [(&mut self.next, before, next), (&mut self.before, next, before)] {
            if let Some(link) = links.get_mut(from) {
                *link = to;
            }
        }
        if let Some(area) = self.areas.get_mut(at) {
            *area = f64::NAN;
        }
        (before, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_thinned_line_keeps_its_ends_and_its_bound(
            points in proptest::collection::vec((-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32), 2..200),
            most in 2..70usize,
        ) {
            let points: Vec<_> = points.into_iter().map(|(lat_e7, lng_e7)| Position { lat_e7, lng_e7 }).collect();
            let kept = thinned(&points, most);
            prop_assert_eq!(kept.len(), points.len().min(most));
            prop_assert_eq!(kept.first(), Some(&0));
            prop_assert_eq!(kept.last(), Some(&(points.len() - 1)));
            prop_assert!(kept.is_sorted());
        }
    }

    #[test]
    fn corners_stay_when_straight_points_go() {
        let at = |(lat_e7, lng_e7)| Position { lat_e7, lng_e7 };
        let line = [(0, 0), (10, 1_000), (0, 2_000), (500, 3_000), (9_000, 3_010), (18_000, 3_000)].map(at);
        assert_eq!(thinned(&line, 4), [0, 2, 3, 5]);
        assert_eq!(thinned(&line, 3), [0, 3, 5]);
        assert_eq!(thinned(&line, 0), [0, 5]);
        assert_eq!(thinned(&line[..1], 2), [0]);
        assert_eq!(thinned(&[], 2), [0_usize; 0]);
    }
}
