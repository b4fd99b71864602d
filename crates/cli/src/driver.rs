//! How a simulated driver moves along a route: accelerates, brakes for turns, stops at lights.
//!
//! The route is cut where something happens. A backward and a forward pass limit the speed at each
//! cut to what braking and accelerating allow; between two cuts the driver accelerates, cruises
//! and brakes. The result is a list of phases with constant acceleration, so that the state at any
//! time is a formula and needs no steps.

use crate::mode::Mode;
use rand::RngExt;
use rand::rngs::SmallRng;

use crate::route::Route;

/// A turn of more than this many degrees is taken slowly.
const TURN_DEG: f64 = 30.0;
/// How often the search for the cruising speed halves its interval.
const SEARCH_STEPS: usize = 30;
/// The fastest cruise that is tried to reach a mean, as a multiple of that mean.
const CRUISE_AT_MOST: f64 = 4.0;

/// How one kind of vehicle drives.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Mean speed where none was asked for, m/s, stops included.
    pub mean: f64,
    /// Acceleration and braking, m/s².
    pub acceleration: f64,
    /// Speed in a turn, m/s.
    pub turn: f64,
    /// The share of crossings with a red light.
    pub red: f64,
}

impl Manner {
    pub fn of(mode: Mode) -> Self {
        let (mean, acceleration, turn, red) = match mode {
            Mode::Foot => (1.3, 1.0, 1.3, 0.08),
            Mode::Bicycle => (4.0, 0.8, 2.5, 0.10),
            Mode::Scooter => (6.5, 1.8, 4.0, 0.12),
            Mode::Car => (8.0, 1.6, 4.0, 0.12),
            Mode::Van => (7.0, 1.3, 3.5, 0.12),
            Mode::Truck => (6.0, 0.8, 3.0, 0.12),
        };
        Self { mean, acceleration, turn, red }
    }
}

/// Where on the route the speed is limited, and for how long the driver stands there.
#[derive(Debug, Clone, Copy)]
struct Cut {
    along_m: f64,
    limit: f64,
    wait_s: f64,
    /// The pace on the leg that begins here, as a multiple of the cruising speed.
    pace: f64,
}

/// Constant acceleration from one time to the next.
#[derive(Debug, Clone, Copy)]
struct Phase {
    from_s: f64,
    from_m: f64,
    speed: f64,
    acceleration: f64,
}

/// A whole drive: distance and speed at any time.
#[derive(Debug)]
pub struct Drive {
    phases: Vec<Phase>,
    length_m: f64,
    duration_s: f64,
}

impl Drive {
    /// The drive along a route whose mean speed, stops included, is `mean` m/s, or as near to it as
    /// this manner allows.
    pub fn plan(route: &Route, manner: Manner, mean: f64, rng: &mut SmallRng) -> Self {
        let cuts = cuts(route, manner, rng);
        let wanted_s = route.length_m() / mean;
        let (mut slow, mut fast) = (mean * 0.5, mean * CRUISE_AT_MOST);
        for _ in 0..SEARCH_STEPS {
            let cruise = f64::midpoint(slow, fast);
            if Self::at_cruise(&cuts, manner, cruise).duration_s > wanted_s {
                slow = cruise;
            } else {
                fast = cruise;
            }
        }
        Self::at_cruise(&cuts, manner, fast)
    }

    /// Seconds from start to arrival.
    pub fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// Metres from the start, and speed in m/s, this many seconds after the start.
    pub fn at(&self, seconds: f64) -> (f64, f64) {
        if seconds >= self.duration_s {
            return (self.length_m, 0.0);
        }
        let next = self.phases.partition_point(|phase| phase.from_s <= seconds);
        let Some(phase) = self.phases.get(next.saturating_sub(1)) else {
            return (0.0, 0.0);
        };
        let into = (seconds - phase.from_s).max(0.0);
        let speed = phase.speed + phase.acceleration * into;
        let along = phase.from_m + into * f64::midpoint(phase.speed, speed);
        (along.min(self.length_m), speed.max(0.0))
    }

    fn at_cruise(cuts: &[Cut], manner: Manner, cruise: f64) -> Self {
        let speeds = reachable(cuts, manner.acceleration, cruise);
        let mut phases = Vec::with_capacity(cuts.len() * 3);
        let mut time = 0.0;
        for (cut, speed) in cuts.windows(2).zip(speeds.windows(2)) {
            if cut[0].wait_s > 0.0 {
                phases.push(Phase { from_s: time, from_m: cut[0].along_m, speed: 0.0, acceleration: 0.0 });
                time += cut[0].wait_s;
            }
            let metres = cut[1].along_m - cut[0].along_m;
            let a = manner.acceleration;
            let highest = (a * metres + f64::midpoint(speed[0].powi(2), speed[1].powi(2))).sqrt();
            let peak = highest.min(cruise * cut[0].pace).max(speed[0]).max(speed[1]);
            let (rising_m, falling_m) = (
                (peak.powi(2) - speed[0].powi(2)) / (2.0 * a),
                (peak.powi(2) - speed[1].powi(2)) / (2.0 * a),
            );
            let level_m = (metres - rising_m - falling_m).max(0.0);
            let start = cut[0].along_m;
            let mut phase = |from_m, speed, acceleration, lasting_s: f64| {
                phases.push(Phase { from_s: time, from_m, speed, acceleration });
                time += lasting_s;
            };
            phase(start, speed[0], a, (peak - speed[0]) / a);
            phase(start + rising_m, peak, 0.0, level_m / peak);
            phase(start + rising_m + level_m, peak, -a, (peak - speed[1]) / a);
        }
        let length_m = cuts.last().map_or(0.0, |cut| cut.along_m);
        Self { phases, length_m, duration_s: time }
    }
}

/// The start, every turn, a crossing each block or so, and the end.
fn cuts(route: &Route, manner: Manner, rng: &mut SmallRng) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    let mut add = |along_m, limit, red: f64, rng: &mut SmallRng| {
        let stops = rng.random_bool(red);
        cuts.push(Cut {
            along_m,
            limit: if stops { 0.0 } else { limit },
            wait_s: if stops { rng.random_range(5.0..25.0) } else { 0.0 },
            pace: rng.random_range(0.8..1.2),
        });
    };
    add(0.0, 0.0, 0.0, rng);
    let mut crossing = rng.random_range(80.0..160.0);
    for (along, angle) in route.turns().chain([(route.length_m(), 0.0)]) {
        while crossing < along {
            add(crossing, f64::INFINITY, manner.red, rng);
            crossing += rng.random_range(80.0..160.0);
        }
        if along < route.length_m() {
            add(along, if angle > TURN_DEG { manner.turn } else { f64::INFINITY }, 0.0, rng);
        }
    }
    add(route.length_m(), 0.0, 0.0, rng);
    cuts
}

/// The speed at each cut that braking before it and accelerating after it allow.
fn reachable(cuts: &[Cut], acceleration: f64, cruise: f64) -> Vec<f64> {
    let mut speeds: Vec<f64> = cuts.iter().map(|cut| cut.limit.min(cruise * cut.pace)).collect();
    for i in 1..cuts.len() {
        let metres = cuts[i].along_m - cuts[i - 1].along_m;
        // The leg that ends here has its own pace, which its end may not exceed.
        let pace = cruise * cuts[i - 1].pace;
        let gained = (speeds[i - 1].powi(2) + 2.0 * acceleration * metres).sqrt();
        speeds[i] = speeds[i].min(gained).min(pace);
    }
    for i in (1..cuts.len()).rev() {
        let metres = cuts[i].along_m - cuts[i - 1].along_m;
        let braked = (speeds[i].powi(2) + 2.0 * acceleration * metres).sqrt();
        speeds[i - 1] = speeds[i - 1].min(braked);
    }
    speeds
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Point;
    use rand::SeedableRng;

    fn drive(seed: u64, mode: Mode) -> (Route, Drive, Manner) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let route = Route::of_length(Point::new(-0.187, 5.6037), 3_000.0, &mut rng).unwrap();
        let manner = Manner::of(mode);
        let drive = Drive::plan(&route, manner, manner.mean, &mut rng);
        (route, drive, manner)
    }

    #[test]
    fn the_mean_speed_is_the_one_asked_for() {
        for mode in [Mode::Foot, Mode::Bicycle, Mode::Scooter, Mode::Car, Mode::Van, Mode::Truck] {
            for seed in 0..20 {
                let (route, drive, manner) = drive(seed, mode);
                let mean = route.length_m() / drive.duration_s();
                assert!((mean / manner.mean - 1.0).abs() < 0.1, "{mode:?}, seed {seed}: {mean}");
            }
        }
    }

    #[test]
    fn distance_never_shrinks_and_agrees_with_the_speed() {
        for seed in 0..20 {
            let (route, drive, manner) = drive(seed, Mode::Car);
            let (mut last, mut last_speed) = (0.0, 0.0);
            for tick in 0..=((drive.duration_s() * 10.0) as u32 + 10) {
                let (along, speed) = drive.at(f64::from(tick) / 10.0);
                let mean = f64::midpoint(last_speed, speed);
                assert!((along - last - mean * 0.1).abs() < 0.02, "seed {seed}, tick {tick}");
                assert!((speed - last_speed).abs() <= manner.acceleration * 0.1 + 1e-6);
                (last, last_speed) = (along, speed);
            }
            assert!((last - route.length_m()).abs() < 1e-6);
        }
    }

    #[test]
    fn a_car_stands_at_some_lights() {
        let (_, drive, _) = drive(2, Mode::Car);
        let seconds = drive.duration_s() as u32;
        let standing = (10..seconds - 10).filter(|second| drive.at(f64::from(*second)).1 < 0.01).count();
        assert!(standing >= 5, "{standing} s");
    }
}
