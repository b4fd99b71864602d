//! The planned route, and how far along it somebody is.
//!
//! Of all points of the route near a position, the one is right to which the way along the route is about
//! as long as the way that was covered: where the route crosses itself or comes back on the same street,
//! the nearest point alone would jump from one leg to another. Far from the route for good (`OFF_METRES`,
//! back at `ON_METRES`) it says nothing about the way left.

use serde::{Deserialize, Serialize};

use crate::filter::kalman::offset;
use crate::fix::Position;

/// From here on the driver is off the route, in metres.
pub const OFF_METRES: f64 = 500.0;
/// From here on back on it.
pub const ON_METRES: f64 = 300.0;
/// The spread of positions about a road, in metres: its width, its drawing and the fix together.
const SPREAD: f64 = 30.0;
/// The way along the route may differ from the way covered by so many metres, and this part of it.
const SLACK: (f64, f64) = (40.0, 0.3);
/// The way along a winding road is at most so many times the straight way, and so many metres more.
const REACH: (f64, f64) = (3.0, 250.0);
/// So far back a position may come to lie by the error of the one before, in metres.
const BACK: f64 = 100.0;
/// The way is compared over at least so many metres: over less, errors of the positions hide where it goes.
const STRIDE: f64 = 50.0;
/// After so many strides on the wrong leg another is looked for.
const STRAYED: u8 = 3;
/// So far from its own leg, while another is within the spread, somebody strays, in metres.
const STRAY_METRES: f64 = 4.0 * SPREAD;

/// A polyline with the way from its start to each of its points.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    points: Vec<Position>,
    metres: Vec<f64>,
}

/// How far somebody is along a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Along {
    /// From the route's start, in metres.
    pub metres: f64,
    /// Far from it.
    pub is_off: bool,
    /// Where the present stride began: how far along, and where.
    began: Option<(f64, Position)>,
    /// Strides in a row that went backward, or far beside.
    strayed: u8,
}

impl Along {
    fn on(metres: f64, position: Position) -> Self {
        Self { metres, is_off: false, began: Some((metres, position)), strayed: 0 }
    }
}

/// A point of the route: how far along, and how far from the position.
#[derive(Clone, Copy, Debug)]
struct Near {
    along: f64,
    apart: f64,
}

impl Route {
    /// Reads an encoded polyline of precision 5; `None` for what is none, or has no length.
    pub fn decode(text: &str) -> Option<Self> {
        let line = polyline::decode_polyline(text, 5).ok()?;
        let points: Option<Vec<_>> = line.coords().map(|at| Position::from_degrees(at.y, at.x)).collect();
        Self::new(points?)
    }

    /// `None` where it has no length.
    pub fn new(points: Vec<Position>) -> Option<Self> {
        let mut metres = vec![0.0];
        let mut sum = 0.0;
        for pair in points.windows(2) {
            if let [from, to] = pair {
                sum += from.metres_to(*to);
                metres.push(sum);
            }
        }
        (sum > 0.0).then_some(Self { points, metres })
    }

    /// In metres.
    pub fn length(&self) -> f64 {
        self.metres.last().copied().unwrap_or_default()
    }

    /// The metres left from there to the route's end.
    pub fn left(&self, along: &Along) -> f64 {
        (self.length() - along.metres).max(0.0)
    }

    /// Where the route ends.
    pub fn end(&self) -> Option<Position> {
        self.points.last().copied()
    }

    /// Evenly spread points of the way left, `count` of them.
    pub fn ahead(&self, along: &Along, count: usize) -> impl Iterator<Item = Position> {
        let (from, left) = (along.metres, self.left(along));
        (0..count).filter_map(move |at| self.at(from + left * (at as f64 + 0.5) / count as f64))
    }

    /// The point that lies so many metres from the start.
    fn at(&self, metres: f64) -> Option<Position> {
        let after = self.metres.partition_point(|known| *known < metres).clamp(1, self.points.len() - 1);
        let (from, to) = (self.points.get(after - 1)?, self.points.get(after)?);
        let (before, until) = (self.metres.get(after - 1)?, self.metres.get(after)?);
        let part = if until > before { ((metres - before) / (until - before)).clamp(0.0, 1.0) } else { 0.0 };
        let mixed = |from: i32, to: i32| f64::from(from) + (f64::from(to) - f64::from(from)) * part;
        Some(Position {
            lat_e7: mixed(from.lat_e7, to.lat_e7).round() as i32,
            lng_e7: mixed(from.lng_e7, to.lng_e7).round() as i32,
        })
    }

    /// Where somebody who was at `before` is, now that they are at `position`.
    #[must_use]
    pub fn advance(&self, before: &Along, position: Position) -> Along {
        let Some((began, from)) = before.began.filter(|_| !before.is_off) else {
            return self.join(before, position);
        };
        let moved = from.metres_to(position);
        let reach = began - BACK..=began + moved * REACH.0 + REACH.1;
        let slack = SLACK.0 + SLACK.1 * moved;
        let cost = |near: &Near| {
            let spread = near.apart / SPREAD;
            spread * spread / 2.0 + (near.along - began - moved).abs() / slack
        };
        let near = self.near(position, reach).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        let Some(near) = near.filter(|near| near.apart <= OFF_METRES) else {
            return self.join(before, position);
        };
        if moved < STRIDE {
            return Along { metres: near.along, ..*before };
        }
        let backward = near.along < began - moved / 2.0;
        let beside = near.apart > STRAY_METRES;
        let strayed = if backward || beside { before.strayed + 1 } else { 0 };
        let other = || {
            let onward = |other: &Near| other.apart < SPREAD && (beside || other.along > near.along + BACK);
            self.near(position, 0.0..=self.length()).find(onward)
        };
        match (strayed >= STRAYED).then(other).flatten() {
            Some(other) => Along::on(other.along, position),
            None => Along { strayed: strayed.min(STRAYED), ..Along::on(near.along, position) },
        }
    }

    /// Finds the place on the route without a way to it: the nearest, and of several about as near the first
    /// that has not been passed.
    fn join(&self, before: &Along, position: Position) -> Along {
        let near = || self.near(position, 0.0..=self.length());
        let nearest = near().map(|near| near.apart).fold(f64::INFINITY, f64::min);
        let limit = if before.is_off { ON_METRES } else { OFF_METRES };
        if nearest > limit {
            return Along { is_off: true, ..*before };
        }
        let about = |near: &Near| near.apart <= nearest + SPREAD;
        let ahead = near().filter(about).find(|near| near.along >= before.metres - BACK);
        Along::on(ahead.or_else(|| near().find(about)).map_or(before.metres, |near| near.along), position)
    }

    /// The nearest point of each segment within a part of the route, in the order of the route.
    fn near(&self, position: Position, part: std::ops::RangeInclusive<f64>) -> impl Iterator<Item = Near> {
        let (from, to) = (*part.start(), *part.end());
        let first = self.metres.partition_point(|metres| *metres < from).saturating_sub(1);
        let ends = self.points.windows(2).zip(self.metres.windows(2)).skip(first);
        ends.filter_map(move |ends| match ends {
            ([a, b], [start, end]) => Some((*a, *b, *start, *end)),
            _ => None,
        })
        .take_while(move |(_, _, start, _)| *start <= to)
        .map(move |(a, b, start, end)| {
            let ([ax, ay], [bx, by]) = (offset(position, a), offset(position, b));
            let (dx, dy) = (bx - ax, by - ay);
            let square = dx * dx + dy * dy;
            let at = if square > 0.0 { (-(ax * dx + ay * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
            // Not beyond the part that is looked at.
            let along = (start + (end - start) * at).clamp(from.min(end), to.max(start));
            let at = if end > start { (along - start) / (end - start) } else { at };
            Near { along, apart: (ax + dx * at).hypot(ay + dy * at) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Metres east and north of a point in Aracaju.
    fn at((east, north): (f64, f64)) -> Position {
        let lat = -10.9 + north / 111_195.0;
        Position::from_degrees(lat, -37.05 + east / (111_195.0 * (-10.9_f64).to_radians().cos())).unwrap()
    }

    fn route(points: &[(f64, f64)]) -> Route {
        Route::new(points.iter().copied().map(at).collect()).unwrap()
    }

    fn follow(route: &Route, way: &[(f64, f64)]) -> Vec<Along> {
        let mut along = Along::default();
        way.iter()
            .map(|point| {
                along = route.advance(&along, at(*point));
                along
            })
            .collect()
    }

    fn metres(alongs: &[Along]) -> Vec<i64> {
        alongs.iter().map(|along| (along.metres / 10.0).round() as i64 * 10).collect()
    }

    #[test]
    fn progress_is_the_way_along_the_route() {
        let route = route(&[(0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0)]);
        let alongs = follow(&route, &[(2.0, 8.0), (500.0, -12.0), (990.0, 30.0), (1010.0, 500.0)]);
        assert_eq!(metres(&alongs), [0, 500, 1030, 1500]);
        assert_eq!((route.left(&alongs[3]) / 10.0).round(), 50.0);
    }

    #[test]
    fn crossing_legs_are_not_mixed_up() {
        // A figure of eight: the legs cross at (500, 0), 500 m and 2,914 m along.
        let eight = route(&[(0.0, 0.0), (1000.0, 0.0), (1000.0, 707.0), (0.0, -707.0), (0.0, -1000.0)]);
        let first: Vec<_> = (0..=10).map(|i| (f64::from(i) * 100.0, 6.0)).collect();
        let alongs = follow(&eight, &first);
        assert!(alongs.iter().all(|along| along.metres < 1_020.0), "{alongs:?}");
        let second: Vec<_> = (0..=10)
            .map(|i| f64::from(i) / 10.0)
            .map(|t| (1000.0 - 1000.0 * t, 707.0 - 1414.0 * t))
            .collect();
        let way: Vec<_> = first.into_iter().chain([(1000.0, 350.0)]).chain(second).collect();
        let alongs = follow(&eight, &way);
        assert!(alongs.is_sorted_by(|a, b| a.metres <= b.metres + 1.0), "{:?}", metres(&alongs));
        assert!((alongs.last().unwrap().metres - 3_439.0).abs() < 30.0);
    }

    #[test]
    fn out_and_back_on_one_street_is_followed() {
        let there = route(&[(0.0, 0.0), (2000.0, 0.0), (0.0, 0.0)]);
        let way: Vec<_> = (0..=20).map(|i| (f64::from(i) * 100.0, 5.0)).collect();
        let back: Vec<_> = way.iter().rev().skip(1).copied().collect();
        let alongs = follow(&there, &[way, back].concat());
        assert_eq!(metres(&alongs)[..21], (0..=20).map(|i| i * 100).collect::<Vec<_>>());
        assert_eq!(metres(&alongs).last(), Some(&4_000));
    }

    #[test]
    fn off_the_route_is_from_500_metres_on_and_ends_at_300() {
        let route = route(&[(0.0, 0.0), (10_000.0, 0.0)]);
        let north = [0.0, 300.0, 490.0, 520.0, 450.0, 310.0, 290.0, 400.0];
        let way: Vec<_> = north.iter().enumerate().map(|(i, north)| (i as f64 * 300.0, *north)).collect();
        let off: Vec<_> = follow(&route, &way).iter().map(|along| along.is_off).collect();
        assert_eq!(off, [false, false, false, true, true, true, false, false]);
    }

    #[test]
    fn a_part_left_out_is_found_again() {
        // A detour of a kilometre north that the driver does not take.
        let detour = route(&[
            (0.0, 0.0),
            (1000.0, 0.0),
            (1000.0, 400.0),
            (1400.0, 400.0),
            (1400.0, 0.0),
            (4000.0, 0.0),
        ]);
        let way: Vec<_> = (0..=30).map(|i| (f64::from(i) * 100.0, 0.0)).collect();
        let alongs = follow(&detour, &way);
        assert!((alongs.last().unwrap().metres - 3_800.0).abs() < 20.0, "{:?}", metres(&alongs));
    }

    #[test]
    fn what_has_no_length_is_no_route() {
        for text in ["", "?", "??", "????", "not a line\u{7f}"] {
            assert_eq!(Route::decode(text), None, "{text}");
        }
        assert!(Route::decode("_p~iF~ps|U_ulLnnqC_mqNvxq`@").is_some());
    }

    proptest! {
        #[test]
        fn any_way_stays_on_the_route(
            points in proptest::collection::vec((-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32), 2..20),
            way in proptest::collection::vec((-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32), 1..20),
        ) {
            let position = |(lat_e7, lng_e7): &(i32, i32)| Position { lat_e7: *lat_e7, lng_e7: *lng_e7 };
            if let Some(route) = Route::new(points.iter().map(position).collect()) {
                let mut along = Along::default();
                for point in &way {
                    along = route.advance(&along, position(point));
                    prop_assert!((0.0..=route.length()).contains(&along.metres));
                }
                prop_assert_eq!(route.ahead(&along, 8).count(), 8);
            }
        }
    }
}
