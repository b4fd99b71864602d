//! One simulated delivery: a route, a drive along it and a receiver that errs, all from a seed.

use std::time::Duration;

use geo::Point;
use onway_core::wire::report::FixReport;
use onway_core::wire::start::Mode;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::driver::{Drive, Manner};
use crate::error::Error;
use crate::noise::Noise;
use crate::route::Route;

/// The smallest accuracy that a receiver reports, in metres.
const ACCURACY_BEST_M: f64 = 3.0;
/// Slower than this, a receiver knows no heading, in m/s.
const HEADING_FROM: f64 = 0.5;

/// Where to drive.
#[derive(Debug, Clone)]
pub enum Course {
    /// Along this encoded polyline, precision 5.
    Along(String),
    /// On a grid of streets from one place to another.
    Between(Point, Point),
    /// On a grid of streets from a place to wherever the seed says.
    From(Point, Extent),
}

/// How far to drive.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    Metres(f64),
    Lasting(Duration),
}

/// What to simulate. The same request gives the same simulation.
#[derive(Debug, Clone)]
pub struct Request {
    pub course: Course,
    pub mode: Mode,
    /// Mean speed in m/s, stops included; the mode's own where it is left out.
    pub speed: Option<f64>,
    /// Standard deviation of the position on each axis, in metres.
    pub noise_m: f64,
    pub seed: u64,
}

/// A delivery under way. Its fixes are asked for in the order of time.
#[derive(Debug)]
pub struct Simulation {
    pub route: Route,
    drive: Drive,
    noise: Noise,
    noise_m: f64,
    rng: SmallRng,
    last: Duration,
}

impl Simulation {
    pub fn new(request: &Request) -> Result<Self, Error> {
        let mut rng = SmallRng::seed_from_u64(request.seed);
        let manner = Manner::of(request.mode);
        let mean = request.speed.unwrap_or(manner.mean);
        let route = match &request.course {
            Course::Along(encoded) => Route::decode(encoded)?,
            Course::Between(from, to) => Route::between(*from, *to, &mut rng)?,
            Course::From(from, Extent::Metres(metres)) => Route::of_length(*from, *metres, &mut rng)?,
            Course::From(from, Extent::Lasting(time)) => {
                Route::of_length(*from, mean * time.as_secs_f64(), &mut rng)?
            }
        };
        let drive = Drive::plan(&route, manner, mean, &mut rng);
        let noise = Noise::new(request.noise_m, &mut rng);
        Ok(Self { route, drive, noise, noise_m: request.noise_m, rng, last: Duration::ZERO })
    }

    /// From start to arrival.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.drive.duration_s())
    }

    /// What the receiver says this long after the start, which the device's clock calls `now_ms`.
    pub fn fix(&mut self, elapsed: Duration, now_ms: i64) -> FixReport {
        let (along, speed) = self.drive.at(elapsed.as_secs_f64());
        let (truth, bearing) = self.route.at(along);
        let since_last = elapsed.saturating_sub(self.last).as_secs_f64();
        self.last = elapsed;
        let believed = self.noise.displace(truth, since_last, &mut self.rng);
        FixReport {
            lat: rounded(believed.y(), 1e7),
            lng: rounded(believed.x(), 1e7),
            timestamp: Some(now_ms.into()),
            accuracy: Some(rounded(self.noise_m.max(ACCURACY_BEST_M), 10.0)),
            speed: Some(rounded(speed, 100.0)),
            heading: (speed >= HEADING_FROM).then(|| rounded(bearing, 10.0) % 360.0),
            ..FixReport::default()
        }
    }

    /// Metres driven this long after the start.
    pub fn driven_m(&self, elapsed: Duration) -> f64 {
        self.drive.at(elapsed.as_secs_f64()).0
    }
}

fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Distance, Haversine};

    fn request(seed: u64) -> Request {
        let start = Point::new(-0.187, 5.6037);
        let course = Course::From(start, Extent::Metres(2_000.0));
        Request { course, mode: Mode::Scooter, speed: None, noise_m: 5.0, seed }
    }

    fn fixes(request: &Request) -> Vec<FixReport> {
        let mut simulation = Simulation::new(request).unwrap();
        let seconds = simulation.duration().as_secs();
        (0..=seconds).map(|second| simulation.fix(Duration::from_secs(second), second as i64)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_fixes() {
        assert_eq!(fixes(&request(4)), fixes(&request(4)));
        assert_ne!(fixes(&request(4)), fixes(&request(5)));
    }

    #[test]
    fn fixes_are_near_the_route_and_end_at_its_end() {
        let simulation = Simulation::new(&request(9)).unwrap();
        let fixes = fixes(&request(9));
        let last = fixes.last().unwrap();
        assert!(Haversine.distance(simulation.route.end(), Point::new(last.lng, last.lat)) < 30.0);
        assert!(fixes.iter().all(|fix| fix.heading.is_none_or(|heading| (0.0..360.0).contains(&heading))));
    }

    #[test]
    fn a_drive_lasts_about_as_long_as_asked_for() {
        let start = Point::new(-0.187, 5.6037);
        let course = Course::From(start, Extent::Lasting(Duration::from_secs(900)));
        let simulation = Simulation::new(&Request { course, ..request(2) }).unwrap();
        assert!((800..1_000).contains(&simulation.duration().as_secs()));
    }
}
