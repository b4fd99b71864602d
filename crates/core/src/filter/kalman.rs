//! Position and velocity from fixes: an interacting multiple-model Kalman filter in local metres.
//!
//! Two models of the same motion run side by side: a calm one, which smooths, and an agile one, which
//! follows a turn or a stop without lag; their probabilities weigh them (Blom and Bar-Shalom, *The
//! interacting multiple model algorithm*, 1988). In both, velocity is nearly constant over seconds and
//! reverts to zero over minutes (an integrated Ornstein–Uhlenbeck process), so that a long silence leaves
//! a wide but bounded guess. Both axes share one covariance. The state is kept in `f32`: it is exact in JSON.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::filter::limits::Limits;
use crate::fix::Position;

/// Metres of a degree of latitude, on the mean radius.
const METRES_PER_DEGREE: f64 = 111_195.0;
/// Density of the white acceleration on a straight road, in m²/s³.
const CALM: f64 = 0.03;
/// How long a calm speed lasts, in times of the agile one.
const CALM_PERSISTENCE: f64 = 8.0;
/// How long a calm stretch, and a manoeuvre, last in the mean, in seconds.
const CALM_SECS: f64 = 25.0;
const AGILE_SECS: f64 = 5.0;

/// East and north, in metres or m/s.
pub type Vector = [f64; 2];

pub fn length([east, north]: Vector) -> f64 {
    east.hypot(north)
}

/// From one position to another, in local metres.
pub fn offset(from: Position, to: Position) -> Vector {
    let mut east = i64::from(to.lng_e7) - i64::from(from.lng_e7);
    if east.abs() > 1_800_000_000 {
        east -= 3_600_000_000 * east.signum();
    }
    let north = i64::from(to.lat_e7) - i64::from(from.lat_e7);
    [east as f64 * 1e-7 * METRES_PER_DEGREE * shrinking(from), north as f64 * 1e-7 * METRES_PER_DEGREE]
}

/// The position at an offset of local metres.
pub fn moved(from: Position, [east, north]: Vector) -> Position {
    let lat = (from.lat() + north / METRES_PER_DEGREE).clamp(-90.0, 90.0);
    let lng = from.lng() + east / METRES_PER_DEGREE / shrinking(from);
    let lng = (lng + 180.0).rem_euclid(360.0) - 180.0;
    Position::from_degrees(lat, lng).unwrap_or(from)
}

/// How much shorter a degree of longitude is than one of latitude; never nothing.
fn shrinking(at: Position) -> f64 {
    at.lat().to_radians().cos().max(0.01)
}

/// A guess with its covariance: of position, of position with velocity, of velocity, on each axis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Guess {
    pub place: Vector,
    pub velocity: Vector,
    pub covariance: [f64; 3],
}

impl Guess {
    /// After `secs`, under acceleration of this density and a velocity that lasts `persistence`.
    fn after(self, secs: f64, density: f64, persistence: f64) -> Self {
        let kept = (-secs / persistence).exp();
        let reach = persistence * (1.0 - kept);
        let [pp, pv, vv] = self.covariance;
        let spread = [
            persistence.powi(2) * (secs - 2.0 * reach + persistence / 2.0 * (1.0 - kept * kept)).max(0.0),
            reach * reach / 2.0,
            persistence / 2.0 * (1.0 - kept * kept),
        ];
        Self {
            place: [0, 1].map(|axis| self.place[axis] + self.velocity[axis] * reach),
            velocity: self.velocity.map(|speed| speed * kept),
            covariance: [
                pp + 2.0 * reach * pv + reach * reach * vv + density * spread[0],
                kept * (pv + reach * vv) + density * spread[1],
                kept * kept * vv + density * spread[2],
            ],
        }
    }

    /// Squared distance of a measurement, in its expected deviations.
    fn surprise(&self, measured: Vector, variance: f64) -> f64 {
        let apart = [0, 1].map(|axis| measured[axis] - self.place[axis]);
        (apart[0].powi(2) + apart[1].powi(2)) / (self.covariance[0] + variance)
    }

    /// With a measurement of the position; and how likely that was.
    fn measured(self, measured: Vector, variance: f64) -> (Self, f64) {
        let [pp, pv, vv] = self.covariance;
        let total = pp + variance;
        let likelihood = (-0.5 * self.surprise(measured, variance)).exp() / total;
        let (gain, speed_gain) = (pp / total, pv / total);
        let apart = [0, 1].map(|axis| measured[axis] - self.place[axis]);
        let guess = Self {
            place: [0, 1].map(|axis| self.place[axis] + gain * apart[axis]),
            velocity: [0, 1].map(|axis| self.velocity[axis] + speed_gain * apart[axis]),
            covariance: [(1.0 - gain) * pp, (1.0 - gain) * pv, vv - speed_gain * pv],
        };
        (guess, likelihood)
    }

    /// Two guesses as one, the second with probability `weight`.
    fn mixed(self, other: Self, weight: f64) -> Self {
        let mix = |a: f64, b: f64| a + weight * (b - a);
        let between = |a: Vector, b: Vector| [mix(a[0], b[0]), mix(a[1], b[1])];
        let (place, velocity) = (between(self.place, other.place), between(self.velocity, other.velocity));
        let dp = [0, 1].map(|axis| other.place[axis] - self.place[axis]);
        let dv = [0, 1].map(|axis| other.velocity[axis] - self.velocity[axis]);
        // The mean over both axes: each keeps the same covariance.
        let apart = [(dp, dp), (dp, dv), (dv, dv)].map(|(a, b)| (a[0] * b[0] + a[1] * b[1]) / 2.0);
        let covariance = [0, 1, 2]
            .map(|k| mix(self.covariance[k], other.covariance[k]) + weight * (1.0 - weight) * apart[k]);
        Self { place, velocity, covariance }
    }
}

/// A guess as it is kept.
type Kept = [f32; 7];

fn keep(guess: Guess) -> Kept {
    let Guess { place, velocity, covariance: [pp, pv, vv] } = guess;
    [place[0], place[1], velocity[0], velocity[1], pp, pv, vv].map(|number| number as f32)
}

fn kept(numbers: Kept) -> Guess {
    let [east, north, ve, vn, pp, pv, vv] = numbers.map(f64::from);
    Guess { place: [east, north], velocity: [ve, vn], covariance: [pp, pv, vv] }
}

/// The filter's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kalman {
    pub time: Millis,
    /// Where the local metres begin.
    pub origin: Position,
    calm: Kept,
    agile: Kept,
    /// Probability of the agile model.
    agility: f32,
}

/// Both models at the time of a fix.
#[derive(Clone, Copy, Debug)]
pub struct Forecast {
    calm: Guess,
    agile: Guess,
    weight: f64,
}

impl Forecast {
    /// The squared distance of a measurement in deviations, by the model that is less surprised.
    pub fn surprise(&self, measured: Vector, variance: f64) -> f64 {
        self.calm.surprise(measured, variance).min(self.agile.surprise(measured, variance))
    }

    pub fn guess(&self) -> Guess {
        self.calm.mixed(self.agile, self.weight)
    }
}

impl Kalman {
    /// Begins at a position, with a velocity that is uncertain by `spread` m/s on each axis.
    pub fn begin(time: Millis, origin: Position, velocity: Vector, variance: f64, spread: f64) -> Self {
        let guess = keep(Guess { place: [0.0; 2], velocity, covariance: [variance, 0.0, spread * spread] });
        Self { time, origin, calm: guess, agile: guess, agility: 0.5 }
    }

    /// The best guess at the time of the last fix.
    pub fn guess(&self) -> Guess {
        kept(self.calm).mixed(kept(self.agile), f64::from(self.agility))
    }

    /// What is to be expected after `secs`.
    pub fn forecast(&self, secs: f64, limits: &Limits) -> Forecast {
        let (calm, agile, weight) = (kept(self.calm), kept(self.agile), f64::from(self.agility));
        let (to_agile, to_calm) = (1.0 - (-secs / CALM_SECS).exp(), 1.0 - (-secs / AGILE_SECS).exp());
        let becoming = (1.0 - weight) * to_agile;
        let staying = weight * (1.0 - to_calm);
        let weight_after = becoming + staying;
        let from_agile = |agile_part: f64, whole: f64| if whole > 0.0 { agile_part / whole } else { 0.0 };
        let calm_start = calm.mixed(agile, from_agile(weight * to_calm, 1.0 - weight_after));
        let agile_start = calm.mixed(agile, from_agile(staying, weight_after));
        Forecast {
            calm: calm_start.after(secs, CALM, limits.persistence * CALM_PERSISTENCE),
            agile: agile_start.after(secs, limits.agility, limits.persistence),
            weight: weight_after,
        }
    }

    /// Takes a measurement at `time`, for which `forecast` was made.
    pub fn take(&mut self, forecast: Forecast, time: Millis, measured: Vector, variance: f64) {
        let (calm, calm_likelihood) = forecast.calm.measured(measured, variance);
        let (agile, agile_likelihood) = forecast.agile.measured(measured, variance);
        let agile_part = forecast.weight * agile_likelihood;
        let whole = agile_part + (1.0 - forecast.weight) * calm_likelihood;
        // Where both are impossible, the agile one is less so.
        let weight = if whole > f64::MIN_POSITIVE { agile_part / whole } else { 1.0 };
        let origin = moved(self.origin, calm.mixed(agile, weight).place);
        let shift = offset(self.origin, origin);
        let from_there =
            |guess: Guess| Guess { place: [0, 1].map(|axis| guess.place[axis] - shift[axis]), ..guess };
        *self = Self {
            time,
            origin,
            calm: keep(from_there(calm)),
            agile: keep(from_there(agile)),
            agility: weight as f32,
        };
    }
}
