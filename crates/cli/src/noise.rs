//! The error of a simulated GPS receiver.
//!
//! A receiver's error wanders, it does not jump: each axis is a first-order Gauss–Markov process,
//! the usual model (Brown and Hwang, *Introduction to Random Signals and Applied Kalman
//! Filtering*, chapter on shaping filters), with the standard deviation that was asked for.

use geo::{Destination, Haversine, Point};
use rand::RngExt;
use rand::rngs::SmallRng;
use rand_distr::StandardNormal;

/// How long the error remembers itself, in seconds.
const CORRELATION_S: f64 = 20.0;

/// A wandering error in metres, east and north.
#[derive(Debug)]
pub struct Noise {
    sigma_m: f64,
    east_m: f64,
    north_m: f64,
}

impl Noise {
    /// An error with this standard deviation on each axis, already wandering.
    pub fn new(sigma_m: f64, rng: &mut SmallRng) -> Self {
        Self { sigma_m, east_m: sigma_m * normal(rng), north_m: sigma_m * normal(rng) }
    }

    /// Lets `elapsed_s` seconds pass and returns where the receiver believes `truth` to be.
    pub fn displace(&mut self, truth: Point, elapsed_s: f64, rng: &mut SmallRng) -> Point {
        let kept = (-elapsed_s / CORRELATION_S).exp();
        let fresh = self.sigma_m * (1.0 - kept * kept).sqrt();
        self.east_m = kept * self.east_m + fresh * normal(rng);
        self.north_m = kept * self.north_m + fresh * normal(rng);
        let bearing = self.east_m.atan2(self.north_m).to_degrees();
        Haversine.destination(truth, bearing, self.east_m.hypot(self.north_m))
    }
}

fn normal(rng: &mut SmallRng) -> f64 {
    rng.sample(StandardNormal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Distance;
    use rand::SeedableRng;

    #[test]
    fn the_error_has_the_spread_asked_for() {
        let mut rng = SmallRng::seed_from_u64(1);
        let truth = Point::new(-0.187, 5.6037);
        let mut noise = Noise::new(5.0, &mut rng);
        let squares: f64 = (0..20_000)
            .map(|_| Haversine.distance(truth, noise.displace(truth, 2.0, &mut rng)).powi(2))
            .sum();
        let per_axis = (squares / 20_000.0 / 2.0).sqrt();
        assert!((4.5..5.5).contains(&per_axis), "{per_axis}");
    }

    #[test]
    fn neighbouring_errors_are_alike() {
        let mut rng = SmallRng::seed_from_u64(2);
        let truth = Point::new(-0.187, 5.6037);
        let mut noise = Noise::new(5.0, &mut rng);
        let mut last = noise.displace(truth, 1.0, &mut rng);
        for _ in 0..1_000 {
            let next = noise.displace(truth, 1.0, &mut rng);
            assert!(Haversine.distance(last, next) < 10.0);
            last = next;
        }
    }

    #[test]
    fn without_noise_the_truth_comes_back() {
        let mut rng = SmallRng::seed_from_u64(3);
        let truth = Point::new(-0.187, 5.6037);
        let seen = Noise::new(0.0, &mut rng).displace(truth, 2.0, &mut rng);
        assert!(Haversine.distance(truth, seen) < 1e-6);
    }
}
