//! Where a simulated driver goes: a path on a grid of streets, or one that was given.
//!
//! A generated path is a staircase between two points on a grid turned by a random angle, with
//! legs of random length: it looks like streets, needs no map, and is the same for the same seed.

use geo::{Bearing, Destination, Distance, Haversine, InterpolatePoint, LineString, Point};
use rand::RngExt;
use rand::rngs::SmallRng;

use crate::error::Error;

/// The mean length of a leg between two turns, in metres.
const LEG_M: f64 = 260.0;
/// Less is no drive, in metres.
const SHORTEST_M: f64 = 10.0;
/// The most turns that a generated path has, so that a path across a country stays small.
const MAX_LEGS: f64 = 400.0;
/// Google's polyline precision, as the protocol uses it.
const PRECISION: u32 = 5;

/// A path with the distance of each of its points from the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    points: Vec<Point>,
    along_m: Vec<f64>,
}

impl Route {
    /// The path through these points. Repeated points are dropped; at least two must remain.
    pub fn through(points: impl IntoIterator<Item = Point>) -> Result<Self, Error> {
        let mut kept: Vec<Point> = Vec::new();
        let mut along_m = Vec::new();
        let mut total = 0.0;
        for point in points {
            match kept.last() {
                Some(last) if *last == point => continue,
                Some(last) => total += Haversine.distance(*last, point),
                None => {}
            }
            kept.push(point);
            along_m.push(total);
        }
        if total < SHORTEST_M {
            return Err(Error::Route(format!("it is {total:.1} m long, and needs {SHORTEST_M} m at least")));
        }
        Ok(Self { points: kept, along_m })
    }

    /// The path of an encoded polyline, precision 5.
    pub fn decode(encoded: &str) -> Result<Self, Error> {
        let line = polyline::decode_polyline(encoded, PRECISION)
            .map_err(|problem| Error::Route(problem.to_string()))?;
        let valid = |at: &Point| (-90.0..=90.0).contains(&at.y()) && (-180.0..=180.0).contains(&at.x());
        if !line.points().all(|point| valid(&point)) {
            return Err(Error::Route("it leaves the globe".into()));
        }
        Self::through(line.points())
    }

    /// A path on a grid of streets from one point to another.
    pub fn between(from: Point, to: Point, rng: &mut SmallRng) -> Result<Self, Error> {
        let turned = rng.random_range(20.0_f64..70.0);
        Self::staircase(from, to, turned, rng)
    }

    /// A path on a grid of streets of about this length, from this point to wherever the seed says.
    pub fn of_length(from: Point, metres: f64, rng: &mut SmallRng) -> Result<Self, Error> {
        let turned = rng.random_range(20.0_f64..70.0);
        let straight = metres / (turned.to_radians().cos() + turned.to_radians().sin());
        let to = Haversine.destination(from, rng.random_range(0.0..360.0), straight);
        Self::staircase(from, to, turned, rng)
    }

    /// In metres.
    pub fn length_m(&self) -> f64 {
        self.along_m.last().copied().unwrap_or(0.0)
    }

    pub fn start(&self) -> Point {
        self.points[0]
    }

    pub fn end(&self) -> Point {
        self.points[self.points.len() - 1]
    }

    /// How far from the start each turn is (metres), and by how many degrees it turns (0 to 180).
    pub fn turns(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.windows(3).zip(&self.along_m[1..]).map(|(three, along)| {
            let before = Haversine.bearing(three[0], three[1]);
            let after = Haversine.bearing(three[1], three[2]);
            let angle = (after - before).rem_euclid(360.0);
            (*along, angle.min(360.0 - angle))
        })
    }

    /// The point this many metres from the start and the bearing there, clamped to the ends.
    pub fn at(&self, metres: f64) -> (Point, f64) {
        let leg = self.along_m.partition_point(|along| *along <= metres).clamp(1, self.points.len() - 1);
        let (before, after) = (self.points[leg - 1], self.points[leg]);
        let bearing = Haversine.bearing(before, after).rem_euclid(360.0);
        let into = metres.clamp(0.0, self.length_m()) - self.along_m[leg - 1];
        (Haversine.point_at_distance_between(before, after, into), bearing)
    }

    /// The path as an encoded polyline, precision 5.
    pub fn encode(&self) -> Result<String, Error> {
        let line: LineString = self.points.iter().copied().collect();
        polyline::encode_coordinates(line, PRECISION).map_err(|problem| Error::Route(problem.to_string()))
    }

    /// Legs along the two axes of a grid turned by `turned` degrees from the straight line.
    fn staircase(from: Point, to: Point, turned: f64, rng: &mut SmallRng) -> Result<Self, Error> {
        let straight = Haversine.distance(from, to);
        let first_axis = Haversine.bearing(from, to) - turned;
        let (sin, cos) = turned.to_radians().sin_cos();
        let steps = ((straight * (cos + sin)) / LEG_M / 2.0).round().clamp(1.0, MAX_LEGS / 2.0) as usize;
        let along_first = shares(straight * cos, steps, rng);
        let along_second = shares(straight * sin, steps, rng);

        let mut points = vec![from];
        let mut at = from;
        for (first, second) in along_first.into_iter().zip(along_second) {
            at = Haversine.destination(at, first_axis, first);
            points.push(at);
            at = Haversine.destination(at, first_axis + 90.0, second);
            points.push(at);
        }
        // The grid is flat and the globe is not: the last corner takes up the difference.
        points.pop();
        points.push(to);
        Self::through(points)
    }
}

/// Splits a length in `count` random parts, the longest at most four times the shortest.
fn shares(total: f64, count: usize, rng: &mut SmallRng) -> Vec<f64> {
    let weights: Vec<f64> = (0..count).map(|_| rng.random_range(0.5..2.0)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| total * weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const ACCRA: (f64, f64) = (-0.1870, 5.6037);

    #[test]
    fn the_same_seed_gives_the_same_path() {
        let path =
            |seed| Route::of_length(ACCRA.into(), 3_000.0, &mut SmallRng::seed_from_u64(seed)).unwrap();
        assert_eq!(path(7), path(7));
        assert_ne!(path(7), path(8));
    }

    #[test]
    fn a_generated_path_has_the_length_asked_for_and_turns_corners() {
        for seed in 0..50 {
            let route = Route::of_length(ACCRA.into(), 4_000.0, &mut SmallRng::seed_from_u64(seed)).unwrap();
            assert!((route.length_m() - 4_000.0).abs() < 40.0, "seed {seed}: {}", route.length_m());
            assert!(route.turns().filter(|(_, angle)| *angle > 60.0).count() >= 8, "seed {seed}");
        }
    }

    #[test]
    fn a_path_between_two_points_begins_and_ends_there() {
        let (from, to) = (Point::new(-37.05, -10.93), Point::new(-37.06, -10.99));
        let route = Route::between(from, to, &mut SmallRng::seed_from_u64(1)).unwrap();
        assert_eq!((route.start(), route.end()), (from, to));
        let straight = Haversine.distance(from, to);
        assert!((1.2..1.5).contains(&(route.length_m() / straight)));
    }

    #[test]
    fn positions_along_the_path_are_as_far_as_they_say() {
        let route = Route::of_length(ACCRA.into(), 2_000.0, &mut SmallRng::seed_from_u64(3)).unwrap();
        let (mut last, mut walked) = (route.start(), 0.0);
        for step in 1..=2_100 {
            let (at, bearing) = route.at(f64::from(step));
            assert!((0.0..360.0).contains(&bearing));
            walked += Haversine.distance(last, at);
            last = at;
        }
        assert!((walked - route.length_m()).abs() < 20.0);
        assert!(Haversine.distance(last, route.end()) < 0.01);
    }

    #[test]
    fn an_encoded_path_comes_back_within_a_metre() {
        let route = Route::of_length(ACCRA.into(), 2_000.0, &mut SmallRng::seed_from_u64(3)).unwrap();
        let back = Route::decode(&route.encode().unwrap()).unwrap();
        assert!(Haversine.distance(back.end(), route.end()) < 1.0);
        assert!((back.length_m() - route.length_m()).abs() < 10.0);
    }

    #[test]
    fn a_path_of_one_place_is_refused() {
        assert!(Route::through([Point::new(1.0, 1.0), Point::new(1.0, 1.0)]).is_err());
        assert!(Route::decode("").is_err());
        assert!(Route::between(ACCRA.into(), ACCRA.into(), &mut SmallRng::seed_from_u64(1)).is_err());
    }
}
